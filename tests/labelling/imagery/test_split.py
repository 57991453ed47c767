from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.split import DEFAULT_SHARES, SPLITS, ground_squares, split_of
from tests.rasters import IN_35VLF

names = st.text(min_size=1, max_size=40)
shares = st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(1, 10)).map(
    lambda parts: {name: part / sum(parts) for name, part in zip(SPLITS, parts)}
)


@given(names, shares, st.integers(0, 2**32))
def test_the_same_ground_always_gets_the_same_split(name, given_shares, seed):
    first = split_of(name, given_shares, seed=seed)

    assert first in SPLITS
    assert split_of(name, dict(reversed(given_shares.items())), seed=seed) == first


@given(names, shares)
def test_a_split_without_a_share_is_never_given(name, given_shares):
    assert given_shares[split_of(name, given_shares)] > 0


@given(names)
def test_a_larger_pool_never_moves_a_place_out_of_it(name):
    before = {"pool": 0.6, "validation": 0.2, "test": 0.2}
    after = {"pool": 0.8, "validation": 0.1, "test": 0.1}

    if split_of(name, before) == "pool":
        assert split_of(name, after) == "pool"


def test_the_splits_get_their_shares_of_many_squares():
    counts = Counter(split_of(f"6933/{n}/60", DEFAULT_SHARES) for n in range(4000))

    for name, share in DEFAULT_SHARES.items():
        assert counts[name] / 4000 == pytest.approx(share, abs=0.03)


def test_the_split_is_frozen_for_ever():
    # A change of these would move test places into somebody's pool.
    assert [split_of(f"6933/{n}/62", DEFAULT_SHARES) for n in range(14, 26)] == [
        "pool", "pool", "pool", "validation", "pool", "pool",
        "validation", "pool", "pool", "pool", "pool", "pool",
    ]  # fmt: skip


def test_two_zones_agree_about_the_same_ground():
    # 24° E lies on the border of zones 34 and 35.
    here = Georeference("EPSG:4326", (0.0001, 0.0, 24.0, 0.0, -0.0001, 58.9))
    for zone in ("EPSG:32634", "EPSG:32635"):
        ((x, y),) = here.project(zone, [(0, 0)])
        there = Georeference(zone, (10.0, 0.0, x, 0.0, -10.0, y))

        assert ground_squares(there, [(0, 0)]) == ground_squares(here, [(0, 0)])


def test_a_hundred_kilometres_further_is_another_square():
    near, far = ground_squares(IN_35VLF, [(0, 0), (0, 20_000)])

    assert near != far


@pytest.mark.parametrize(
    "unfair",
    [
        {"pool": 1.0},
        {"pool": 0.5, "validation": 0.2, "test": 0.2},
        {"pool": 1.2, "validation": -0.1, "test": -0.1},
        {"pool": 0.5, "validation": 0.3, "tests": 0.2},
    ],
)
def test_unfair_shares_are_refused(unfair):
    with pytest.raises(BadInput, match="shares"):
        split_of("6933/1/1", unfair)


@pytest.mark.parametrize("crs", ["EPSG:999999", "EPSG:32635"])
def test_a_place_that_is_nowhere_is_refused(crs):
    nowhere = Georeference(crs, (10.0, 0.0, 1e30, 0.0, -10.0, 1e30))

    with pytest.raises(RasterRejected):
        ground_squares(nowhere, [(0, 0)])
