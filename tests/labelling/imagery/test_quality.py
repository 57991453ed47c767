from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from labelling.imagery.fingerprint import cells, head, packed, unpacked
from labelling.imagery.painter import Site, paint_product
from labelling.imagery.painter.sky import REGIMES
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.quality import (
    LITTLE_DATA,
    NO_CONTRAST,
    SATURATION,
    Gate,
    is_near,
    measure,
    offset_step,
    own_flags,
)
from tests.rasters import pixels

GATE = Gate()
SITE = Site("35VLF", 512, 1024)


def flags(values, **gate):
    return own_flags(measure(values, negative=0), replace(GATE, **gate))


def dark(values):
    return dict(zip(BANDS, measure(values, negative=0).dark))


@pytest.fixture(scope="module")
def dates():
    """Painted (synthetic) tiles of one place on ten dates, of every kind of weather."""
    days = [date(2026, month, day) for month in range(4, 9) for day in (3, 21)]
    weather = [list(REGIMES)[number % len(REGIMES)] for number in range(len(days))]
    return [
        paint_product(3, SITE, day, size=256, regime=regime).bands
        for day, regime in zip(days, weather)
    ]


def test_an_ordinary_tile_passes():
    assert flags(pixels(height=256, width=256)) == []


def test_a_tile_with_a_corner_of_data_is_flagged():
    values = np.zeros((4, 256, 256), dtype=np.uint16)
    values[:, :40, :40] = pixels(height=40, width=40)

    assert flags(values) == [LITTLE_DATA]
    assert measure(values, negative=0).valid_share == 1600 / 256**2


def test_a_pixel_with_data_in_any_band_is_valid():
    values = np.zeros((2, 256, 256), dtype=np.uint16)
    values[0, 0, :3], values[1, 1, :2] = 7, 9

    assert measure(values, negative=0).valid_share == 5 / 256**2


def test_saturation_in_any_band_counts():
    values = pixels(height=256, width=256)
    values[2, :128] = 65_535

    assert flags(values) == [SATURATION]
    assert measure(values, negative=0).saturated_share == 0.5


def test_one_single_value_a_band_is_no_picture():
    values = np.full((2, 256, 256), 700, dtype=np.uint16)
    values[1] = 900
    almost = values.copy()
    almost[1, 3, 5] = 901

    assert flags(values) == [NO_CONTRAST]
    assert flags(almost) == []


def test_dark_ground_is_that_of_the_pixels_with_data():
    values = np.zeros((1, 256, 256), dtype=np.uint16)
    values[0, :, :128] = np.arange(1, 129)

    assert measure(values, negative=3).dark == (5,)
    assert measure(values, negative=3).negative == 3


def test_a_fingerprint_survives_its_row():
    means = cells(pixels(height=256, width=256))

    kept = packed(means)

    np.testing.assert_array_equal(unpacked(kept), means)
    assert head(float(means.mean())) == kept[:2]
    assert packed(cells(np.zeros((4, 256, 256), dtype=np.uint16))) == b""


def test_the_same_tile_with_other_noise_is_near_and_another_date_is_not(dates):
    tile = dates[0]
    noise = np.random.default_rng(0).normal(0, 20, tile.shape)
    again = np.clip(tile + noise, 1, 65_534).astype(np.uint16)

    near = is_near(cells(tile), [cells(again), *(cells(each) for each in dates[1:])], GATE)

    assert near.tolist() == [True] + [False] * (len(dates) - 1)


def test_tiles_of_other_bands_are_never_near():
    one, two = pixels(height=256, width=256), pixels(bands=2, height=256, width=256)

    assert is_near(cells(one), [cells(two)], GATE).tolist() == [False]
    assert is_near(cells(one), [], GATE).tolist() == []


@pytest.mark.parametrize("shift", [1000, -1000])
def test_a_forgotten_offset_is_a_step_whatever_the_weather(dates, shift):
    raised = [np.where(each > 0, each + 1000, 0).astype(np.uint16) for each in dates]
    old, new = (dates, raised) if shift > 0 else (raised, dates)

    steps = [offset_step(dark(each), [dark(then)], GATE) for each, then in zip(new, old)]

    assert all(step is not None and abs(step - shift) < 50 for step in steps)


def test_other_dates_and_weather_make_no_step(dates):
    darks = [dark(each) for each in dates]

    steps = [
        offset_step(darks[one], [darks[other]], GATE)
        for one in range(len(dates))
        for other in range(len(dates))
        if one != other
    ]

    assert not any(steps)


def test_a_step_needs_several_bands_and_something_to_compare_with():
    low, high = {"B02": 400, "B03": 300}, {"B02": 1400, "B03": 1300}

    assert offset_step(high, [low], GATE) is None
    assert offset_step({**high, "B04": 1250}, [], GATE) is None
    assert offset_step({**high, "B04": 1250}, [{**low, "B04": 250}], GATE) == 1000
