"""The same ground is in the same split, whatever tile and zone it is seen in."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelling.imagery.files import Georeference
from labelling.imagery.grid import EXTENT, grid_of
from labelling.imagery.split import DEFAULT_SHARES, ground_squares, split_of, squares_touched

SHARES = {"pool": 0.4, "validation": 0.3, "test": 0.3}
"""More borders between splits than by default."""
NEIGHBOURS = [("34VFL", "35VLF"), ("35VLF", "35VMF"), ("35VLF", "35VLG"), ("32VNM", "32VPM")]
"""MGRS tiles that overlap: over a zone's border, and within a zone to the east and the north."""


def tiles_of(mgrs, *, size=512):
    """Georeferences of an MGRS tile's grid, by (row, column)."""
    grid = grid_of(mgrs, size=size)
    corner = Georeference(f"EPSG:{grid.epsg}", (10.0, 0.0, grid.west, 0.0, -10.0, grid.north))
    count = math.ceil(EXTENT / size)
    return {
        (row, column): corner.moved(rows=row * size, columns=column * size)
        for row in range(count)
        for column in range(count)
    }


def verdict(tile, *, size=512, seed=0):
    """The tile's split; None where it is fenced."""
    splits = {split_of(square, SHARES, seed=seed) for square in squares_touched(tile, size=size)}
    return splits.pop() if len(splits) == 1 else None


def at(tile, longitude, latitude):
    """(row, column) of a place in a tile, in pixels."""
    here = Georeference("EPSG:4326", (1.0, 0.0, longitude, 0.0, -1.0, latitude))
    ((x, y),) = here.project(tile.crs, [(0, 0)])
    a, _, west, _, e, north = tile.transform
    return (y - north) / e, (x - west) / a


@pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
@pytest.mark.parametrize("seed", [0, 7])
def test_tiles_of_neighbours_that_share_ground_never_serve_two_splits(one, other, seed):
    size = 1024
    here, there = tiles_of(one, size=size), tiles_of(other, size=size)
    shared = 0

    for tile in here.values():
        split = verdict(tile, size=size, seed=seed)
        for row, column in [(0, 0), (0, size), (size, 0), (size, size), (size / 2, size / 2)]:
            ((longitude, latitude),) = tile.project("EPSG:4326", [(row, column)])
            down, right = at(next(iter(there.values())), longitude, latitude)
            twin = there.get((math.floor(down / size), math.floor(right / size)))
            if twin:
                shared += 1
                assert len({split, verdict(twin, size=size, seed=seed)} - {None}) <= 1

    assert shared > 10


places = st.tuples(st.floats(-179, 179), st.floats(-70, 75))


@given(places, st.sampled_from([2560, 5120, 15360]), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_every_point_of_a_tile_lies_in_a_square_that_it_touches(place, metres, down, right):
    longitude, latitude = place
    zone = int((longitude + 180) // 6) + 1
    crs = f"EPSG:{(326 if latitude >= 0 else 327) * 100 + zone}"
    here = Georeference("EPSG:4326", (1.0, 0.0, longitude, 0.0, -1.0, latitude))
    ((x, y),) = here.project(crs, [(0, 0)])
    tile = Georeference(crs, (metres / 256, 0.0, x, 0.0, -metres / 256, y))

    touched = squares_touched(tile, size=256)

    (square,) = ground_squares(tile, [(256 * down, 256 * right)])
    assert square in touched


@given(places)
@settings(max_examples=40, deadline=None)
def test_two_zones_give_the_same_ground_the_same_split(place):
    longitude, latitude = place
    zone = int((longitude + 180) // 6) + 1
    hemisphere = 326 if latitude >= 0 else 327
    here = Georeference("EPSG:4326", (1.0, 0.0, longitude, 0.0, -1.0, latitude))
    found = []
    for each in {zone, zone % 60 + 1}:
        crs = f"EPSG:{hemisphere * 100 + each}"
        ((x, y),) = here.project(crs, [(0, 0)])
        # A pixel around the place, so that rounding at a square's very edge is no matter.
        found.append(set(squares_touched(Georeference(crs, (10.0, 0, x, 0, -10.0, y)), size=1)))

    assert found[0] & found[-1]


def test_a_square_that_holds_none_of_the_corners_is_touched_all_the_same():
    # It lies askew on the squares, and a sliver of its side reaches into a fourth one.
    tile = Georeference("EPSG:32634", (10.0, 0.0, 607_168.0, 0.0, -10.0, 6_399_737.0))
    at_corners = ground_squares(tile, [(0, 0), (0, 512), (512, 0), (512, 512)])
    rows = range(0, 513, 4)
    everywhere = ground_squares(tile, [(row, column) for row in rows for column in rows])

    assert set(everywhere) - set(at_corners) == {"6933/22/62"}
    assert set(everywhere) <= set(squares_touched(tile, size=512))


def test_a_tile_well_inside_a_square_touches_only_that_one():
    middle = Georeference("EPSG:6933", (1.0, 0.0, 2.35e6, 0.0, -1.0, 6.25e6))
    ((x, y),) = middle.project("EPSG:32635", [(0, 0)])
    tile = Georeference("EPSG:32635", (10.0, 0.0, x, 0.0, -10.0, y))

    assert squares_touched(tile, size=512) == ground_squares(tile, [(256, 256)])


def test_few_tiles_of_a_product_are_fenced():
    tiles = tiles_of("35VLF")

    fenced = sum(
        len({split_of(s, DEFAULT_SHARES) for s in squares_touched(tile, size=512)}) > 1
        for tile in tiles.values()
    )

    assert fenced / len(tiles) < 0.15
