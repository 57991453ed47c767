"""The clearest other date of a place, and where shadows fall."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.adapters.blobs import store
from labelling.errors import RasterRejected
from labelling.insights.reference import clear_reference
from labelling.insights.shadow import expected_shadow
from labelling.models import CampaignTile, Tile
from tests.factories import (
    NOON,
    AcquisitionFactory,
    CampaignFactory,
    PlaceFactory,
    SceneFactory,
    TileFactory,
)
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return PlaceFactory(key="35VLF/256/0/0", longitude=23.5, latitude=59.5)


@pytest.fixture
def tile(campaign, place) -> Tile:
    return seen(campaign, place, 0, cloud=80)


def seen(campaign, place, days, *, cloud=None, **more) -> Tile:
    """The place `days` after noon, with so much cloud in per cent, as its product says."""
    acquisition = place.acquisitions.filter(taken=NOON + timedelta(days=days)).first()
    acquisition = acquisition or AcquisitionFactory(place=place, taken=NOON + timedelta(days=days))
    scene = SceneFactory(cloud_cover=cloud)
    return TileFactory(campaign=campaign, acquisition=acquisition, scene=scene, **more)


def chosen(tile, campaign):
    found = clear_reference(tile, campaign=campaign)
    return found and (found.tile, found.days)


def test_the_clearest_date_within_45_days_is_chosen(campaign, place, tile):
    seen(campaign, place, -40, cloud=30)
    clear = seen(campaign, place, 12, cloud=5)
    seen(campaign, place, 46, cloud=0)

    assert chosen(tile, campaign) == (clear, 12)


def test_45_days_to_the_second_are_near_enough(campaign, place, tile):
    last = seen(campaign, place, -45, cloud=5)

    assert chosen(tile, campaign) == (last, -45)


def test_of_equally_clear_dates_the_nearest_is_chosen(campaign, place, tile):
    seen(campaign, place, 20, cloud=5)
    near = seen(campaign, place, -3, cloud=5)

    assert chosen(tile, campaign) == (near, -3)


def test_a_date_with_little_data_is_not_clear(campaign, place, tile):
    seen(campaign, place, 2, cloud=0, valid_share=0.1)
    whole = seen(campaign, place, 9, cloud=30)

    assert chosen(tile, campaign) == (whole, 9)


def test_shadow_is_not_clear_either(campaign, place, tile):
    shady, cloudy = seen(campaign, place, 2), seen(campaign, place, 9)
    label(shady, campaign, pixels={"0": 40, "3": 60})
    label(cloudy, campaign, pixels={"0": 50, "1": 50})

    assert chosen(tile, campaign) == (cloudy, 9)


def test_of_one_acquisition_the_tiles_own_level_is_taken(campaign, place, tile):
    seen(campaign, place, 5, cloud=1, level="L2A")
    same = seen(campaign, place, 5, cloud=2, level="L1C")

    assert chosen(tile, campaign) == (same, 5)


def test_another_level_is_better_than_none(campaign, place, tile):
    other = seen(campaign, place, 5, cloud=1, level="L2A")

    assert chosen(tile, campaign) == (other, 5)


def test_there_is_none_where_no_other_date_is_known(campaign, place, tile):
    seen(campaign, place, 0, cloud=0, level="L2A")
    seen(campaign, place, 3)
    seen(campaign, PlaceFactory(), 3, cloud=0)
    undated = seen(campaign, place, 4, cloud=0)
    type(undated.acquisition).objects.filter(pk=undated.acquisition_id).update(taken=None)

    assert chosen(tile, campaign) is None
    assert chosen(Tile.objects.get(pk=undated.pk), campaign) is None


def test_near_duplicates_are_no_other_date(campaign, place, tile):
    copy, origin, twin = (seen(campaign, place, days, cloud=0) for days in (1, 2, 3))
    Tile.objects.filter(pk=copy.pk).update(near_duplicate_of=tile)
    Tile.objects.filter(pk__in=[tile.pk, twin.pk]).update(near_duplicate_of=origin)
    tile.refresh_from_db()

    assert chosen(tile, campaign) is None


def test_a_date_out_of_scope_or_fenced_will_do_but_not_one_of_another_campaign(
    campaign, place, tile
):
    seen(CampaignFactory(), place, 2, cloud=0)
    kept_back = seen(campaign, place, 9, cloud=5)
    CampaignTile.objects.filter(tile=kept_back).update(scope="out", fence="split border")

    assert chosen(tile, campaign) == (kept_back, 9)


def test_many_dates_take_as_many_queries_as_one(
    campaign, place, tile, django_assert_max_num_queries
):
    for days in range(1, 9):
        seen(campaign, place, days, cloud=days)

    with django_assert_max_num_queries(5):
        clear_reference(tile, campaign=campaign)


def shadows(tile):
    return expected_shadow(tile, blobs=store())


def test_shadows_of_a_painted_tile_fall_by_the_grids_north(campaign, place):
    tile = seen(campaign, place, 0, sun_zenith=45.0, sun_azimuth=180.0)

    offsets = shadows(tile).offsets

    assert [each.height for each in offsets] == list(range(1000, 10_001, 1000))
    assert (offsets[0].rows, offsets[0].columns) == pytest.approx((-100, 0))


def test_shadows_of_a_real_tile_fall_by_the_true_north(campaign, place):
    scene = SceneFactory(synthetic=False)
    tile = TileFactory(
        campaign=campaign, acquisition=AcquisitionFactory(place=place), scene=scene,
        sun_zenith=45.0, sun_azimuth=180.0, view_zenith=0.0, view_azimuth=0.0,
    )  # fmt: skip

    told = shadows(tile)

    assert told.parallax
    # West of the zone's middle true north leans to the right of the grid's by three degrees.
    assert told.offsets[0].columns == pytest.approx(5.26, abs=0.1)


@pytest.mark.parametrize(
    "angles", [{}, {"sun_zenith": 45.0}, {"sun_zenith": 88.0, "sun_azimuth": 180.0}]
)
def test_without_a_sun_that_tells_there_are_no_offsets(campaign, place, angles):
    assert shadows(seen(campaign, place, 0, **angles)).offsets == []


def test_without_a_place_there_are_no_offsets(campaign):
    nowhere = PlaceFactory(key="scene")
    tile = seen(campaign, nowhere, 0, sun_zenith=45.0, sun_azimuth=180.0)

    assert shadows(tile).offsets == []


def test_off_the_grid_the_raster_is_asked_and_must_be_there(campaign):
    somewhere = PlaceFactory(key="scene", longitude=24.0, latitude=59.0)
    tile = seen(campaign, somewhere, 0, sun_zenith=45.0, sun_azimuth=180.0)

    with pytest.raises(RasterRejected, match=r"\.tif"):
        shadows(tile)
