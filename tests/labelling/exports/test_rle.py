"""Run lengths: their text, and masks that come back as they went."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelling.errors import BadInput
from labelling.imagery.exports.rle import decode, encode

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(arrays(bool, SHAPES))
def test_any_mask_comes_back(mask):
    height, width = mask.shape

    assert (decode(encode(mask), height=height, width=width) == mask).all()


def tall() -> np.ndarray:
    mask = np.zeros((512, 512), bool)
    mask[100:, 300], mask[5:500, 310] = True, True
    return mask


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (np.zeros((2, 2), bool), "4"),  # one run of four zeros
        (np.ones((2, 2), bool), "04"),  # no zero, then four ones
        (np.array([[0, 1], [0, 1]], bool), "22"),  # down the columns
        (np.eye(3, dtype=bool), "013000"),  # 0 1 3 1 3 1, from the fourth on as differences
        (tall(), "TSf4l<U`4c2WPP3"),  # several digits, and a difference below zero
    ],
)
def test_the_text_is_what_pycocotools_writes_of_the_same_mask(mask, text):
    assert encode(mask) == text


@pytest.mark.parametrize("text", ["", "\x1f", "T", "~", "5"])
def test_what_is_no_mask_of_that_size_is_refused(text):
    with pytest.raises(BadInput) as refused:
        decode(text, height=2, width=2)

    assert refused.value.field == "counts"
