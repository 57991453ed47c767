from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.imagery.deciding import _chance, borders, window

BANDS = ("B02", "B11", "B12")


def halves(side: int = 64) -> np.ndarray:
    """Clear on the left, cloud on the right."""
    label = np.zeros((side, side), np.uint8)
    label[:, side // 2 :] = 1
    return label


def noisy(side: int = 64) -> np.ndarray:
    return np.random.default_rng(5).integers(900, 1100, (3, side, side)).astype(np.uint16)


def test_the_band_in_which_the_classes_differ_is_named():
    label, pixels = halves(), noisy()
    pixels[1, label == 1] += 300

    (found,) = borders(label, pixels, BANDS)

    assert (found.pair, found.band, found.brighter, found.auc) == ((0, 1), "B11", 1, 1.0)


def test_a_class_that_is_darker_is_told_apart_as_well():
    label, pixels = halves(), noisy()
    pixels[2, label == 1] -= 800

    (found,) = borders(label, pixels, BANDS)

    assert (found.band, found.brighter) == ("B12", 0)


def test_only_pixels_beside_the_border_are_compared():
    label, pixels = halves(), noisy()
    pixels[0, :, :20] += 5000  # far from the border: no sign of where it runs
    pixels[1, label == 1] += 40

    (found,) = borders(label, pixels, BANDS)

    assert found.band == "B11"


def test_unsure_and_no_data_have_no_border():
    label, pixels = halves(), noisy()
    label[:, 32:] = 254
    assert borders(label, pixels, BANDS) == []

    label, pixels = halves(), noisy()
    pixels[:, :, 32:] = 0
    assert borders(label, pixels, BANDS) == []


def test_classes_that_hardly_meet_are_left_out():
    label = halves()
    label[:, :32] = 3
    label[2:5, 2:5] = 0

    assert [each.pair for each in borders(label, noisy(), BANDS)] == [(1, 3)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
)
def test_the_chance_is_that_of_all_pairs(first: list[int], second: list[int]):
    pairs = [(a < b) + (a == b) / 2 for a in first for b in second]

    chance = _chance(np.array(first, np.uint16), np.array(second, np.uint16))

    assert abs(chance - np.mean(pairs)) < 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(8, 80))
def test_the_window_lies_on_the_tile_and_holds_the_border(row: int, column: int, side: int):
    label = np.zeros((48, 48), np.uint8)
    label[row : row + 8, column : column + 8] = 1

    top, left, bottom, right = window(label, (0, 1), side)

    assert 0 <= top < bottom <= 48
    assert 0 <= left < right <= 48
    assert (bottom - top, right - left) == (min(side, 48), min(side, 48))
    assert label[top:bottom, left:right].any()
