"""Whole fits on painted (synthetic) tiles of 64 px, width 4: seconds each."""

import json

import numpy as np
import pytest
import torch

from tests.training.snapshots import SnapshotFolder, paint, painted_snapshot
from training.calibrate import calibrate
from training.checkpoint import WEIGHTS, read_model
from training.config import FitConfig
from training.errors import (
    BadCheckpoint,
    BadConfig,
    BadModel,
    BadSnapshot,
    EmptySnapshot,
    NothingToLearn,
)
from training.evaluate import agreement, check_same_kind, samples_of
from training.fit import fit
from training.member import class_weights
from training.predict import load
from training.resume import CHECKPOINT
from training.schedule import learning_rate
from training.snapshot import open_snapshot

SMALL = {
    "width": 4,
    "depth": 3,
    "crop": 64,
    "batch": 4,
    "steps": 40,
    "learning_rate": 1e-2,
    "warm_up": 5,
    "evaluate_every": 20,
    "checkpoint_every": 7,
    "precision": "fp32",
    "threads": 1,
}


def small(**settings):
    return FitConfig(**{**SMALL, **settings})


LEARNER = small(width=8)
"""Wide enough that no seed leaves it without a unit that sees the dark."""


@pytest.fixture(scope="module")
def snapshot_dir(tmp_path_factory):
    return painted_snapshot(tmp_path_factory.mktemp("painted"))


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory, snapshot_dir):
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("model")
    fit(LEARNER, snapshot_dir, out)
    return out


def test_painted_classes_are_learnt(snapshot_dir, model_dir):
    snapshot = open_snapshot(snapshot_dir)

    found = agreement(load(model_dir), snapshot, snapshot.of_split("test"), report=lambda done: 0)

    assert found.pixels == 2 * 64 * 64
    assert found.class_mean_iou > 0.8


