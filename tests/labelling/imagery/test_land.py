import numpy as np
import pytest

from labelling.imagery.files import Georeference
from labelling.imagery.land import land_share, on_land

TALLINN, FINNISH_GULF, LONDON, ATLANTIC = (24.74, 59.40), (24.5, 59.75), (0.0, 51.5), (-30.0, 50.0)


def tile_at(longitude, latitude, *, zone, size=512):
    """The georeference of a tile of 10 m pixels around a place."""
    here = Georeference("EPSG:4326", (1.0, 0.0, longitude, 0.0, -1.0, latitude))
    ((x, y),) = here.project(f"EPSG:326{zone}", [(0, 0)])
    return Georeference(f"EPSG:326{zone}", (10.0, 0.0, x - 5 * size, 0.0, -10.0, y + 5 * size))


@pytest.mark.parametrize(
    ("place", "land"), [(TALLINN, True), (FINNISH_GULF, False), (LONDON, True), (ATLANTIC, False)]
)
def test_land_and_sea_are_told_apart(place, land):
    assert on_land([place[0]], [place[1]]).tolist() == [land]


def test_the_edges_of_the_globe_are_places_too():
    answers = on_land([-180.0, 180.0, 0.0], [68.0, 68.0, 90.0])

    assert answers.tolist() == [True, True, False]


def test_the_land_share_of_a_tile_lies_between_none_and_all():
    inland, at_sea, coast = (
        land_share(tile_at(*place, zone=35), size=512)
        for place in [(25.5, 58.6), (24.5, 59.75), (24.74, 59.47)]
    )

    assert (inland, at_sea) == (1.0, 0.0)
    assert 0 < coast < 1


def test_the_land_share_is_that_of_its_points():
    tile = tile_at(24.74, 59.47, zone=35)
    steps = (np.arange(16) + 0.5) * 32
    points = tile.project("EPSG:4326", [(row, column) for row in steps for column in steps])

    assert land_share(tile, size=512) == on_land(*zip(*points)).mean()
