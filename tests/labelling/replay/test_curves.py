"""Figures of merit against numbers worked out by hand."""

import math

import numpy as np
import pytest

from labelling.compute.replay.curves import (
    area,
    at_budget,
    class_mean_iou,
    iou,
    level,
    needed,
    ratio,
    weakness,
)


def test_iou_is_hits_over_all_that_is_either():
    confusion = np.array([[6, 2], [1, 3]])

    assert iou(confusion).tolist() == [6 / 9, 3 / 6]


def test_a_class_in_neither_mask_has_no_iou_and_no_part_in_the_mean():
    confusion = np.array([[8, 0, 0], [0, 4, 0], [0, 0, 0]])

    assert math.isnan(iou(confusion)[2])
    assert class_mean_iou(confusion) == 1.0


def test_a_class_only_predicted_is_not_counted_again_as_a_zero():
    confusion = np.array([[6, 0, 2], [0, 4, 0], [0, 0, 0]])

    assert class_mean_iou(confusion) == (6 / 8 + 1) / 2


def test_the_area_under_doubling_budgets_is_the_mean_of_neighbouring_means():
    assert area([24, 48, 96], [0.6, 0.7, 0.8]) == pytest.approx((0.65 + 0.75) / 2)


def test_the_area_weighs_steps_by_their_doublings():
    assert area([10, 20, 80], [0.0, 1.0, 1.0]) == pytest.approx((0.5 * 1 + 1.0 * 2) / 3)


def test_a_level_between_looks_is_read_off_on_a_logarithmic_scale():
    found = needed([24, 96], [0.5, 0.7], 0.6)

    assert found.value == pytest.approx(48)
    assert found.censored == ""
    assert found.slope == pytest.approx(0.1)


def test_a_dip_is_levelled_before_it_is_read():
    found = needed([1, 2, 4, 8], [0.0, 0.6, 0.4, 0.8], 0.5)

    assert found.value == pytest.approx(2)


@pytest.mark.parametrize(
    ("wanted", "value", "censored"), [(0.9, 96, "above"), (0.4, 24, "below"), (0.5, 24, "below")]
)
def test_a_level_off_the_curve_is_its_end_and_says_so(wanted, value, censored):
    found = needed([24, 96], [0.5, 0.7], wanted)

    assert (found.value, found.censored) == (value, censored)


@pytest.mark.parametrize(
    ("baseline", "arm", "value", "bound"),
    [
        ([0.4, 0.5, 0.7], [0.5, 0.7, 0.7], 2.0, ""),
        ([0.5, 0.52, 0.55], [0.5, 0.6, 0.7], 2.0, ">"),
        ([0.5, 0.6, 0.7], [0.5, 0.52, 0.55], 0.5, "<"),
        ([0.5, 0.52, 0.55], [0.5, 0.52, 0.58], 0.0, "none"),
        ([0.5, 0.6, 0.7], [0.65, 0.7, 0.7], 2.0, ">"),
    ],
)
def test_a_ratio_is_exact_or_a_bound_and_never_extrapolated(baseline, arm, value, bound):
    budgets = [24, 48, 96]

    found = ratio(needed(budgets, baseline, 0.6), needed(budgets, arm, 0.6))

    assert found.value == pytest.approx(value)
    assert found.bound == bound
    assert found.censored == (bound != "")


def test_the_level_is_a_share_of_the_way_from_start_to_ceiling():
    assert level(0.6, 0.8, 0.7) == pytest.approx(0.74)


def test_a_small_gap_and_a_flat_baseline_are_called_weak():
    rising, flat = needed([1, 2, 4], [0.0, 0.4, 0.5], 0.3), needed([1, 2, 4], [0.3, 0.3, 0.302], 1)

    assert weakness(0.6, 0.7, rising, products=200) == ""
    assert "4.0 points apart" in weakness(0.6, 0.64, rising, products=200)
    assert "0.20 points a doubling at its end" in weakness(0.6, 0.7, flat, products=200)
    assert "too few for a ratio" in weakness(0.6, 0.7, rising, products=11)


def test_a_curve_is_straight_between_looks_in_the_logarithm():
    assert at_budget([24, 96], [0.5, 0.7], [24, 48]).tolist() == pytest.approx([0.5, 0.6])
