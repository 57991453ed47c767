"""The mining child on painted tiles with planted label errors. All pixels are synthetic."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labelling.compute import mining
from labelling.compute.mining import mine
from tests.training.snapshots import SnapshotFolder, paint

TRAINING = {
    "width": 8, "depth": 2, "crop": 32, "batch": 4, "steps": 60, "augment": False,
    "learning_rate": 0.01, "warm_up": 5, "ema": 0.9, "checkpoint_every": 20,
    "evaluate_every": 1000, "patience": 0, "precision": "fp32",
    "device": "cpu", "threads": 1, "readers": 1,
}  # fmt: skip
SCENES, TILES = 6, 12
PLANTED = {"painted/0001", "painted/0005", "painted/0008"}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Two tiles a scene; in three of them a quarter, all cloud, is labelled clear."""
    folder = SnapshotFolder(tmp_path_factory.mktemp("snapshot"))
    for number in range(TILES):
        bands, label = paint(number)
        if f"painted/{number:04}" in PLANTED:
            label = np.where(label == 1, 0, label).astype(np.uint8)
        folder.add(bands, label, group=f"scene-{number % SCENES}", annotation=f"label-{number}")
    for number in range(TILES, TILES + 2):
        folder.add(*paint(number), split="validation", group=f"scene-{number - TILES}")
    folder.add(*paint(99), split="test")
    return folder.write()


def request(snapshot, **values) -> dict:
    return {"snapshot": str(snapshot), "training": TRAINING, "folds": 2, **values}


@pytest.fixture(scope="module")
def whole(snapshot, tmp_path_factory):
    """What an undisturbed child makes: (its folder, its report)."""
    out = tmp_path_factory.mktemp("mined")
    mine(request(snapshot), out)
    return out, json.loads((out / "mining.json").read_text())


def test_planted_errors_lead_the_ranking(whole):
    _, report = whole
    ranks = {row["key"]: row["rank"] for row in report["rows"]}

    assert len(report["rows"]) == TILES
    assert {key for key, rank in ranks.items() if rank <= 3} == PLANTED
    for row in report["rows"][:3]:
        assert (row["pairs"][0]["given"], row["pairs"][0]["seen"]) == ("clear", "cloud")
    assert report["rows"][0]["annotation"].startswith("label-")
    assert report["synthetic"] is True


def test_no_fold_shares_a_scene_with_what_taught_its_model(whole):
    out, report = whole
    held = [set(fold["scenes"]) for fold in report["folds"]]

    assert sorted(scene for scenes in held for scene in scenes) == [
        f"scene-{n}" for n in range(SCENES)
    ]
    for number, scenes in enumerate(held):
        manifest = json.loads((out / f"fold-{number}" / "snapshot" / "manifest.json").read_text())
        assert not scenes & {each["group"] for each in manifest["samples"]}
        assert {each["split"] for each in manifest["samples"]} <= {"pool", "validation"}


def test_folds_say_whether_their_models_are_calibrated(whole):
    _, report = whole

    for fold in report["folds"]:
        both = {"scene-0", "scene-1"} <= set(fold["scenes"])
        assert fold["calibrated"] is not both


class Killed(BaseException):
    pass


def test_a_killed_child_goes_on_where_it_stopped_and_ends_the_same(
    whole, snapshot, tmp_path, monkeypatch
):
    fits, fit = [], mining.fit

    def fitting(config, taught, folder, **rest):
        fits.append(folder.name)
        if len(fits) == 2:
            raise Killed
        return fit(config, taught, folder, **rest)

    monkeypatch.setattr(mining, "fit", fitting)
    with pytest.raises(Killed):
        mine(request(snapshot), tmp_path)
    first = (tmp_path / "fold-0" / "weights.safetensors").stat().st_mtime_ns

    mine(request(snapshot), tmp_path)

    assert (tmp_path / "fold-0" / "weights.safetensors").stat().st_mtime_ns == first
    assert json.loads((tmp_path / "mining.json").read_text()) == whole[1]


def test_rows_of_other_models_are_made_again(whole, snapshot, tmp_path):
    short = {**TRAINING, "steps": 2}
    mine(request(snapshot, training=short), tmp_path)
    kept = json.loads((tmp_path / "mining.json").read_text())

    mine(request(snapshot, training={**short, "seed": 1}, seed=1), tmp_path)

    other = json.loads((tmp_path / "mining.json").read_text())
    models = [{fold["model"] for fold in report["folds"]} for report in (kept, other)]
    assert not models[0] & models[1]
    made_of = json.loads((tmp_path / "fold-0" / "rows.json").read_text())["made_of"]
    assert set(made_of) == models[1]
