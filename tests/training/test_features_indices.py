"""Each formula against its closed form, its range, and what a tile without light makes of it."""

import numpy as np
import pytest
import torch

from training.features.indices import AT_SENSOR, INDICES, SURFACE, TASSELLED

BANDS = sorted({band for index in INDICES.values() for band in index.needs})


def bands(**values):
    """One pixel of reflectance; bands that aren't given are dark."""
    return {band: torch.tensor([[float(values.get(band, 0.0))]]) for band in BANDS}


CASES = [
    ("ndvi", {"B08": 0.5, "B04": 0.1}, 0.4 / 0.6),
    ("ndwi", {"B03": 0.3, "B08": 0.1}, 0.2 / 0.4),
    ("ndsi", {"B03": 0.8, "B11": 0.2}, 0.6 / 1.0),
    ("hot", {"B02": 0.3, "B04": 0.2}, 0.3 - 0.1 - 0.08),
    ("cirrus", {"B10": 0.02, "B02": 0.25}, 0.08),
    ("psri", {"B04": 0.3, "B02": 0.1, "B06": 0.4}, 0.5),
    ("tcb", dict.fromkeys(TASSELLED, 0.5), 0.5 * 2.2301),
    ("tcg", {"B08": 0.6, "B04": 0.1}, 0.6 * 0.6633 - 0.1 * 0.4734),
    ("tcw", {"B11": 0.4}, -0.4 * 0.7611),
    ("tcb-l2a", dict.fromkeys(TASSELLED, 0.5), 0.5 * 2.2893),
    ("tcg-l2a", {"B08": 0.6, "B04": 0.1}, 0.6 * 0.7940 - 0.1 * 0.4934),
    ("tcw-l2a", {"B11": 0.4}, -0.4 * 0.6806),
]


@pytest.mark.parametrize(("name", "given", "expected"), CASES)
def test_an_index_is_its_formula(name, given, expected):
    assert INDICES[name].of(bands(**given)).item() == pytest.approx(expected, abs=1e-6)


def test_every_index_is_tried_against_a_closed_form():
    assert {case[0] for case in CASES} == set(INDICES)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_an_index_stays_in_its_range_whatever_the_light(index):
    rng = np.random.default_rng(0)
    # From no light at all over one stored step to clouds brighter than white.
    levels = np.array([0, 1e-4, 0.05, 0.3, 1.0, 1.8, 6.5535], dtype=np.float32)
    light = {band: torch.from_numpy(rng.choice(levels, (40, 40))) for band in index.needs}

    found = index.of(light)

    assert torch.isfinite(found).all()
    assert index.low <= found.min()
    assert found.max() <= index.high
    assert found.min() < found.max()


@pytest.mark.parametrize("table", [AT_SENSOR, SURFACE], ids=["L1C", "L2A"])
def test_the_axes_of_a_tasselled_cap_are_as_long_as_one_and_stand_upright(table):
    axes = np.array(list(table.values()))

    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1.5e-3)


def test_a_leaf_is_green_snow_is_snow_and_a_lake_is_water():
    leaf = bands(B02=0.03, B03=0.06, B04=0.03, B08=0.45, B11=0.2, B12=0.08)
    snow = bands(B02=0.9, B03=0.9, B04=0.9, B08=0.85, B11=0.1, B12=0.08)
    lake = bands(B02=0.06, B03=0.05, B04=0.03, B08=0.01, B11=0.005, B12=0.005)

    def of(name, ground):
        return INDICES[name].of(ground).item()

    assert of("ndvi", leaf) > 0.8 > of("ndvi", snow)
    assert of("ndsi", snow) > 0.7 > of("ndsi", leaf)
    assert of("ndwi", lake) > 0.5 > 0 > of("ndwi", leaf)
    assert of("tcg", leaf) > of("tcg", snow)
    assert of("tcw", lake) > of("tcw", leaf)


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_an_index_says_where_it_comes_from(index):
    assert index.source
    assert index.title
    assert index.low < index.high
    assert index.version >= 1
