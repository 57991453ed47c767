"""The kept share of cloud: counted piece by piece, used by a large campaign's catalogue."""

from __future__ import annotations

import pytest

from labelling.insights import clouds, tallies
from labelling.insights.catalogue import catalogue
from labelling.insights.clouds import keep_clouds
from labelling.insights.tallies import FRESH, keep_tallies
from labelling.models import Campaign, CampaignTile
from tests.factories import NOON, CampaignFactory, SceneFactory, TileFactory
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db

CLOUDS = (80.0, 10.0, None, 40.0, 60.0)


@pytest.fixture
def north(monkeypatch):
    """Five tiles, where three are many and two are looked at in one sweep."""
    monkeypatch.setattr(tallies, "LARGE", 3)
    monkeypatch.setattr(clouds, "PIECE", 2)
    monkeypatch.setattr(clouds, "AT_ONCE", 1)
    campaign = CampaignFactory(slug="north")
    for cloud in CLOUDS:
        TileFactory(campaign=campaign, scene=SceneFactory(cloud_cover=cloud))
    keep_tallies(campaign, now=NOON)
    return campaign


def stored() -> Campaign:
    return Campaign.objects.select_related("schema").get()


def walk(sweeps: int) -> list[int]:
    return [keep_clouds(stored()) for _ in range(sweeps)]


def kept() -> list[float | None]:
    return list(CampaignTile.objects.order_by("tile").values_list("cloud", flat=True))


def shown(**asked) -> list[float | None]:
    return [row.cloud for row in catalogue(stored(), **asked).results]


def test_the_walk_goes_over_everything_and_begins_anew(north):
    assert walk(3) == [2, 1, 1]
    assert kept() == [0.8, 0.1, None, 0.4, 0.6]
    assert walk(3) == [0, 0, 0]

    cloudy = CampaignTile.objects.order_by("tile").first().tile
    label(cloudy, north, pixels={"0": 100})

    assert sum(walk(3)) == 1
    assert kept()[0] == 0.0


def test_until_the_first_walk_is_over_the_catalogue_asks_the_sources(north):
    CampaignTile.objects.update(cloud=0.5)
    walk(2)

    assert shown(sort="-cloud") == [0.8, 0.6, 0.4, 0.1, None]


def test_then_the_catalogue_orders_and_filters_by_what_was_kept(north):
    walk(3)
    last = CampaignTile.objects.order_by("tile").last()
    CampaignTile.objects.filter(pk=last.pk).update(cloud=0.05)

    # What is shown is as it is now; only the order may be a walk old.
    assert shown(sort="cloud") == [0.6, 0.1, 0.4, 0.8, None]
    assert shown(sort="-cloud", limit=2) == [0.8, 0.4]
    assert shown(wanted={"cloud_max": "7"}) == [0.6]


def test_new_counts_don_t_forget_the_walk_and_a_small_campaign_has_none(north, monkeypatch):
    walk(3)
    keep_tallies(stored(), now=NOON + FRESH)
    assert stored().tallies["clouds"]["whole"] is True

    monkeypatch.setattr(tallies, "LARGE", 50)
    keep_tallies(stored(), now=NOON + 2 * FRESH)

    assert walk(1) == [0]
    assert stored().tallies == {}
