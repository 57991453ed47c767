import numpy as np
import pytest

from labelling.insights.agreement_measures import (
    cohen_kappa,
    interval,
    krippendorff_alpha,
    merged,
    number,
    one_against_rest,
    resampled,
)


def matrix(*rows) -> np.ndarray:
    return np.array(rows, dtype=float)


def test_kappa_of_a_known_table():
    # 50 cases, 35 agreed on; by chance 0.5 × 0.6 + 0.5 × 0.4 = 0.5 of them: (0.7 - 0.5) / 0.5.
    assert cohen_kappa(matrix([20, 5], [10, 15])) == pytest.approx(0.4)


def test_kappa_is_1_for_the_same_labels_0_for_chance_and_below_for_less():
    assert cohen_kappa(matrix([3, 0], [0, 7])) == 1
    assert cohen_kappa(matrix([4, 6], [6, 9])) == pytest.approx(0)
    assert cohen_kappa(matrix([0, 5], [5, 0])) == -1


def test_alpha_of_a_worked_example():
    # Ten binary units, values of the pairs: 00 five times, 01 once, 10 three times, 11 once.
    # Coincidences: 10 and 2 agree, 4 + 4 don't; margins 14 and 6; 1 - 19 × 8 / (2 × 14 × 6).
    assert krippendorff_alpha(matrix([5, 1], [3, 1])) == pytest.approx(1 - 19 * 8 / 168)


def test_the_measures_agree_with_their_definition_on_random_labels():
    dice = np.random.default_rng(3)
    first = dice.integers(0, 4, 400)
    second = np.where(dice.random(400) < 0.6, first, dice.integers(0, 4, 400))
    table = np.zeros((4, 4))
    np.add.at(table, (first, second), 1)

    chance = sum((first == k).mean() * (second == k).mean() for k in range(4))
    kappa = ((first == second).mean() - chance) / (1 - chance)
    both = np.concatenate([first, second])
    # Disagreement to expect of two of the 800 values drawn without replacement.
    apart = 1 - sum((both == k).sum() * ((both == k).sum() - 1) for k in range(4)) / (800 * 799)
    alpha = 1 - (first != second).mean() / apart
    assert cohen_kappa(table) == pytest.approx(kappa)
    assert krippendorff_alpha(table) == pytest.approx(alpha)


def test_kappa_is_what_scikit_learn_says():
    sklearn = pytest.importorskip("sklearn.metrics")
    dice = np.random.default_rng(4)
    first, second = dice.integers(0, 3, 200), dice.integers(0, 3, 200)
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)

    assert cohen_kappa(table) == pytest.approx(sklearn.cohen_kappa_score(first, second))


@pytest.mark.parametrize("table", [matrix([0, 0], [0, 0]), matrix([9, 0], [0, 0])])
def test_without_pixels_or_with_one_class_there_is_no_measure(table):
    assert number(cohen_kappa(table)) is None
    assert number(krippendorff_alpha(table)) is None


def test_a_class_against_the_rest_and_classes_taken_together():
    table = matrix([5, 1, 0], [2, 6, 3], [0, 4, 9])

    assert one_against_rest(table, 1).tolist() == [[6, 5], [5, 14]]
    assert merged(table, [[1, 2], [0]]).tolist() == [[22, 2], [1, 5]]


def test_mixing_up_two_classes_costs_nothing_once_they_are_one():
    table = matrix([50, 0, 0], [0, 0, 25], [0, 25, 0])

    assert cohen_kappa(table) < 0.5
    assert cohen_kappa(merged(table, [[1, 2], [0]])) == 1


def test_intervals_come_from_drawing_tiles_not_pixels():
    good, bad = matrix([500, 0], [0, 500]), matrix([250, 250], [250, 250])
    tiles = np.stack([good, bad] * 10)

    low, high = interval(cohen_kappa(resampled(tiles, seed=1)))

    # By pixels the interval of 20 000 would be 0.02 wide.
    assert 0.2 < low < 0.35
    assert 0.65 < high < 0.8


def test_an_interval_that_mostly_has_no_value_is_none():
    assert interval(np.array([np.nan, np.nan, 0.5])) is None
