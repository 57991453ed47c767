import numpy as np
import pytest

from training.metrics import Agreement, confusion
from training.snapshot import IGNORE


def agree(truth, predicted, classes=3):
    return confusion(np.array(truth, np.uint8), np.array(predicted), classes=classes)


def test_unjudged_pixels_do_not_count():
    found = agree([0, 1, 1, IGNORE], [0, 1, 0, 1])

    assert found.matrix.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert found.iou == pytest.approx([0.5, 0.5, np.nan], nan_ok=True)
    assert found.recall == pytest.approx([1, 0.5, np.nan], nan_ok=True)
    assert found.precision == pytest.approx([0.5, 1, np.nan], nan_ok=True)
    assert found.f1 == pytest.approx([2 / 3, 2 / 3, np.nan], nan_ok=True)


def test_counts_are_pooled_before_they_are_divided():
    mostly_clear = agree([0] * 99 + [1], [0] * 100)
    half = agree([1, 1], [1, 0])

    assert (mostly_clear + half).iou[1] == pytest.approx(1 / 3)


def test_a_class_absent_from_the_truth_is_not_averaged():
    found = agree([0, 0, 1, 1], [0, 2, 1, 1])

    assert found.iou == pytest.approx([0.5, 1.0, 0.0])
    assert found.class_mean_iou == pytest.approx(0.75)


def test_a_class_never_found_counts_as_zero():
    assert agree([0, 1], [0, 0]).class_mean_iou == pytest.approx(0.25)


def test_nothing_judged_is_not_a_number_and_null_in_json():
    found = Agreement.empty(2)

    assert np.isnan(found.class_mean_iou)
    assert found.as_json(["clear", "cloud"])["iou"] == {"clear": None, "cloud": None}
    assert found.as_json(["clear", "cloud"])["class_mean_iou"] is None
