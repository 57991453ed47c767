from __future__ import annotations

import numpy as np
import pytest

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_mask
from labelling.insights.masks import masks_of
from labelling.models import Layer
from tests.factories import NOON, CampaignFactory, TileFactory, person
from tests.labelling.api.conftest import SIZE, with_prelabel
from tests.labelling.api.test_tiles import read


def beside(tile, source: str, code: int, version: str = "1", **fields) -> Layer:
    layer = Layer.objects.create(
        tile=tile, source=source, version=version, created=NOON,
        raster=f"layers/{tile.pk}-{source}-{version}.tif",
        **{"provides": [0, 1], "classes": {str(code): 1.0}, **fields},
    )  # fmt: skip
    plane = np.full((SIZE, SIZE), code, np.uint8)
    store().write_with(layer.raster, lambda path: write_mask(path, plane, name=source))
    return layer


@pytest.fixture
def tile(task):
    with_prelabel(task)
    beside(task.tile, "scl", 0, "1")
    beside(task.tile, "scl", 1, "2")
    beside(task.tile, "s1", 7, provides=[], classes={})
    return task.tile


def test_the_newest_version_of_each_mask_is_listed_the_models_first(rita, tile):
    told = rita.get(f"/api/v1/tiles/{tile.uuid}/masks").json()["results"]

    assert [(each["source"], each["version"]) for each in told] == [
        ("model", "0a1b2c3d"), ("scl", "2"),
    ]  # fmt: skip


def test_a_masks_codes_come_as_octets(rita, tile):
    scl = read(rita.get(f"/api/v1/tiles/{tile.uuid}/masks/scl"), "u1", SIZE, SIZE)
    model = read(rita.get(f"/api/v1/tiles/{tile.uuid}/masks/model"), "u1", SIZE, SIZE)

    assert (scl == 1).all()
    assert model[0, 0] == 1
    assert model[-1, 0] == 0


@pytest.mark.parametrize("path", ["masks", "masks/scl"])
def test_an_annotator_sees_no_mask_not_even_by_leading_elsewhere(ana, tile, path):
    person("ana", campaign=CampaignFactory(), role="lead")

    answer = ana.get(f"/api/v1/tiles/{tile.uuid}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_who_has_no_part_in_the_campaign_learns_nothing(max, tile):
    assert max.get(f"/api/v1/tiles/{tile.uuid}/masks").status_code == 404


def test_a_mask_that_there_is_not_is_named(rita, tile):
    answer = rita.get(f"/api/v1/tiles/{tile.uuid}/masks/s1")

    assert (answer.status_code, answer.json()["field"]) == (404, "source")


def test_masks_cost_one_query_however_many(tile, django_assert_num_queries):
    with django_assert_num_queries(1):
        masks_of(tile)


def test_a_tile_without_masks_has_an_empty_list(campaign, rita):
    tile = TileFactory(campaign=campaign)

    assert rita.get(f"/api/v1/tiles/{tile.uuid}/masks").json() == {"results": []}
