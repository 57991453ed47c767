"""Tests and intervals against what can be counted on fingers."""

import numpy as np
import pytest

from labelling.compute.replay.significance import draws, holm, interval, sign_flip


def dice():
    return np.random.default_rng(1)


def test_all_pairs_on_one_side_give_the_smallest_p_there_is():
    assert sign_flip([0.01, 0.02, 0.03, 0.01, 0.02], rng=dice()) == 2 / 2**5


def test_sixteen_pairs_can_reach_further_than_five():
    assert sign_flip(np.full(16, 0.01), rng=dice()) == 2 / 2**16


def test_the_p_is_the_share_of_patterns_at_least_as_far_out():
    # Of the sums ±1 ±2 ±3, those at least |1 + 2 - 3| = 0 away from 0: all; at least 4: four.
    assert sign_flip([1, 2, -3], rng=dice()) == 1.0
    assert sign_flip([-1, 2, 3], rng=dice()) == 4 / 8


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip([0.0, 0.0, 0.0], rng=dice()) == 1.0


def test_more_than_twenty_pairs_are_drawn_and_the_observed_pattern_counts():
    p = sign_flip(np.full(24, 1.0), rng=dice())

    assert 0 < p < 1e-4


def test_under_the_null_one_test_in_twenty_is_below_five_percent():
    rng = dice()

    found = [sign_flip(rng.normal(size=8), rng=rng) <= 0.05 for _ in range(400)]

    assert 0.02 < np.mean(found) < 0.08


def test_holm_multiplies_by_the_tests_left_and_never_falls():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03})

    assert adjusted == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_holm_stops_at_one():
    assert holm({"a": 0.7, "b": 0.9}) == {"a": 1.0, "b": 1.0}


def test_a_resample_holds_as_many_things_as_there_are():
    drawn = draws(5, 200, rng=dice())

    assert drawn.shape == (200, 5)
    assert (drawn.sum(axis=1) == 5).all()
    assert drawn.mean() == pytest.approx(1.0)


def test_the_interval_of_a_mean_is_that_of_the_textbook():
    rng = dice()
    values = rng.normal(size=100)

    means = draws(100, 4000, rng=rng) @ values / 100
    low, high = interval(means)

    half = 1.96 * values.std() / 10
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_an_interval_of_nothing_is_nothing():
    assert np.isnan(interval([np.nan, np.nan])).all()
