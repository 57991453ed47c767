import numpy as np
import pytest

from tests.training.snapshots import SnapshotFolder, paint
from training.augment import TURNS
from training.config import FitConfig
from training.crops import CropSource
from training.snapshot import IGNORE, open_snapshot
from training.survey import survey


def source_of(folder, *, member=0, **settings):
    settings = {"crop": 32, "depth": 2, "batch": 8, "augment": False, **settings}
    snapshot = open_snapshot(folder)
    pool = snapshot.of_split("pool")
    counted = survey(snapshot, pool, report=lambda done: None)
    return CropSource(snapshot, pool, counted, FitConfig(**settings), member=member)


@pytest.fixture
def mostly_unlabelled(tmp_path):
    """Four painted tiles, each labelled in one small corner; shadow in a single one of them."""
    painted = SnapshotFolder(tmp_path)
    for seed in range(4):
        bands, label = paint(seed, codes=(0, 1))
        corner = np.full_like(label, 255)
        corner[:6, :6] = label[:6, :6]
        if seed == 0:
            corner[:6, :6] = [[0, 0, 1, 1, 1, 3]] * 6
        painted.add(bands, corner)
    return painted.write()


def test_a_step_draws_the_same_crops_whenever_it_is_asked(mostly_unlabelled):
    first, second = (source_of(mostly_unlabelled, augment=True) for _ in range(2))

    streamed = list(first.batches(0, 4))

    for step, batch in enumerate(streamed):
        again = second.batch(step)
        assert (batch.bands == again.bands).all()
        assert (batch.label == again.label).all()
        assert (batch.look.gain == again.look.gain).all()
    assert (streamed[0].bands != streamed[1].bands).any()


def test_members_see_other_crops(mostly_unlabelled):
    crops = [source_of(mostly_unlabelled, member=member).batch(0).bands for member in (0, 1)]

    assert (crops[0] != crops[1]).any()


def test_every_crop_holds_a_labelled_pixel(mostly_unlabelled):
    source = source_of(mostly_unlabelled, rare_share=0.0)

    for step in range(5):
        assert (source.batch(step).label != IGNORE).any(axis=(1, 2)).all()


def test_a_rare_class_is_seen_more_often_than_it_occurs(mostly_unlabelled):
    def shadows(rare_share):
        source = source_of(mostly_unlabelled, rare_share=rare_share)
        return sum((source.batch(step).label == 3).any(axis=(1, 2)).sum() for step in range(20))

    assert shadows(1.0) > 1.3 * shadows(0.0)


def test_crops_are_cut_from_band_and_label_alike(tmp_path):
    bands, label = paint(0, bands=1)
    bands[0] = np.uint16(1000) + label
    source = source_of(SnapshotFolder(tmp_path, ("B02",)).add(bands, label).write(), augment=True)

    batch = source.batch(0)

    assert (batch.bands[:, 0] - 1000 == batch.label).all()


def test_crops_are_laid_down_in_every_way(tmp_path):
    bands, label = paint(0)
    bands[0, 0, 0], bands[0, 0, 1] = 60000, 50000
    folder = SnapshotFolder(tmp_path).add(bands, label).write()
    source = source_of(folder, crop=64, augment=True)

    seen = {crop.tobytes() for step in range(8) for crop in source.batch(step).bands}

    assert len(seen) == TURNS


def test_no_data_is_ignored_and_a_missing_band_is_said(tmp_path):
    bands, label = paint(0)
    bands[:, :, :20] = 0
    bands[1] = 0
    source = source_of(SnapshotFolder(tmp_path).add(bands, label).write(), crop=64)

    batch = source.batch(0)

    assert (batch.label[:, :, :20] == IGNORE).all()
    assert not batch.valid[:, :, :20].any()
    assert batch.present.tolist() == [[True, False, True]] * 8


def test_a_sample_nobody_trusts_is_never_drawn(tmp_path):
    bands, label = paint(0)
    painted = SnapshotFolder(tmp_path).add(*paint(1), trust=0.7)
    painted.add(np.full_like(bands, 9999), label, trust=0.0)

    batch = source_of(painted.write(), batch=32).batch(0)

    assert (batch.bands != 9999).all()
    assert batch.trust.tolist() == pytest.approx([0.7] * 32)


def test_a_member_of_an_ensemble_takes_whole_scenes_that_hold_every_class(tmp_path):
    painted = SnapshotFolder(tmp_path)
    for seed in range(12):
        painted.add(*paint(seed), group=f"scene-{seed // 3}")
    folder = painted.write()

    taken = [source_of(folder, members=3, member=member).sampler.copies for member in range(3)]

    for copies in taken:
        assert (copies.reshape(4, 3) == copies.reshape(4, 3)[:, :1]).all()
        assert copies.sum() == 12
    assert len({tuple(copies) for copies in taken}) > 1
    assert source_of(folder).sampler.copies.tolist() == [1] * 12
