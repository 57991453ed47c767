"""Every figure of pixels against scikit-learn, on tiles counted one by one."""

import numpy as np
import pytest
from sklearn import metrics

from tests.training.evaluation.masks import FOUR, judged, pooled
from training.evaluation import statistics
from training.evaluation.counts import total
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.report import confusion
from training.evaluation.scheme import Collapse

EVERY = list(range(4))
ORACLES = {
    statistics.precision: lambda t, p: metrics.precision_score(t, p, labels=EVERY, average=None),
    statistics.recall: lambda t, p: metrics.recall_score(t, p, labels=EVERY, average=None),
    statistics.f1: lambda t, p: metrics.f1_score(t, p, labels=EVERY, average=None),
    statistics.class_iou: lambda t, p: metrics.jaccard_score(t, p, labels=EVERY, average=None),
    statistics.balanced_accuracy_of(EVERY): metrics.balanced_accuracy_score,
    statistics.mean_iou_of(EVERY): lambda t, p: metrics.jaccard_score(t, p, average="macro"),
}


@pytest.mark.parametrize("ours", ORACLES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("silent", [0.0, 0.15])
def test_a_figure_is_that_of_scikit_learn(ours, silent):
    evidence, pairs = judged(np.random.default_rng(1), silent=silent)

    found = ours(total(evidence.scenes))

    np.testing.assert_allclose(found, ORACLES[ours](*pooled(pairs)), rtol=1e-12)


@pytest.mark.parametrize(
    ("ours", "normalise"), [("pixels", None), ("by_truth", "true"), ("by_prediction", "pred")]
)
def test_the_three_confusions_are_those_of_scikit_learn(ours, normalise):
    evidence, pairs = judged(np.random.default_rng(2), silent=0.1)

    found = confusion(total(evidence.scenes).pixels)[ours]

    expected = metrics.confusion_matrix(*pooled(pairs), labels=EVERY, normalize=normalise)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_where_nothing_is_said_counts_as_wrong_when_it_is_asked_strictly():
    evidence, pairs = judged(np.random.default_rng(3), silent=0.3)

    found = statistics.strict_class_iou(total(evidence.scenes))

    truth = np.concatenate([one.ravel() for one, _ in pairs])
    predicted = np.concatenate([other.ravel() for _, other in pairs])
    known = truth != 255
    # A fifth class of nobody's: it can only be wrong.
    answers = np.where(predicted == 255, 4, predicted)[known]
    expected = metrics.jaccard_score(truth[known], answers, labels=EVERY, average=None)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_share_of_pixels_answered_is_of_those_that_are_labelled():
    truth = np.array([[0, 1, 255, 255]], np.uint8)
    predicted = np.array([[0, 255, 255, 1]], np.uint8)
    evidence = Evidence(FOUR, geometry=False)

    evidence.add(Truth("a", truth), predicted)

    assert statistics.answered_share(total(evidence.scenes)) == 0.5


def test_a_class_that_nobody_saw_or_called_has_no_figure():
    evidence = Evidence(FOUR, geometry=False)

    evidence.add(Truth("a", np.zeros((4, 4), np.uint8)), np.zeros((4, 4), np.uint8))

    found = statistics.class_iou(total(evidence.scenes))
    assert found[0] == 1
    assert np.isnan(found[1:]).all()


def test_a_mean_over_classes_is_not_said_without_one_of_them():
    evidence = Evidence(FOUR, geometry=False)
    evidence.add(Truth("a", np.zeros((4, 4), np.uint8)), np.zeros((4, 4), np.uint8))
    counts = total(evidence.scenes)

    assert statistics.mean_iou_of([0])(counts) == 1
    assert np.isnan(statistics.mean_iou_of([0, 3])(counts))


def test_resamples_are_computed_all_at_once_as_each_alone():
    evidence, _ = judged(np.random.default_rng(4))
    scenes = evidence.scenes
    both = [total(scenes[:3]), total(scenes[3:])]
    stacked = type(both[0])(*(np.stack(pair) for pair in zip(*(one.arrays for one in both))))

    for figure in (*ORACLES, statistics.boundary_f1, statistics.leaked, statistics.object_recall):
        expected = np.stack([figure(one) for one in both])
        np.testing.assert_array_equal(figure(stacked), expected)


@pytest.mark.parametrize(
    ("provided", "merges", "table"),
    [
        ((0, 1, 2, 3), {}, (0, 1, 2, 3)),
        ((0, 1, 3), {"semi-transparent": "cloud"}, (0, 1, 1, 2)),
        ((0, 1), {"semi-transparent": "cloud", "shadow": "clear"}, (0, 1, 1, 0)),
        ((0, 2), {"cloud": "semi-transparent", "shadow": "clear"}, (0, 1, 1, 0)),
    ],
)
def test_what_a_mask_cannot_tell_counts_as_its_nearest_class(provided, merges, table):
    collapse = Collapse.onto(FOUR, provided)

    assert (collapse.merges, collapse.table) == (merges, table)
    codes = np.array([0, 1, 2, 3, 255], np.uint8)
    assert collapse(codes).tolist() == [*table, 255]


def test_a_mask_of_no_class_of_ours_is_refused():
    with pytest.raises(ValueError, match="None of the classes"):
        Collapse.onto(FOUR, [9])
