import math

import numpy as np
import pytest

from al_engine.errors import BadHistory
from al_engine.stopping import Point, advise, agreement, slope


def curve(*scores, error=None, first=100):
    """Points at 100, 200, 400, … labelled tiles."""
    return [Point(first * 2**i, score, error) for i, score in enumerate(scores)]


def test_the_slope_is_the_gain_of_a_doubling():
    line = slope(curve(0.5, 0.6, 0.7, error=0.01))

    assert line.value == pytest.approx(0.1)
    assert line.high - line.value == pytest.approx(1.96 * 0.01 / math.sqrt(2))
    assert line.gain(400, 400) == pytest.approx((line.low, 0.1, line.high))
    assert line.gain(400, 100)[1] == pytest.approx(0.1 * math.log2(1.25))


def test_without_standard_errors_the_scatter_gives_the_interval():
    exact, scattered = slope(curve(0.5, 0.6, 0.7)), slope(curve(0.5, 0.62, 0.68, 0.7))

    assert exact.high == pytest.approx(exact.low)
    x, y = np.arange(4.0), np.array([0.5, 0.62, 0.68, 0.7])
    by_hand = np.polyfit(x, y, 1)
    left = y - np.polyval(by_hand, x)
    half = 4.303 * math.sqrt((left @ left) / 2 / ((x - 1.5) ** 2).sum())
    assert scattered.value == pytest.approx(by_hand[0])
    assert scattered.high - scattered.value == pytest.approx(half)


def test_only_the_last_four_points_are_asked():
    flat = slope([Point(10, 0.0), *curve(0.7, 0.7, 0.7, 0.7)])

    assert flat.value == pytest.approx(0)


def test_the_interval_of_the_slope_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, hits = 0.03, 0

    for _ in range(400):
        noisy = 0.6 + truth * np.arange(4) + rng.normal(0, 0.01, 4)
        line = slope(curve(*noisy, error=0.01))
        hits += line.low <= truth <= line.high

    assert 0.92 <= hits / 400 <= 0.98


def test_a_steep_curve_says_go_on_and_what_a_point_costs():
    advice = advise(curve(0.5, 0.6, 0.7, error=0.01), batch=400, minutes_per_tile=5, worth=500)

    assert advice.verdict == "go on"
    assert advice.minutes_per_point[1] == pytest.approx(400 * 5 / 10)
    assert "A point costs about 200 minutes" in advice.text[1]


def test_a_flat_curve_that_is_dear_even_at_its_best_says_consider_stopping():
    advice = advise(curve(0.7, 0.701, 0.7005, error=0.002), batch=50, minutes_per_tile=5, worth=60)

    assert advice.verdict == "consider stopping"
    assert advice.minutes_per_point[0] > 60


def test_a_falling_curve_has_no_price():
    advice = advise(curve(0.7, 0.6, 0.5, error=0.01), batch=50, minutes_per_tile=5, worth=60)

    assert advice.minutes_per_point == (math.inf, None)
    assert "Not even the upper end" in advice.text[1]


def test_three_rounds_of_settled_masks_say_consider_stopping_whatever_the_curve():
    points = curve(0.5, 0.6, 0.7, error=0.01)

    settled = advise(
        points, batch=100, minutes_per_tile=5, worth=500, agreements=[0.9, 0.995, 0.993, 0.992]
    )
    moving = advise(
        points, batch=100, minutes_per_tile=5, worth=500, agreements=[0.995, 0.98, 0.992]
    )

    assert (settled.verdict, settled.agreement) == ("consider stopping", 0.992)
    assert moving.verdict == "go on"


def test_two_rounds_are_too_early_for_a_slope():
    advice = advise(curve(0.5, 0.6), batch=100, minutes_per_tile=5, worth=500)

    assert (advice.verdict, advice.slope) == ("too early", None)
    assert advice.text == ("2 of 3 rounds that a slope needs are done.",)


def test_kappa_has_its_closed_form_and_leaves_out_what_has_no_class():
    first = np.array([0] * 40 + [1] * 10 + [0] * 10 + [1] * 40 + [255] * 50)
    second = np.array([0] * 50 + [1] * 50 + [0] * 50)

    assert agreement(first, second, classes=4) == pytest.approx((0.8 - 0.5) / 0.5)
    assert agreement(second, second, classes=4) == 1
    assert agreement(np.zeros(9, int), np.zeros(9, int), classes=2) == 1


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda: Point(0, 0.5), "labelled"),
        (lambda: Point(10, 1.5), "score"),
        (lambda: Point(10, 0.5, 0.0), "error"),
        (lambda: slope(curve(0.5, 0.6)), "points"),
        (lambda: slope([Point(10, 0.5)] * 3), "points"),
        (lambda: advise(curve(0.5), batch=0, minutes_per_tile=1, worth=1), "batch"),
        (lambda: advise(curve(0.5), batch=1, minutes_per_tile=1, worth=-1), "worth"),
        (lambda: agreement(np.zeros(3, int), np.zeros(4, int), classes=2), "second"),
        (lambda: agreement(np.full(3, 255), np.zeros(3, int), classes=2), "first"),
    ],
)
def test_what_no_advice_can_be_given_on_is_refused_by_name(ask, field):
    with pytest.raises(BadHistory) as refusal:
        ask()

    assert refusal.value.field == field
