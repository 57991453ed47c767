"""What helps to read a tile: composites, the clearest other date, the shadows' offsets."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from labelling.adapters.blobs import store
from labelling.imagery.composites import composite
from labelling.models import Scene, Tile
from labelling.workflow.pictures import picture_of
from tests.factories import (
    NOON,
    AcquisitionFactory,
    CampaignFactory,
    SceneFactory,
    TileFactory,
    person,
)
from tests.labelling.api.conftest import signed_in, with_pixels

FIRST = ["B04", "B03", "B02"]
STRETCH = {"B02": [900, 1300], "B03": [2000, 2200], "B04": [3000, 3250], "B08": [4000, 4100]}


@pytest.fixture
def shown(task):
    """The task's tile, not synthetic, with a stretch."""
    Scene.objects.filter(pk=task.tile.scene_id).update(stretch=STRETCH, synthetic=False)
    return task.tile


@pytest.fixture
def clear(campaign, task):
    """The same place a week later, nearly without cloud."""
    scene = SceneFactory(cloud_cover=1.0)
    later = AcquisitionFactory(place=task.acquisition.place, taken=NOON + timedelta(days=7))
    tile = TileFactory(campaign=campaign, acquisition=later, scene=scene)
    with_pixels(tile)
    return tile


def image(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.content
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def composite_path(tile, query=""):
    return f"/api/v1/tiles/{tile.uuid}/composite.png{query}"


def test_a_composite_shows_three_bands_under_the_scenes_stretch(ana, shown):
    pixels = with_pixels(shown)

    answer = ana.get(composite_path(shown, "?bands=B08,B03,B02"))

    expected = composite(pixels, shown.bands, shown=["B08", "B03", "B02"], stretch=STRETCH)
    assert np.array_equal(image(answer), expected)
    assert answer["Content-Type"] == "image/png"


def test_a_composite_has_a_name_and_the_first_is_true_colour(ana, shown):
    by_name = ana.get(composite_path(shown, "?name=True colour"))

    assert by_name.content == ana.get(composite_path(shown)).content
    assert by_name.content == ana.get(composite_path(shown, "?bands=B04,B03,B02")).content


def test_a_campaigns_own_composite_goes_by_its_name(campaign, ana, shown):
    campaign.composites = [{"name": "Haze", "bands": ["B02", "B02", "B08"]}]
    campaign.save()

    answer = ana.get(composite_path(shown, "?name=Haze"))

    assert answer.content == ana.get(composite_path(shown, "?bands=B02,B02,B08")).content


def test_a_composite_is_made_once_and_then_read(ana, shown):
    picture = picture_of(Tile.objects.select_related("scene").get(pk=shown.pk), FIRST)
    first = ana.get(composite_path(shown)).content

    assert store().read(picture.key) == first
    store().write(picture.key, b"as it was kept")
    assert ana.get(composite_path(shown)).content == b"as it was kept"


def test_who_has_a_picture_is_told_that_it_is_the_same(ana, shown):
    first = ana.get(composite_path(shown))

    again = ana.get(composite_path(shown), headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert first["Cache-Control"] == "private, max-age=86400"


def test_another_stretch_is_another_picture(ana, shown):
    first = ana.get(composite_path(shown))
    Scene.objects.filter(pk=shown.scene_id).update(stretch=STRETCH | {"B04": [0, 10000]})

    again = ana.get(composite_path(shown), headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 200
    assert again.content != first.content


def test_a_painted_picture_says_that_it_is_synthetic(ana, task):
    said = ana.get(composite_path(task.tile))
    Scene.objects.filter(pk=task.tile.scene_id).update(synthetic=False)

    assert said.content != ana.get(composite_path(task.tile)).content


@pytest.mark.parametrize(
    ("query", "field"),
    [("?bands=B02", "bands"), ("?bands=B02,B03,B99", "bands"), ("?name=Snow", "name")],
)
def test_a_picture_that_cannot_be_is_named(ana, shown, query, field):
    answer = ana.get(composite_path(shown, query))

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["help"]


def test_a_picture_of_a_lost_raster_is_not_found_by_name(ana, shown):
    store().delete(shown.raster)

    answer = ana.get(composite_path(shown))

    assert answer.status_code == 404
    assert shown.raster in answer.json()["message"]


@pytest.mark.parametrize("path", ["composite.png", "reference"])
def test_only_the_people_of_the_tiles_campaigns_see_it(task, ana, lea, max, path):
    other = signed_in(person("zoe", campaign=CampaignFactory(slug="south")))
    address = f"/api/v1/tiles/{task.tile.uuid}/{path}"

    statuses = [each.get(address).status_code for each in (ana, lea, max, other)]

    assert statuses == [200, 200, 404, 404]


def reference(client, tile, query=""):
    answer = client.get(f"/api/v1/tiles/{tile.uuid}/reference{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_the_clearest_other_date_is_named_and_its_bands_may_be_seen(ana, task, clear):
    told = reference(ana, task.tile)["reference"]

    assert (told["days"], told["tile"]["id"]) == (7, str(clear.uuid))
    assert told["tile"]["bands"] == clear.bands
    assert ana.get(f"/api/v1/tiles/{clear.uuid}/bands").status_code == 200


def test_where_there_is_no_other_date_there_is_none(ana, task):
    told = reference(ana, task.tile)

    assert (told["reference"], told["shadow"], told["sun_elevation"]) == (None, [], None)


def test_shadows_are_told_for_clouds_from_one_to_ten_kilometres(ana, task):
    place = task.acquisition.place
    type(place).objects.filter(pk=place.pk).update(longitude=23.5, latitude=59.5)
    type(task.tile).objects.filter(pk=task.tile.pk).update(sun_zenith=45.0, sun_azimuth=180.0)

    told = reference(ana, task.tile)

    assert (told["sun_elevation"], told["sun_azimuth"], told["parallax"]) == (45.0, 180.0, False)
    lowest = told["shadow"][0]
    assert (lowest["height"], lowest["rows"]) == (1000, pytest.approx(-100))
    assert lowest["columns"] == pytest.approx(0, abs=1e-9)
    assert told["shadow"][-1]["height"] == 10_000


def test_nothing_gives_away_splits_lanes_labels_or_how_clear_it_is(ana, task, clear):
    def names(told):
        if not isinstance(told, dict):
            return set()
        return set(told) | {name for value in told.values() for name in names(value)}

    told = names(reference(ana, task.tile))

    assert not told & {"split", "lane", "lanes", "label", "cover", "cloud", "clear", "score"}
    assert not told & {"scope", "fence", "round_no", "tasks", "gold"}


def test_a_campaign_of_ones_own_can_be_asked_for_and_no_other(campaign, ana, task, clear):
    south = CampaignFactory(slug="south")
    south.enrolments.create(tile=task.tile)
    path = f"/api/v1/tiles/{task.tile.uuid}/reference"
    assert ana.get(f"{path}?campaign=south").status_code == 404

    person("ana", campaign=south)

    assert reference(ana, task.tile, "?campaign=south")["reference"] is None
    assert reference(ana, task.tile, "?campaign=north")["reference"]["days"] == 7
