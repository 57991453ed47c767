from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import rasterio.features
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelling.errors import BadInput
from labelling.imagery.labelsets.shapes import (
    box,
    decode_runs,
    ellipse,
    encode_runs,
    placed,
    polygon,
)

SIZE = {"height": 16, "width": 20}


def test_a_box_from_2_to_5_is_three_pixels_wide():
    mask = box((2, 2, 5, 5), **SIZE)

    assert mask[2:5, 2:5].all()
    assert mask.sum() == 9


def test_a_polygon_of_a_boxs_corners_is_the_box():
    drawn = polygon([(3, 1), (11, 1), (11, 9), (3, 9)], **SIZE)

    assert np.array_equal(drawn, box((3, 1, 11, 9), **SIZE))


def test_centres_on_the_outline_belong_to_the_shape():
    # The outline of this box runs through the centres of columns and rows 2 and 4.
    mask = box((2.5, 2.5, 4.5, 4.5), **SIZE)

    assert mask[2:5, 2:5].all()
    assert mask.sum() == 9


def test_a_shape_without_any_pixels_centre_holds_no_pixel():
    assert not box((2.6, 2.6, 3.4, 3.4), **SIZE).any()


def test_a_right_angled_triangle_holds_half_its_square_and_the_diagonal():
    mask = polygon([(0, 0), (10, 10), (0, 10)], **SIZE)

    rows, columns = np.nonzero(mask)
    assert mask.sum() == 10 * 11 / 2
    assert (columns <= rows).all()


def test_where_an_outline_crosses_itself_even_odd_decides():
    # Two boxes in one outline: what lies in both is outside.
    mask = polygon([(0, 0), (8, 0), (8, 8), (4, 8), (4, 4), (12, 4), (12, 8), (0, 8)], **SIZE)

    assert mask[1, 1]
    assert mask[6, 10]
    assert not mask[6, 6]


def test_what_sticks_out_of_the_image_is_cut_off():
    assert box((-5, -5, 3, 3), **SIZE).sum() == 9
    assert not box((30, 30, 40, 40), **SIZE).any()


def test_a_box_turned_by_a_quarter_is_the_box_lying_down():
    turned = box((4, 6, 12, 10), rotation=90, **SIZE)

    assert np.array_equal(turned, box((6, 4, 10, 12), **SIZE))


def test_rotation_is_clockwise_with_y_down():
    mask = box((6, 7.5, 14, 8.5), rotation=30, **SIZE)

    assert mask[9, 12]
    assert not mask[6, 12]


def test_an_ellipse_of_equal_radii_is_a_disc():
    rows, columns = np.mgrid[:16, :20] + 0.5

    mask = ellipse((10, 8, 5, 5), rotation=33, **SIZE)

    assert np.array_equal(mask, (columns - 10) ** 2 + (rows - 8) ** 2 <= 25)


corner = st.tuples(st.floats(-4, 24, width=32), st.floats(-4, 20, width=32))


@given(st.lists(corner, min_size=3, max_size=12))
def test_polygons_hold_the_pixels_that_gdal_gives_them(corners):
    """GDAL burns by pixel centres too; it may differ where a centre is on the outline."""
    ring = [*corners, corners[0]]
    area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring)))
    shape = {"type": "Polygon", "coordinates": [ring]}

    drawn = polygon(corners, **SIZE)

    if area > 1e-6:
        burnt = rasterio.features.rasterize([shape], out_shape=(16, 20)).astype(bool)
        assert not (drawn ^ burnt)[~near_outline(corners)].any()


def near_outline(corners: list[tuple[float, float]]) -> np.ndarray:
    """Pixels whose centre is within a thousandth of an edge's line, or of a corner's row."""
    rows, columns = np.mgrid[:16, :20] + 0.5
    near = np.zeros((16, 20), dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]]):
        length = max(np.hypot(x1 - x0, y1 - y0), 1e-9)
        along = np.clip(((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / length**2, 0, 1)
        away = np.hypot(columns - x0 - along * (x1 - x0), rows - y0 - along * (y1 - y0))
        near |= away < 1e-3
    return near


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_run_lengths_survive_the_round_trip(mask):
    height, width = mask.shape

    assert np.array_equal(decode_runs(encode_runs(mask), height=height, width=width), mask)


def test_run_lengths_are_those_of_a_recorded_cvat_server():
    """Three by three pixels, drawn and read back: all but two of the middle row and a corner."""
    runs = [0, 3, 1, 1, 1, 3]

    part = decode_runs(runs, height=3, width=3)

    assert part.tolist() == [[True] * 3, [False, True, False], [True] * 3]
    assert encode_runs(part) == runs


def test_a_mask_goes_to_its_place():
    part = decode_runs([1, 2, 1, 2], height=2, width=3)

    whole = placed(part, top=4, left=10, **SIZE)

    assert np.argwhere(whole).tolist() == [[4, 11], [4, 12], [5, 11], [5, 12]]


@pytest.mark.parametrize(
    ("runs", "field"),
    [([5], "rle"), ([2, -1, 5], "rle"), ([10**12], "rle"), ([0] * 100, "rle")],
)
def test_runs_that_cannot_be_are_refused_before_anything_is_made(runs, field):
    with pytest.raises(BadInput) as refused:
        decode_runs(runs, height=2, width=3)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "points",
    [[(0, 0), (1, 1)], [(0, 0), (1, 1), (float("nan"), 2)], [(0, 0), (1, 1), (1e9, 2)], []],
)
def test_points_that_are_no_polygon_are_refused(points):
    with pytest.raises(BadInput):
        polygon(points, **SIZE)


def test_a_mask_that_sticks_out_is_refused():
    with pytest.raises(BadInput, match="sticks out"):
        placed(np.ones((3, 3), dtype=bool), top=15, left=0, **SIZE)


def test_a_box_inside_out_is_refused():
    with pytest.raises(BadInput, match="inside out"):
        box((5, 0, 2, 3), **SIZE)
