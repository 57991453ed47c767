"""Snapshots made for a trial."""

import numpy as np
import pytest

from labelling.compute.experiment import trial
from labelling.compute.experiment.rulemask import rule_mask
from labelling.compute.experiment.trial import MANIFEST, made_of, ours, write_folder, write_painted
from labelling.errors import BadInput, Conflict
from labelling.imagery.tilefile import write_mask, write_tile
from training.snapshot import open_snapshot

NAMES = ("B02", "B03", "B04", "B08", "B11", "B10")
LANDSAT = ("B2_blue", "B3_green", "B4_red", "B5_nir", "B6_swir1", "B9_cirrus", "B10_tir")


def test_a_folder_of_tiles_is_split_by_scene_with_a_rule_mask_beside_each(tmp_path):
    rng = np.random.default_rng(0)
    for scene in "abcdef":
        for number in range(2):
            pixels = rng.integers(1, 4000, (len(LANDSAT), 16, 16)).astype(np.uint16)
            write_tile(tmp_path / f"{scene}_{number}.tif", pixels, bands=LANDSAT)
            label = rng.integers(0, 4, (16, 16)).astype(np.uint8)
            write_mask(tmp_path / f"{scene}_{number}_label.tif", label, name="label")

    made = [write_folder(tmp_path, tmp_path / name) for name in ("one", "two")]

    first, second = (open_snapshot(folder) for folder in made)
    assert first.hash == second.hash
    assert first.bands == NAMES
    assert not first.synthetic
    pool, held = ({each.group for each in first.of_split(s)} for s in ("pool", "validation"))
    assert (len(pool), len(held), pool & held) == (4, 2, set())
    assert all("mask:rule" in sample.planes for sample in first.samples)


def test_painted_scenes_know_their_sun_and_month_and_are_called_synthetic(tmp_path):
    snapshot = open_snapshot(write_painted("painted:9", tmp_path / "snapshot"))

    assert snapshot.synthetic
    assert len(snapshot.samples) == 36
    assert len({sample.group for sample in snapshot.of_split("validation")}) == 3
    assert len({sample.month for sample in snapshot.samples}) > 3
    assert all(sample.sun is not None for sample in snapshot.samples)


def test_a_snapshot_made_of_something_else_is_not_taken_for_this_one(tmp_path, monkeypatch):
    made = []

    def written(on, folder):
        made.append(on)
        (folder / MANIFEST).write_text(on)
        return folder

    monkeypatch.setattr(trial, "write_painted", written)
    folder = tmp_path / "snapshot"
    for on, settled in (("painted:9", False), ("painted:9", True), ("painted:12", False)):
        made_of(on, folder, settled=settled)
    assert made == ["painted:9", "painted:12"], "the first one was of an attempt that was refused"

    with pytest.raises(Conflict, match="made of painted:12, not of painted:9"):
        made_of("painted:9", folder, settled=True)
    (folder / trial.MADE_OF).unlink()
    with pytest.raises(Conflict, match="made of something else"):
        made_of("painted:9", folder, settled=False)


@pytest.mark.parametrize(
    ("names", "bands"),
    [
        (("B04", "B08"), ("B04", "B08")),
        (LANDSAT, NAMES),
        (("B2", "B3", "B4", "B5", "B10"), ("B02", "B03", "B04", "B08")),
        (("blue", "green", "swir16"), ("B02", "B03", "B11")),
    ],
)
def test_bands_get_our_names_and_a_thermal_one_none(names, bands):
    assert tuple(ours(names).values()) == bands


def test_bands_that_nobody_knows_are_refused():
    with pytest.raises(BadInput, match="none that an experiment knows"):
        ours(("first", "second"))


def test_the_rule_tells_plain_cases_and_nothing_without_data():
    # bands in the order of NAMES: woods, thick cloud, cirrus over woods, a shadow, no data
    columns = [
        (300, 500, 300, 3500, 1500, 10),
        (6000, 6000, 6000, 6500, 4000, 50),
        (700, 900, 700, 3600, 1700, 300),
        (300, 300, 200, 500, 300, 10),
        (0, 0, 0, 0, 0, 0),
    ]
    pixels = np.array(columns, dtype=np.uint16).T[:, None]

    assert rule_mask(pixels, NAMES).tolist() == [[0, 1, 2, 3, 255]]
    with pytest.raises(BadInput, match="needs band B08"):
        rule_mask(pixels, ("B02", "B03", "B04", "X", "B11", "B10"))
