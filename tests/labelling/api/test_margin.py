"""The ground around a tile: seen where a campaign of the person's has it, 0 elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_tile
from labelling.models import Tile
from tests.factories import (
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    SceneFactory,
    TileFactory,
    person,
)

pytestmark = pytest.mark.django_db
HEIGHT = 256
SEEN = (HEIGHT + 512) // 2
FIRST, LAST = 128, 128 + HEIGHT // 2
"""Rows and columns of the margin that the tile itself takes up."""


def tile_at(row: int, column: int, value: int, scene, campaign) -> Tile:
    place = PlaceFactory(key=f"35VLF/256/{row}/{column}")
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place),
        scene=scene,
        raster=f"tiles/{place.key}.tif",
        campaign=campaign,
    )
    pixels = np.full((4, HEIGHT, HEIGHT), value, np.uint16)
    store().write_with(tile.raster, lambda path: write_tile(path, pixels, bands=tile.bands))
    return tile


@pytest.fixture
def north():
    return CampaignFactory(slug="north")


def margin(client, tile: Tile, bands: str = "B08") -> np.ndarray:
    answer = client.get(f"/api/v1/tiles/{tile.uuid}/margin?bands={bands}")
    assert answer.status_code == 200
    octets = b"".join(answer.streaming_content)
    return np.frombuffer(octets, "<u2").reshape(-1, SEEN, SEEN)


def test_neighbours_lie_where_they_are_on_the_ground(client, north):
    scene = SceneFactory()
    middle = tile_at(4, 4, 500, scene, north)
    tile_at(3, 4, 1000, scene, north)
    tile_at(5, 5, 2000, scene, north)
    client.force_login(person("ana", campaign=north))

    seen = margin(client, middle, "B02,B08")

    assert seen.shape == (2, SEEN, SEEN)
    assert (seen[:, :FIRST, FIRST:LAST] == 1000).all()
    assert (seen[:, LAST:, LAST:] == 2000).all()
    seen = seen.copy()
    seen[:, :FIRST, FIRST:LAST] = seen[:, LAST:, LAST:] = 0
    assert not seen.any()


def test_other_scenes_and_other_people_s_campaigns_are_not_shown(client, north):
    scene = SceneFactory()
    middle = tile_at(4, 4, 500, scene, north)
    tile_at(3, 4, 1000, SceneFactory(), north)
    tile_at(4, 5, 2000, scene, CampaignFactory(slug="south"))
    client.force_login(person("ana", campaign=north))

    assert not margin(client, middle).any()


def test_a_neighbour_whose_raster_is_lost_is_left_out(client, north):
    scene = SceneFactory()
    middle = tile_at(4, 4, 500, scene, north)
    lost = tile_at(3, 4, 1000, scene, north)
    tile_at(5, 4, 2000, scene, north)
    store().delete(lost.raster)
    client.force_login(person("ana", campaign=north))

    seen = margin(client, middle)

    assert not seen[:, :FIRST].any()
    assert (seen[:, LAST:, FIRST:LAST] == 2000).all()


def test_who_has_no_part_in_the_campaign_sees_nothing(client, north):
    middle = tile_at(4, 4, 500, SceneFactory(), north)
    client.force_login(person("max"))

    assert client.get(f"/api/v1/tiles/{middle.uuid}/margin").status_code == 404


def test_queries_do_not_grow_with_neighbours(client, north, django_assert_max_num_queries):
    scene = SceneFactory()
    middle = tile_at(4, 4, 500, scene, north)
    for row, column in ((3, 3), (3, 4), (4, 5), (5, 4)):
        tile_at(row, column, 900, scene, north)
    client.force_login(person("ana", campaign=north))

    with django_assert_max_num_queries(10):
        margin(client, middle)
