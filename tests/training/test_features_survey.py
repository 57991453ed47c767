"""Planes and bands that a feature set asks for: what the survey measures, what it refuses."""

import numpy as np
import pytest

from tests.training.beside import BANDS, EVERYTHING, SIZE, beside, rich_snapshot
from tests.training.snapshots import SnapshotFolder, paint
from training.errors import BadChip, BadConfig, BadSnapshot
from training.features.indices import INDICES
from training.features.sets import parse
from training.snapshot import open_snapshot
from training.survey import survey


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return rich_snapshot(tmp_path_factory.mktemp("rich"))


def surveyed(folder, features):
    snapshot = open_snapshot(folder)
    return survey(
        snapshot, snapshot.of_split("pool"), report=lambda done: None, features=parse(features)
    )


@pytest.mark.parametrize(
    ("features", "named"),
    [
        ("sqrt+masks:fmask", "mask:fmask"),
        ("sqrt+extra:dem", "extra:dem"),
    ],
)
def test_a_plane_that_no_sample_has_is_refused_by_its_name(rich, features, named):
    with pytest.raises(BadSnapshot, match=named) as refusal:
        surveyed(rich, features)

    assert refusal.value.field == named


def test_a_sun_that_no_sample_knows_is_refused(tmp_path):
    folder = SnapshotFolder(tmp_path).add(*paint(0)).write()

    with pytest.raises(BadSnapshot, match="sun"):
        surveyed(folder, "sqrt+sun")


def test_an_index_of_a_band_that_the_snapshot_lacks_is_refused(tmp_path):
    folder = SnapshotFolder(tmp_path).add(*paint(0)).write()

    with pytest.raises(BadConfig, match="ndvi needs band B08"):
        surveyed(folder, "sqrt+indices:ndvi")


def spoilt(name):
    label = paint(0, bands=len(BANDS), size=SIZE)[1]
    plane = beside(0, label)[name].copy()
    plane[..., 0, 0] = {"mask:scl": 7, "extra:s1": np.inf}[name]
    return plane


@pytest.mark.parametrize(
    ("name", "plane", "named"),
    [
        ("mask:scl", spoilt("mask:scl"), "code 7"),
        ("mask:scl", np.zeros((SIZE, SIZE), np.int16), "int16"),
        ("mask:scl", np.zeros((SIZE, 5), np.uint8), "(32, 5)"),
        ("extra:s1", spoilt("extra:s1"), "infinite"),
        ("extra:s1", np.zeros((SIZE, SIZE), np.float32), "(32, 32)"),
        ("clear", np.zeros((2, SIZE, SIZE), np.uint16), "(2, 32, 32)"),
    ],
)
def test_a_plane_that_cannot_be_used_is_refused_by_sample_and_fault(tmp_path, name, plane, named):
    folder = SnapshotFolder(tmp_path, band_names=BANDS, tile_size=SIZE)
    folder.add(*paint(0, bands=len(BANDS), size=SIZE), planes={name: plane})
    kind, _, which = name.partition(":")
    term = {"mask": f"masks:{which}", "extra": f"extra:{which}", "clear": "clear"}[kind]

    with pytest.raises(BadChip) as refusal:
        surveyed(folder.write(), f"sqrt+{term}")

    assert "painted/0000" in refusal.value.message
    assert named in refusal.value.message


def test_extras_of_one_name_have_as_many_planes_everywhere(tmp_path):
    folder = SnapshotFolder(tmp_path, band_names=BANDS, tile_size=SIZE)
    for seed, planes in ((0, 2), (1, 3)):
        radar = np.zeros((planes, SIZE, SIZE), np.float32)
        folder.add(*paint(seed, bands=len(BANDS), size=SIZE), planes={"extra:s1": radar})

    with pytest.raises(BadChip, match=r"\(2, 32, 32\), is float32 \(3, 32, 32\)"):
        surveyed(folder.write(), "sqrt+extra:s1")


@pytest.mark.parametrize(
    "planes", ["scl", {"scl": "x"}, {"clear:a": "x"}, {"mask:": "x"}, {"mask:scl": 3}]
)
def test_planes_of_no_known_kind_are_refused_when_the_snapshot_is_opened(tmp_path, planes):
    folder = SnapshotFolder(tmp_path).add(*paint(0))
    folder.samples[0]["planes"] = planes

    with pytest.raises(BadSnapshot) as refusal:
        open_snapshot(folder.write())

    assert refusal.value.field == "planes"


def test_a_damaged_plane_is_found_by_its_hash(rich, tmp_path):
    folder = rich_snapshot(tmp_path)
    snapshot = open_snapshot(folder)
    path = snapshot.chips / f"{snapshot.samples[0].planes['mask:scl']}.npy"
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(bytes(octets))

    with pytest.raises(BadChip, match=path.name):
        surveyed(folder, "sqrt")


def test_a_fixed_range_is_left_alone_and_other_channels_are_measured(rich):
    layout = surveyed(rich, EVERYTHING).layout

    for channel, mean, deviation in zip(layout.rest, layout.mean, layout.deviation, strict=True):
        assert ((mean, deviation) == (0, 1)) == channel.fixed, channel.name
    assert INDICES["ndvi"].fixed
    assert not INDICES["hot"].fixed
