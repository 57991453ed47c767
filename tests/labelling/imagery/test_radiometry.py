import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.imagery.radiometry import negatives, reflectance


def stored(numbers, *, offset=0, quantification=10_000):
    plane = np.array(numbers, dtype=np.uint16)
    return reflectance(plane, offset=offset, quantification=quantification).tolist()


def test_the_offset_is_taken_off_and_no_data_and_saturated_stay():
    assert stored([0, 1001, 5000, 65_534, 65_535], offset=-1000) == [0, 1, 4000, 64_534, 65_535]


def test_a_reflectance_at_or_below_zero_is_one_because_zero_is_no_data():
    assert stored([1, 999, 1000, 1001], offset=-1000) == [1, 1, 1, 1]


def test_only_reflectances_below_zero_count_as_negative():
    numbers = np.array([0, 1, 999, 1000, 1001, 65_535], dtype=np.uint16)

    assert negatives(numbers, offset=-1000) == 2
    assert negatives(numbers, offset=0) == 0


def test_what_is_too_bright_to_store_stays_below_saturated():
    assert stored([60_000, 65_535], quantification=5_000) == [65_534, 65_535]
    assert stored([65_000], offset=1000) == [65_534]


def test_halves_are_rounded_up():
    assert stored([3, 5], quantification=20_000) == [2, 3]


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=50))
def test_one_reflectance_is_stored_alike_with_and_without_the_offset(values):
    plain = np.array(values, dtype=np.uint16)

    shifted = stored(plain + 1000, offset=-1000)

    assert shifted == stored(plain) == values


@pytest.mark.parametrize("offset", [-1000, 0, 1000])
@pytest.mark.parametrize("quantification", [10_000, 10_000.0, 4_000, 65_535])
def test_every_digital_number_follows_the_formula(offset, quantification):
    numbers = np.arange(1, 65_535, dtype=np.uint16)

    expected = [
        min(max(int((int(n) + offset) * 10_000 / quantification + 0.5), 1), 65_534)
        if int(n) + offset > 0
        else 1
        for n in numbers
    ]

    assert stored(numbers, offset=offset, quantification=quantification) == expected
