"""What the accuracy benchmark judges, and by what. Painted here: synthetic."""

from __future__ import annotations

import signal
import subprocess

import numpy as np
import pytest

from benchmarks._l8_biome import BOTH, FOUR, Tile, shared, with_known_shadow, write_snapshot
from benchmarks._limit import TookTooLong, within
from benchmarks.accuracy import across, dealt, nothing, tell_s2cloudless
from labelling.compute.compare import Stopwatch
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.statistics import iou_of
from training.snapshot import open_snapshot

LABEL = np.array([[0, 1], [2, 3]], np.uint8)


def tile(name, label=LABEL):
    pixels = np.ones((7, *label.shape), np.uint16)
    bands = ("B2", "B3", "B4", "B5", "B6", "B7", "B9")
    return Tile(name, name.rpartition("_")[0], bands, pixels, label)


def test_shadow_counts_only_on_tiles_where_it_is_labelled_in_full():
    said = BOTH(np.array([[3, 1], [1, 3]], np.uint8))

    complete, theirs = shared(tile("Forest_00_1008"), said)
    partial, ours = shared(tile("Barren_03_0207"), said)

    shadow = BOTH.merged.names.index("shadow")
    assert (complete.label == shadow).sum() == 1
    assert (theirs == shadow).sum() == 2
    assert shadow not in partial.label
    assert shadow not in ours
    assert with_known_shadow(tile("Barren_03_0207"), LABEL).tolist() == [[0, 1], [2, 255]]


def test_thin_cloud_counts_as_cloud_for_truth_and_masks_alike():
    truth, said = shared(tile("Forest_00_1008"), BOTH(LABEL))

    assert truth.label.tolist() == said.tolist() == [[0, 1], [1, 2]]


def test_every_scene_is_held_out_once_a_seed_and_seeds_deal_otherwise():
    tiles = [tile(f"Forest_{number:02}_0101") for number in range(10)]

    folds = dealt(tiles, 3, seed=1)

    assert sorted(scene for fold in folds for scene in fold) == sorted(t.scene for t in tiles)
    assert dealt(tiles, 3, seed=1) == folds
    assert dealt(tiles, 3, seed=2) != folds


def test_a_training_set_holds_just_the_tiles_given(tmp_path):
    write_snapshot([tile("Forest_00_1008"), tile("Barren_03_0207")], tmp_path / "s")

    made = open_snapshot(tmp_path / "s")

    assert [each.group for each in made.samples] == ["Forest_00", "Barren_03"]
    assert made.read_label(made.samples[0]).tolist() == LABEL.tolist()


def test_the_mean_over_seeds_has_an_interval_over_scenes_and_seeds():
    runs = []
    rng = np.random.default_rng(3)
    for wrong in (0.1, 0.3):
        evidence = Evidence(FOUR, geometry=False)
        for scene in range(5):
            label = (np.arange(64).reshape(8, 8) % 4).astype(np.uint8)
            said = np.where(rng.random(label.shape) < wrong, 0, label).astype(np.uint8)
            evidence.add(Truth(f"scene-{scene}", label), said)
        runs.append(evidence.scenes)

    told = across(runs, iou_of(1))

    alone = [across([run], iou_of(1)) for run in runs]
    assert told.value == pytest.approx(np.mean([one.value for one in alone]))
    assert told.high - told.low > max(one.high - one.low for one in alone)


def test_what_cannot_run_is_said_so(capsys):
    tell_s2cloudless(tile("Forest_00_1008").bands)
    nothing("accuracy.iou_shadow", "–", scenes=2)

    out = capsys.readouterr().out
    assert '"cannot run: bands"' in out
    assert '"value": null' in out


def test_the_first_tile_warms_up_and_is_not_timed_where_there_are_others():
    watch = Stopwatch()
    watch.note(9.0, 100)
    assert watch.seconds == 9.0

    watch.note(1.0, 100)
    watch.note(2.0, 100)

    assert (watch.seconds, watch.pixels) == (3.0, 200)


def test_a_benchmark_that_hangs_ends_and_one_that_is_done_in_time_is_left_alone():
    with pytest.raises(TookTooLong, match="more than"), within(0.005):
        subprocess.run(["sleep", "100"], check=True)
    with within(10):
        pass

    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
