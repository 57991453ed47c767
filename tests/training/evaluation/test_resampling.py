"""Intervals and tests over scenes, against plain loops and known answers."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from tests.training.evaluation.masks import FOUR, altered, blocks, judged
from training.errors import BadEvidence
from training.evaluation.counts import SceneCounts, scenes_per_class, total
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.paired import class_differences, needed_scenes, paired_difference
from training.evaluation.resampling import Resampling, figure, resampled
from training.evaluation.statistics import class_iou, iou_of, mean_iou_of

MEAN = mean_iou_of([0, 1, 2, 3])
HOW = Resampling(draws=200, seed=3)


def pair(*, scenes=6, wrong=(0.2, 0.2), seed=8):
    """Scenes of two masks of the same truth."""
    rng = np.random.default_rng(seed)
    masks = [Evidence(FOUR, geometry=False) for _ in wrong]
    for scene in range(scenes):
        truth = blocks(rng, ignored=0.05)
        for evidence, share in zip(masks, wrong):
            evidence.add(Truth(f"scene-{scene}", truth), altered(rng, truth, wrong=share))
    return [evidence.scenes for evidence in masks]


def accuracy(counts):
    """A statistic whose difference is a sum over scenes of one size."""
    return np.trace(counts.answered, axis1=-2, axis2=-1) / 1.0


def test_a_resample_is_the_sum_of_the_scenes_it_drew():
    scenes = judged(np.random.default_rng(9))[0].scenes
    drawn = HOW.weights(len(scenes))

    found = resampled(scenes, MEAN, HOW)

    for row in (0, 7, 199):
        again = [scene for scene, times in zip(scenes, drawn[row]) for _ in range(times)]
        assert found[row] == pytest.approx(float(MEAN(total(again))), rel=1e-12)
    assert (drawn.sum(axis=1) == len(scenes)).all()


def test_an_interval_holds_the_middle_of_the_resamples():
    scenes = judged(np.random.default_rng(10))[0].scenes

    told = figure(scenes, MEAN, HOW)

    values = resampled(scenes, MEAN, HOW)
    assert (told.low, told.high) == pytest.approx(np.quantile(values, [0.025, 0.975]))
    assert told.low <= told.value <= told.high


def test_two_scenes_give_a_figure_without_an_interval():
    told = figure(judged(np.random.default_rng(11), scenes=2)[0].scenes, MEAN, HOW)

    assert told.value > 0
    assert math.isnan(told.low)
    assert told.as_json()["low"] is None


def test_pixels_of_one_scene_bring_no_certainty():
    """The same scenes, each with ten times the tiles: the interval isn't narrower."""
    rng = np.random.default_rng(12)
    scenes = [
        SceneCounts(f"scene-{n}", total(judged(rng, scenes=1, wrong=wrong)[0].scenes))
        for n, wrong in enumerate((0.05, 0.2, 0.35, 0.5))
    ]
    tenfold = [SceneCounts(one.scene, total([one] * 10)) for one in scenes]

    assert figure(scenes, MEAN, HOW) == figure(tenfold, MEAN, HOW)


