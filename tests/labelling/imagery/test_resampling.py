import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.enums import Resampling

from labelling.imagery.resampling import Axis, bilinear, nearest

STEPS = (1, 2, 3, 6)


def plane(height, width, *, seed=0, gaps=0.0):
    dice = np.random.default_rng(seed)
    values = dice.integers(1, 9000, (height, width), dtype=np.uint16)
    values[dice.random(values.shape) < gaps] = 0
    values[dice.random(values.shape) < gaps / 2] = 65_535
    return values


def on_grid(values, step, *, top=0, left=0, height=None, width=None):
    rows = Axis(top, height or values.shape[0] * step - top, step, values.shape[0])
    columns = Axis(left, width or values.shape[1] * step - left, step, values.shape[1])
    near = values[rows.first : rows.last, columns.first : columns.last]
    return bilinear(near, rows, columns)


def pixel(values, step, y, x):
    """A pixel of the grid by the rule's own words, in floating point."""
    own = int(values[y // step, x // step])
    if own in (0, 65_535):
        return own
    total = weights = 0.0
    for row in (y // step - 1, y // step, y // step + 1):
        for column in (x // step - 1, x // step, x // step + 1):
            down = abs((row + 0.5) - (y + 0.5) / step)
            right = abs((column + 0.5) - (x + 0.5) / step)
            inside = 0 <= row < values.shape[0] and 0 <= column < values.shape[1]
            if inside and values[row, column] not in (0, 65_535):
                weight = max(0.0, 1 - down) * max(0.0, 1 - right)
                total, weights = total + weight * int(values[row, column]), weights + weight
    return int(np.floor(total / weights + 0.5 + 1e-9))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(STEPS), st.integers(0, 99))
def test_every_pixel_is_what_a_plain_loop_says(height, width, step, seed):
    values = plane(height, width, seed=seed, gaps=0.2)

    expected = [
        [pixel(values, step, y, x) for x in range(width * step)] for y in range(height * step)
    ]

    assert on_grid(values, step).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from(STEPS))
def test_it_does_not_matter_how_the_grid_is_cut(data, step):
    values = plane(12, 9, gaps=0.1)
    whole = on_grid(values, step)
    top = data.draw(st.integers(0, 12 * step - 1))
    left = data.draw(st.integers(0, 9 * step - 1))
    height = data.draw(st.integers(1, 12 * step - top))
    width = data.draw(st.integers(1, 9 * step - left))

    part = on_grid(values, step, top=top, left=left, height=height, width=width)

    np.testing.assert_array_equal(part, whole[top : top + height, left : left + width])


@pytest.mark.parametrize("step", [2, 6])
def test_it_agrees_with_gdals_bilinear_to_a_unit(tmp_path, step):
    values = plane(30, 40)
    with (
        rasterio.open(
            tmp_path / "a.tif", "w", driver="GTiff", dtype="uint16", count=1, height=30, width=40
        ) as file,
    ):
        file.write(values, 1)
    with rasterio.open(tmp_path / "a.tif") as file:
        shape = (30 * step, 40 * step)
        gdal = file.read(1, out_shape=shape, resampling=Resampling.bilinear)

    apart = np.abs(on_grid(values, step).astype(int) - gdal.astype(int))

    assert apart.max() <= 1


def test_a_slope_stays_a_slope_so_pixel_centres_lie_where_they_should():
    slope = np.tile(np.arange(1000, 1000 + 40 * 120, 120, dtype=np.uint16), (4, 1))

    fine = on_grid(slope, 6)[12, 6:-6].astype(int)

    assert set(np.diff(fine)) == {20}
    assert on_grid(slope, 2)[4, 2] == 1120 - 30


@pytest.mark.parametrize("gap", [0, 65_535])
def test_a_gap_keeps_its_outline_and_does_not_bleed(gap):
    values = np.full((5, 5), 3000, dtype=np.uint16)
    values[2, 2] = gap

    fine = on_grid(values, 6)

    assert (fine[12:18, 12:18] == gap).all()
    fine[12:18, 12:18] = 3000
    assert (fine == 3000).all()


def test_codes_are_taken_from_the_nearest_pixel_wherever_the_cut_lies():
    codes = np.arange(20, dtype=np.uint8).reshape(4, 5)
    rows, columns = Axis(3, 11, 6, 4), Axis(5, 20, 6, 5)

    part = nearest(codes[rows.first : rows.last, columns.first : columns.last], rows, columns)

    np.testing.assert_array_equal(part, codes.repeat(6, 0).repeat(6, 1)[3:14, 5:25])
