"""How the labelled set spreads: counted as the figures claim, and the same when it was kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from labelling.insights import spread as module
from labelling.insights.spread import REST, UNDATED, Spread, spread
from tests.factories import NOON, CampaignFactory, TileFactory
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db

JULY = datetime(2026, 7, 9, 10, tzinfo=UTC)


def labelled(campaign, square, taken, pixels, number=0, **more):
    tile = TileFactory(
        campaign=campaign, acquisition__place__key=f"{square}/256/0/{number}",
        acquisition__place__square=square, acquisition__taken=taken,
    )  # fmt: skip
    return label(tile, campaign, pixels=pixels, **more)


@pytest.fixture
def north():
    """Two tiles of one scene, one of another month, one without a date."""
    campaign = CampaignFactory(slug="north")
    labelled(campaign, "35VLF", NOON, {"0": 60, "1": 40, "254": 9})
    labelled(campaign, "35VLF", NOON, {"0": 100, "3": 0}, number=1)
    labelled(campaign, "32VNM", JULY, {"3": 30, "255": 70})
    labelled(campaign, "drone", None, {"1": 5})
    return campaign


def test_tiles_of_one_square_and_moment_are_one_scene(north):
    seen = spread(north)

    assert (seen.tiles, seen.scenes, seen.pixels) == (4, 3, 235)
    clear, cloud, thin, shadow = seen.classes
    assert (clear.tiles, clear.scenes, clear.pixels) == (2, 1, 160)
    assert (cloud.tiles, cloud.scenes, cloud.pixels) == (2, 2, 45)
    assert (thin.tiles, thin.scenes, thin.pixels) == (0, 0, 0)
    assert (shadow.tiles, shadow.pixels) == (1, 30)


def test_months_places_and_sources_are_told_apart(north):
    seen = spread(north)

    assert [(part.name, part.tiles) for part in seen.months] == [("06", 2), ("07", 1), (UNDATED, 1)]
    assert [part.name for part in seen.places] == ["35VLF", "32VNM", "drone"]
    assert seen.places[0].pixels == {"0": 160, "1": 40}
    assert [(part.name, part.tiles, part.scenes) for part in seen.sources] == [("campaign", 4, 3)]


def test_places_beyond_the_first_are_one_row_that_loses_nothing(north, monkeypatch):
    monkeypatch.setattr(module, "MOST_PLACES", 1)

    first, rest = spread(north).places

    assert (first.name, rest.name) == ("35VLF", REST)
    assert (rest.tiles, rest.scenes, rest.pixels) == (2, 2, {"1": 5, "3": 30})


def test_weeks_count_a_tile_when_it_was_first_labelled(north):
    late = labelled(north, "30UYC", NOON, {"0": 1}, created=NOON + timedelta(days=8))
    # A rework doesn't move the tile to a later week.
    label(
        TileFactory(acquisition=late.acquisition, level="L2A", campaign=north), north,
        pixels={"0": 2}, n=2, created=NOON + timedelta(days=30),
    )  # fmt: skip

    weeks = spread(north).weeks

    assert [(week.first, week.tiles) for week in weeks] == [
        (date(2026, 6, 1), 4),
        (date(2026, 6, 8), 5),
    ]


def test_what_is_kept_reads_back_as_it_was(north):
    seen = spread(north)

    assert Spread.read(seen.told()) == seen


def test_a_campaign_without_labels_has_nothing(django_assert_num_queries):
    campaign = CampaignFactory()

    with django_assert_num_queries(2):
        seen = spread(campaign)

    assert (seen.tiles, seen.months, seen.weeks) == (0, [], [])
    assert [each.pixels for each in seen.classes] == [0, 0, 0, 0]
