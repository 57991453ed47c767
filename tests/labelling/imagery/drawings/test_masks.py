from __future__ import annotations

import cvat_sdk.masks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from labelling.errors import BadInput
from labelling.imagery.drawings.masks import decode, encode

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9))


def test_the_recorded_mask_is_a_ring_of_eight_pixels():
    mask = decode([0.0, 3.0, 1.0, 1.0, 1.0, 3.0, 20.0, 10.0, 22.0, 12.0], height=512, width=512)

    assert mask.sum() == 8 - 1
    assert mask[10, 20:23].all()
    assert mask[12, 20:23].all()
    assert mask[11, 20:23].tolist() == [False, True, False]


@given(MASKS.filter(np.any))
def test_a_mask_comes_back_as_it_was_sent_and_as_the_client_encodes_it(mask):
    points = encode(mask)
    *_, left, top, right, bottom = points

    assert np.array_equal(decode([float(each) for each in points], **size(mask)), mask)
    assert points == cvat_sdk.masks.encode_mask(mask, [left, top, right + 1, bottom + 1])
    assert all(type(each) is int for each in points)


def test_an_empty_mask_isnt_sent_and_comes_back_empty():
    assert not decode([1, 0, 0, 0, 0], height=4, width=4).any()
    with pytest.raises(BadInput) as refused:
        encode(np.zeros((4, 4), bool))

    assert refused.value.field == "mask"


@pytest.mark.parametrize(
    "points",
    [
        [0, 3, 0, 0, 1, 1],  # too short for the box
        [0, 5, 0, 0, 1, 1],  # too long
        [5, -1, 0, 0, 1, 1],  # negative
        [0, 4, 7, 7, 8, 8],  # sticks out
        [0, 4, -1, 0, 0, 1],  # begins outside
        [0, 4, 1, 1, 0, 0],  # inside out
        [0, 4.5, 0, 0, 1, 1],  # between two pixels
        [0, float("nan"), 0, 0, 1, 1],
        [0, 1e300, 0, 0, 1, 1],
        [0, "4", None, 0, 1, 1],
        [0, 0, 0, 0],  # a box alone
        [],
    ],
)
def test_whatever_the_server_stores_that_is_no_mask_is_refused(points):
    with pytest.raises(BadInput):
        decode(points, height=8, width=8)


@given(st.lists(st.integers(-3, 12), max_size=12))
def test_any_numbers_are_a_mask_or_are_refused(points):
    try:
        mask = decode(points, height=5, width=6)
    except BadInput:
        return

    assert mask.shape == (5, 6)
    assert mask.sum() == sum(points[1:-4:2])


def size(mask):
    return {"height": mask.shape[0], "width": mask.shape[1]}