def test_the_card_says_what_the_weights_are(snapshot_dir, model_dir):
    card = json.loads((model_dir / "card.json").read_text())

    assert card["bands"] == ["B02", "B03", "B04"]
    assert [one["code"] for one in card["classes"]] == [0, 1, 2, 3]
    assert card["snapshot"]["sha256"] == open_snapshot(snapshot_dir).hash
    assert card["snapshot"]["samples"] == {"pool": 4, "validation": 2, "test": 2}
    assert card["snapshot"]["synthetic"] is True
    assert card["snapshot"]["labelled_pixels"]["shadow"] == 4 * 32 * 32
    assert card["metrics"]["split"] == "validation"
    assert card["config"]["seed"] == 0
    assert card["environment"]["threads"] == 1
    assert [look["step"] for look in card["members"][0]["looks"]] == [20, 40]
    assert sorted(path.name for path in model_dir.iterdir()) == ["card.json", WEIGHTS]


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(snapshot_dir, tmp_path):
    settings = {"steps": 8, "dropout": 0.3, "evaluate_every": 4}

    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        fit(small(seed=seed, **settings), snapshot_dir, tmp_path / name)

    one, two, three = ((tmp_path / name / WEIGHTS).read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three
    assert (tmp_path / "one/card.json").read_bytes() == (tmp_path / "two/card.json").read_bytes()


def test_every_member_is_another_network(snapshot_dir, tmp_path):
    fit(small(steps=6, members=2), snapshot_dir, tmp_path)

    card, (first, second) = read_model(tmp_path)
    assert len(card.temperatures) == 2
    assert not torch.equal(first["head.weight"], second["head.weight"])
    probabilities, _ = next(load(tmp_path).stream([paint(0)[0]]))
    assert len(probabilities) == 2


def test_without_validation_the_last_average_is_kept_and_nothing_is_claimed(tmp_path):
    folder = painted_snapshot(tmp_path, validation=0)

    card = fit(small(steps=6), folder, tmp_path / "out")

    assert card.content["metrics"] is None
    assert card.temperatures == (1.0,)
    assert card.content["members"] == [{"best_step": None, "looks": []}]


def test_patience_ends_a_fit_that_gets_no_better(snapshot_dir, tmp_path):
    config = small(steps=200, learning_rate=1e-7, evaluate_every=2, patience=2)

    card = fit(config, snapshot_dir, tmp_path)

    assert len(card.content["members"][0]["looks"]) < 50


def test_a_campaign_of_28_classes_is_learnt(tmp_path):
    classes = [(code, f"class {code}") for code in range(28)]
    painted = SnapshotFolder(tmp_path, classes=classes)
    for seed in range(7):
        painted.add(*paint(seed, codes=range(4 * seed, 4 * seed + 4)))
    painted.add(*paint(7, codes=(24, 25, 26, 27)), split="validation")

    card = fit(small(steps=5), painted.write(), tmp_path / "out")

    assert card.network.classes == 28
    assert set(card.content["snapshot"]["labelled_pixels"].values()) == {32 * 32}
    probabilities, _ = next(load(tmp_path / "out").stream([paint(0)[0]]))
    assert probabilities.shape == (1, 28, 64, 64)


def test_no_data_a_missing_band_and_a_thermal_band_train_without_nan(tmp_path):
    painted = SnapshotFolder(tmp_path)
    for seed in range(3):
        bands, label = paint(seed)
        bands[2] = np.random.default_rng(seed).normal(29000, 300, bands[2].shape)
        bands[:, :20] = 0
        if seed == 1:
            bands[1] = 0
        painted.add(bands, label, split="validation" if seed == 2 else "pool")
    painted.add(np.zeros_like(bands), label, split="validation")

    card = fit(small(steps=8), painted.write(), tmp_path / "out")

    assert card.content["metrics"]["pixels"] == 44 * 64
    assert all(
        torch.isfinite(tensor).all() for tensor in read_model(tmp_path / "out")[1][0].values()
    )


def test_a_fit_starts_from_given_weights(snapshot_dir, model_dir, tmp_path):
    config = small(width=8, steps=1, learning_rate=1e-7)

    card = fit(config, snapshot_dir, tmp_path, init=model_dir / WEIGHTS)

    assert card.content["metrics"]["class_mean_iou"] > 0.8


def test_first_weights_of_another_shape_are_refused(snapshot_dir, model_dir, tmp_path):
    with pytest.raises(BadModel, match="shape"):
        fit(small(), snapshot_dir, tmp_path, init=model_dir / WEIGHTS)


def test_a_refused_fit_leaves_no_model_behind(tmp_path):
    bands, label = paint(0)
    folder = SnapshotFolder(tmp_path).add(bands, np.zeros_like(label)).write()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "card.json").write_text("of an older fit")

    with pytest.raises(NothingToLearn):
        fit(small(), folder, tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_tiles_smaller_than_the_deepest_feature_are_refused(snapshot_dir, tmp_path):
    bands, label = paint(0, size=8)
    folder = SnapshotFolder(tmp_path, tile_size=8).add(bands, label).write()

    with pytest.raises(BadConfig, match="depth"):
        fit(small(depth=4), folder, tmp_path / "out")


def test_a_crop_is_cut_to_what_a_tile_holds(tmp_path):
    painted = SnapshotFolder(tmp_path, tile_size=54)
    for seed in range(2):
        painted.add(*(plane[..., :54, :54] for plane in paint(seed)))

    fit(small(crop=256, steps=2), painted.write(), tmp_path / "out")

    assert (tmp_path / "out" / "card.json").exists()


def test_a_checkpoint_of_other_settings_is_refused_by_name(snapshot_dir, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(small(), snapshot_dir, tmp_path, report=interrupt_at(20))

    with pytest.raises(BadCheckpoint, match=r"config\.width was 4, is 8"):
        fit(small(width=8), snapshot_dir, tmp_path, resume=tmp_path)

    assert (tmp_path / CHECKPOINT).exists()


def test_a_checkpoint_of_another_snapshot_is_refused(snapshot_dir, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(small(), snapshot_dir, tmp_path, report=interrupt_at(20))

    with pytest.raises(BadCheckpoint, match="snapshot was"):
        fit(small(), painted_snapshot(tmp_path, pool=3), tmp_path, resume=tmp_path)


def test_a_damaged_checkpoint_is_refused(snapshot_dir, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(small(), snapshot_dir, tmp_path, report=interrupt_at(20))
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(BadCheckpoint, match="Delete it"):
        fit(small(), snapshot_dir, tmp_path, resume=tmp_path)


def test_an_attempt_that_had_finished_is_taken_over_as_it_is(snapshot_dir, model_dir, tmp_path):
    events = []

    fit(LEARNER, snapshot_dir, tmp_path, resume=model_dir, report=events.append)

    assert events == []
    for name in (WEIGHTS, "card.json"):
        assert (tmp_path / name).read_bytes() == (model_dir / name).read_bytes()


def test_resuming_where_nothing_is_begins_at_the_beginning(snapshot_dir, tmp_path):
    fit(small(steps=3), snapshot_dir, tmp_path / "out", resume=tmp_path / "nowhere")

    assert (tmp_path / "out" / "card.json").exists()


def test_an_interrupted_ensemble_goes_on_with_the_same_bits(snapshot_dir, tmp_path):
    config = small(steps=10, members=2, evaluate_every=4, checkpoint_every=3, dropout=0.3)
    fit(config, snapshot_dir, tmp_path / "whole")

    for stop in (5, 14):
        with pytest.raises(KeyboardInterrupt):
            fit(
                config,
                snapshot_dir,
                tmp_path / "broken",
                resume=tmp_path / "broken",
                report=interrupt_at(stop),
            )
    fit(config, snapshot_dir, tmp_path / "broken", resume=tmp_path / "broken")

    for name in (WEIGHTS, "card.json"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def interrupt_at(step):
    def report(event):
        if event.get("stage") == "fit" and event["done"] >= step:
            raise KeyboardInterrupt

    return report


def test_a_temperature_finds_back_the_sharpness_of_the_logits(snapshot_dir, model_dir):
    snapshot = open_snapshot(snapshot_dir)
    validation = snapshot.of_split("validation")
    ensemble = load(model_dir, precision="fp32")
    (before,) = calibrate(ensemble, snapshot, validation, seed=0, report=lambda done: None)

    head = ensemble.networks[0].head
    with torch.no_grad():
        head.weight *= 1.5
        head.bias *= 1.5
    (after,) = calibrate(ensemble, snapshot, validation, seed=0, report=lambda done: None)

    assert 0.5 <= before <= 5
    assert after == pytest.approx(1.5 * before, rel=0.02) or before == pytest.approx(0.5, abs=0.01)


def test_a_model_and_a_snapshot_of_other_bands_do_not_go_together(model_dir, tmp_path):
    folder = SnapshotFolder(tmp_path, ("B08", "B03", "B04")).add(*paint(0)).write()

    with pytest.raises(BadSnapshot, match="B08") as refusal:
        check_same_kind(load(model_dir), open_snapshot(folder))

    assert refusal.value.field == "bands"


def test_a_split_without_samples_is_refused(tmp_path):
    snapshot = open_snapshot(painted_snapshot(tmp_path, test=0))

    with pytest.raises(EmptySnapshot, match="test"):
        samples_of(snapshot, "test")


def test_the_rate_warms_up_to_its_peak_and_falls_to_a_hundredth():
    config = FitConfig(steps=100, warm_up=10, learning_rate=1.0)

    rates = [learning_rate(config, step) for step in range(100)]

    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == pytest.approx(1.0)
    assert rates[99] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_class_weights_follow_the_root_and_leave_absent_classes_out():
    pixels = np.array([[100, 0, 0], [300, 25, 0]])

    weights = class_weights(FitConfig(), pixels)

    assert weights[2] == 0
    assert weights[1] / weights[0] == pytest.approx(4)
    assert weights[:2].mean() == pytest.approx(1)
    assert class_weights(FitConfig(class_weighting="none"), pixels).tolist() == [1, 1, 0]