def test_a_sums_p_is_that_of_scipys_permutation_test():
    a, b = pair(scenes=7, wrong=(0.2, 0.24))
    hits = [[float(accuracy(one.counts)) for one in each] for each in (a, b)]

    found = paired_difference(a, b, accuracy)

    expected = stats.permutation_test(
        hits, lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert found.p == pytest.approx(expected.pvalue)
    assert found.value == pytest.approx(sum(hits[0]) - sum(hits[1]))


def test_an_ious_p_is_the_share_of_all_exchanges_that_are_as_far_apart():
    a, b = pair(scenes=5, wrong=(0.2, 0.25))

    found = paired_difference(a, b, MEAN)

    far = []
    for swaps in itertools.product([0, 1], repeat=5):
        sides = [[(x, y), (y, x)][swap] for x, y, swap in zip(a, b, swaps)]
        one, other = (total([side[k] for side in sides]) for k in (0, 1))
        far.append(abs(float(MEAN(one) - MEAN(other))) >= abs(found.value) - 1e-12)
    assert found.p == pytest.approx(np.mean(far))


def test_many_scenes_draw_exchanges_and_count_the_one_observed():
    a, b = pair(scenes=16, wrong=(0.02, 0.5))

    found = paired_difference(a, b, MEAN, draws=300)

    assert found.p == pytest.approx(1 / 301)
    assert found.low > 0


def test_a_mask_is_no_better_than_itself():
    a, _ = pair()

    found = paired_difference(a, a, MEAN)

    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_the_same_seed_gives_the_same_interval_in_any_order_of_scenes():
    a, b = pair(scenes=14)

    found = paired_difference(a, b, MEAN, draws=300, seed=5)

    assert paired_difference(a[::-1], b, MEAN, draws=300, seed=5) == found
    assert paired_difference(a, b, MEAN, draws=300, seed=6) != found


def test_pairs_narrow_the_interval_of_a_difference():
    """Scenes differ far more than the two masks do on any of them."""
    rng = np.random.default_rng(13)
    a, b = Evidence(FOUR, geometry=False), Evidence(FOUR, geometry=False)
    for scene, wrong in enumerate(np.linspace(0, 0.9, 12)):
        truth = Truth(f"scene-{scene}", blocks(rng))
        predicted = altered(rng, truth.label, wrong=wrong)
        a.add(truth, predicted)
        b.add(truth, altered(rng, predicted, wrong=0.02))

    found = paired_difference(a.scenes, b.scenes, MEAN, draws=500)

    alone = figure(a.scenes, MEAN, HOW)
    assert found.half_width < (alone.high - alone.low) / 4


def test_other_scenes_are_no_pair():
    a, b = pair()

    with pytest.raises(BadEvidence, match="scene-5 in one of them only"):
        paired_difference(a, b[:-1], MEAN)


def test_other_pixels_of_a_scene_are_no_pair():
    a, b = pair(seed=8)[0], pair(seed=9)[1]

    with pytest.raises(BadEvidence, match="different pixels of scene-0"):
        paired_difference(a, b, MEAN)


def test_a_class_in_two_scenes_has_no_difference():
    rng = np.random.default_rng(14)
    a, b = Evidence(FOUR, geometry=False), Evidence(FOUR, geometry=False)
    for scene in range(6):
        truth = blocks(rng, classes=3)
        if scene < 2:
            truth[:8, :8] = 3
        for evidence in (a, b):
            evidence.add(Truth(f"scene-{scene}", truth), altered(rng, truth))

    found = class_differences(a.scenes, b.scenes, draws=200)

    assert scenes_per_class(a.scenes, 4).tolist() == [6, 6, 6, 2]
    assert [math.isnan(each.value) for each in found] == [False, False, False, True]
    assert found[1].value == pytest.approx(
        float(class_iou(total(a.scenes))[1] - class_iou(total(b.scenes))[1])
    )
    assert found[3].scenes == 2


def test_resamples_without_the_class_are_left_out():
    rng = np.random.default_rng(15)
    evidence = Evidence(FOUR, geometry=False)
    for scene in range(5):
        truth = blocks(rng, classes=3)
        if scene < 3:
            truth[:8, :8] = 3
        evidence.add(Truth(f"scene-{scene}", truth), altered(rng, truth))

    values = resampled(evidence.scenes, iou_of(3), HOW)
    told = figure(evidence.scenes, iou_of(3), HOW)

    assert np.isnan(values).any()
    assert 0 < told.low <= told.value <= told.high


def test_needed_scenes_follow_the_root_of_their_number():
    assert needed_scenes([0.04, 0.02, 0.01], 10, 0.02) == [30, 0, 0]
    assert needed_scenes([0.03], [12], [0.02]) == [15]


def test_nothing_is_foretold_without_an_interval_or_a_margin():
    assert needed_scenes([math.nan, 0.1], [2, 9], [0.02, 0.0]) == [None, None]
