"""Intervals over scenes, on drawn counts (synthetic)."""

import numpy as np
import pytest

from training.intervals import iou_intervals
from training.metrics import Agreement

NAMES = ["clear", "shadow"]


def scene(right: int, wrong: int, *, shadow: int = 0) -> Agreement:
    return Agreement(np.array([[right, wrong], [0, shadow]], dtype=np.int64))


def test_scenes_that_are_alike_leave_no_doubt():
    found = iou_intervals([scene(90, 10, shadow=10)] * 5, NAMES)

    assert (found["scenes"], found["level"]) == (5, 0.95)
    assert found["iou"]["clear"] == pytest.approx([0.9, 0.9])
    assert found["iou"]["shadow"] == pytest.approx([0.5, 0.5])
    assert found["class_mean_iou"] == pytest.approx([0.7, 0.7])


def test_the_interval_holds_the_figure_and_narrows_with_more_scenes():
    dice = np.random.default_rng(3)
    drawn = [scene(int(n), 100 - int(n), shadow=50) for n in dice.integers(40, 100, 48)]
    few, many = (iou_intervals(drawn[:n], NAMES)["iou"]["clear"] for n in (8, 48))
    pooled = sum(drawn[1:], drawn[0]).iou[0]

    assert many[0] < pooled < many[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_a_class_in_a_single_scene_is_judged_by_the_resamples_that_have_it():
    found = iou_intervals([scene(90, 10), scene(90, 10), scene(90, 10, shadow=30)], NAMES)

    assert found["iou"]["shadow"] is not None
    assert iou_intervals([scene(90, 10)] * 3, NAMES)["iou"]["shadow"] is None
    # The mean is over the classes that the truth holds at all.
    assert iou_intervals([scene(90, 10)] * 3, NAMES)["class_mean_iou"] == [0.9, 0.9]


def test_few_scenes_have_no_interval():
    found = iou_intervals([scene(90, 10, shadow=9)] * 2, NAMES)

    assert (found["class_mean_iou"], found["iou"]) == (None, {"clear": None, "shadow": None})
