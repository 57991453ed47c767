import numpy as np
import pytest

from tests.training.snapshots import CLASSES, SnapshotFolder, paint, painted_snapshot
from training.errors import (
    BadChip,
    BadSnapshot,
    EmptySnapshot,
    MissingChip,
    NothingToLearn,
    UnknownLabel,
)
from training.snapshot import IGNORE, open_snapshot
from training.survey import survey


def read_all(folder):
    snapshot = open_snapshot(folder)
    pool = snapshot.of_split("pool")
    return survey(snapshot, pool, report=lambda done: None)


def test_codes_become_channels_by_the_manifest(tmp_path):
    classes = [(0, "clear"), (1, "cloud"), (7, "ice"), (40, "smoke")]
    bands, label = paint(0)
    label[:4] = [[0], [7], [40], [254]]
    label[4] = 255
    label[5:] = 1
    folder = SnapshotFolder(tmp_path, classes=classes).add(bands, label).write()

    snapshot = open_snapshot(folder)
    channels = snapshot.read_label(snapshot.samples[0])

    assert channels[:6, 0].tolist() == [0, 2, 3, IGNORE, IGNORE, 1]


def test_chips_are_mapped_and_not_read(tmp_path):
    snapshot = open_snapshot(painted_snapshot(tmp_path))

    bands = snapshot.read_bands(snapshot.samples[0])

    assert isinstance(bands, np.memmap)
    assert bands.shape == (3, 64, 64)
    assert bands.dtype == np.uint16


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "cloudmask-snapshot/9"}, "format"),
        ({"tile_size": "big"}, "tile_size"),
        ({"bands": []}, "bands"),
        ({"bands": [1]}, "bands"),
        ({"classes": [{"code": 0, "name": "clear"}, {"code": 0, "name": "cloud"}]}, "classes"),
        ({"classes": [{"code": 0, "name": "clear"}, {"code": 1, "name": "clear"}]}, "classes"),
        ({"classes": [{"code": 254, "name": "unsure"}]}, "classes"),
        ({"samples": [{"key": "a"}]}, "group"),
        ({"samples": "none"}, "samples"),
    ],
)
def test_a_manifest_that_breaks_its_contract_is_refused_by_key(tmp_path, change, field):
    folder = SnapshotFolder(tmp_path).add(*paint(0)).write(**change)

    with pytest.raises(BadSnapshot) as refusal:
        open_snapshot(folder)

    assert refusal.value.field == field


@pytest.mark.parametrize(("key", "value"), [("split", "train"), ("trust", 1.5), ("trust", "high")])
def test_a_sample_that_breaks_its_contract_is_refused_by_key(tmp_path, key, value):
    painted = SnapshotFolder(tmp_path).add(*paint(0))
    painted.samples[0][key] = value

    with pytest.raises(BadSnapshot, match=str(value)) as refusal:
        open_snapshot(painted.write())

    assert refusal.value.field == key


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(BadSnapshot, match=r"manifest\.json"):
        open_snapshot(tmp_path)


def test_a_snapshot_without_samples_is_refused(tmp_path):
    with pytest.raises(EmptySnapshot):
        open_snapshot(SnapshotFolder(tmp_path).write())


def test_a_missing_chip_is_named(tmp_path):
    painted = SnapshotFolder(tmp_path).add(*paint(0))
    name = painted.samples[0]["bands"] + ".npy"
    (painted.chips / name).unlink()

    with pytest.raises(MissingChip, match="painted/0000") as refusal:
        read_all(painted.write())

    assert refusal.value.field == name


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda bands, label: (bands.astype(np.float32), label), "must be uint16"),
        (lambda bands, label: (bands[:2], label), r"\(3, 64, 64\), is uint16 \(2, 64, 64\)"),
        (lambda bands, label: (bands, label.astype(np.int16)), "must be uint8"),
        (lambda bands, label: (bands, label[:32]), r"is uint8 \(32, 64\)"),
    ],
)
def test_a_chip_of_another_kind_is_refused(tmp_path, spoil, says):
    folder = SnapshotFolder(tmp_path).add(*spoil(*paint(0))).write()

    with pytest.raises(BadChip, match=says):
        read_all(folder)


def test_a_truncated_chip_is_refused(tmp_path):
    painted = SnapshotFolder(tmp_path).add(*paint(0))
    path = painted.chips / f"{painted.samples[0]['bands']}.npy"
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(BadChip, match=r"no \.npy"):
        read_all(painted.write())


def test_a_chip_with_one_flipped_octet_is_refused(tmp_path):
    painted = SnapshotFolder(tmp_path).add(*paint(0))
    path = painted.chips / f"{painted.samples[0]['bands']}.npy"
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)

    with pytest.raises(BadChip, match="damaged"):
        read_all(painted.write())


def test_a_label_code_outside_the_campaign_is_named(tmp_path):
    bands, label = paint(0)
    label[0, 0] = 9
    folder = SnapshotFolder(tmp_path).add(bands, label).write()

    with pytest.raises(UnknownLabel, match="code 9") as refusal:
        read_all(folder)

    assert refusal.value.field == "painted/0000"


def test_a_pool_without_a_labelled_pixel_teaches_nothing(tmp_path):
    bands, label = paint(0)
    folder = SnapshotFolder(tmp_path).add(bands, np.full_like(label, 254)).write()

    with pytest.raises(NothingToLearn, match="No pixel"):
        read_all(folder)


def test_a_pool_of_one_class_teaches_nothing(tmp_path):
    bands, label = paint(0)
    folder = SnapshotFolder(tmp_path).add(bands, np.zeros_like(label)).write()

    with pytest.raises(NothingToLearn, match="'clear'"):
        read_all(folder)


def test_labels_that_nobody_trusts_teach_nothing(tmp_path):
    folder = SnapshotFolder(tmp_path).add(*paint(0), trust=0.0).write()

    with pytest.raises(NothingToLearn):
        read_all(folder)


def test_normalisation_is_read_off_valid_pool_pixels_alone(tmp_path):
    bands, label = paint(0)
    bands[:, :10] = 0
    bands[2] = 0
    painted = SnapshotFolder(tmp_path).add(bands, label).add(*paint(1))
    painted.add(*paint(2), split="validation").add(*paint(3), split="test")

    found = read_all(painted.write()).normalisation

    other = paint(1)[0]
    for band, values in enumerate(
        [
            np.concatenate([bands[0, 10:].ravel(), other[0].ravel()]),
            np.concatenate([bands[1, 10:].ravel(), other[1].ravel()]),
            other[2].ravel(),
        ]
    ):
        roots = np.sqrt(values.astype(float))
        assert found.mean[band] == pytest.approx(roots.mean(), rel=1e-5)
        assert found.deviation[band] == pytest.approx(roots.std(), rel=1e-4)


def test_a_thermal_band_is_normalised_like_any_other(tmp_path):
    bands, label = paint(0)
    bands[2] = np.random.default_rng(0).normal(29000, 300, bands[2].shape)
    folder = SnapshotFolder(tmp_path).add(bands, label).write()

    found = read_all(folder).normalisation

    roots = np.sqrt(bands[2].astype(float))
    assert found.deviation[2] == pytest.approx(roots.std(), rel=1e-3)


def test_labelled_pixels_without_data_are_not_counted(tmp_path):
    bands, label = paint(0)
    bands[:, :32] = 0
    folder = SnapshotFolder(tmp_path).add(bands, label).write()

    counted = read_all(folder)

    expected = np.bincount(label[32:].ravel(), minlength=len(CLASSES))
    assert counted.pixels.tolist() == [expected.tolist()]
