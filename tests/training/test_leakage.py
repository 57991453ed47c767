"""What a fit may look at, and for what: nothing leaks between the splits. All tiles are painted.

A labelling tool of the field told the accuracy on its training set as if of validation, and another
drew both anew at each training.
"""

import pytest

from tests.training.snapshots import SnapshotFolder, paint
from training.checkpoint import read_card
from training.config import FitConfig
from training.evaluate import agreement
from training.fit import fit
from training.predict import load
from training.snapshot import open_snapshot

ONE_LOOK = FitConfig(
    width=2, depth=1, crop=32, batch=2, steps=6, warm_up=1, evaluate_every=6, precision="fp32",
    device="cpu", threads=1,
)  # fmt: skip


def painted(root, *, codes=(0, 1, 2, 3)):
    """Three pool tiles, two of validation with these classes, and a test tile; the last scene of
    the pool lies on validation's ground, too."""
    folder = SnapshotFolder(root, tile_size=32)
    for seed in range(3):
        folder.add(*paint(seed, size=32), group=f"scene-{seed}")
    for seed in (4, 5):
        bands, label = paint(seed, size=32, codes=codes)
        folder.add(bands, label, split="validation", group=f"scene-{seed - 2}")
    folder.add(*paint(9, size=32), split="test", group="scene-9")
    return folder.write()


def without(folder, split):
    """The snapshot, with the chips of a split gone."""
    snapshot = open_snapshot(folder)
    for sample in snapshot.of_split(split):
        for digest in (sample.bands, sample.label):
            (snapshot.chips / f"{digest}.npy").unlink()
    return folder


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The snapshot, and the folder of a model."""
    root = tmp_path_factory.mktemp("whole")
    folder = painted(root)
    fit(ONE_LOOK, folder, root / "model")
    return folder, root / "model"


def weights_of(folder):
    return read_card(folder).content["weights"]["sha256"]


def test_a_fit_never_opens_the_test_split(fitted, tmp_path):
    fit(ONE_LOOK, without(painted(tmp_path), "test"), tmp_path / "model")

    assert weights_of(tmp_path / "model") == weights_of(fitted[1])


def test_validation_labels_teach_nothing(fitted, tmp_path):
    """With a single look there is nothing to choose: other labels give the same weights, and other
    figures."""
    fit(ONE_LOOK, painted(tmp_path, codes=(0, 1)), tmp_path / "model")
    told, other = (read_card(each).content for each in (fitted[1], tmp_path / "model"))

    assert told["weights"]["sha256"] == other["weights"]["sha256"]
    assert told["normalisation"] == other["normalisation"]
    assert told["metrics"]["confusion"] != other["metrics"]["confusion"]


def test_the_figures_of_a_card_are_those_of_validation(fitted):
    snapshot, told = open_snapshot(fitted[0]), read_card(fitted[1]).content["metrics"]
    found = agreement(
        load(fitted[1], device="cpu"),
        snapshot,
        snapshot.of_split("validation"),
        report=lambda done: None,
    )

    assert told["split"] == "validation"
    assert told["confusion"] == found.as_json(snapshot.class_names)["confusion"]


def test_a_card_tells_how_many_of_its_validation_scenes_taught_it_too(fitted):
    told = read_card(fitted[1]).content["snapshot"]

    assert (told["validation_scenes"], told["validation_scenes_in_pool"]) == (2, 1)
