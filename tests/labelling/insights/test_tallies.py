"""Counts of large campaigns: kept by the sweep, shown with their time, the same as counted ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.insights import tallies
from labelling.insights.overview import overview
from labelling.insights.queue_health import lane_counts
from labelling.insights.tallies import FRESH, keep_tallies, lane_counts_of, tallies_of
from labelling.models import Campaign
from tests.factories import NOON, CampaignFactory, TaskFactory, person
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db


@pytest.fixture
def north(monkeypatch):
    """A campaign of three tiles, where three are many."""
    monkeypatch.setattr(tallies, "LARGE", 2)
    campaign = CampaignFactory(slug="north", targets={"tiles": 9})
    tasks = TaskFactory.create_batch(3, campaign=campaign)
    label(tasks[0].tile, campaign, pixels={"0": 7})
    person("ana", campaign=campaign)
    return campaign


def test_what_is_kept_is_what_was_counted(north):
    fresh, lanes = tallies_of(north), lane_counts(north, now=NOON)

    assert keep_tallies(north, now=NOON)

    stored = Campaign.objects.get()
    kept = tallies_of(stored)
    assert kept.counted == NOON
    assert vars(kept) | {"counted": None} == vars(fresh)
    assert lane_counts_of(stored, now=NOON) == lanes


def test_counts_are_made_again_when_they_are_old(north):
    keep_tallies(north, now=NOON)
    TaskFactory(campaign=north)

    assert not keep_tallies(north, now=NOON + FRESH - timedelta(seconds=1))
    assert tallies_of(north).states["open"] == 3

    assert keep_tallies(north, now=NOON + FRESH)
    assert tallies_of(north).states["open"] == 4


def test_a_large_campaigns_page_counts_nothing(north, django_assert_max_num_queries):
    keep_tallies(north, now=NOON)
    stored = Campaign.objects.select_related("schema").get()

    with django_assert_max_num_queries(5):
        seen = overview(stored)

    assert (seen.tiles.total, seen.tiles.target, seen.counted) == (3, 9, NOON)


def test_a_small_campaign_keeps_nothing(north, monkeypatch):
    keep_tallies(north, now=NOON)
    monkeypatch.setattr(tallies, "LARGE", 50)

    assert keep_tallies(north, now=NOON)
    assert Campaign.objects.get().tallies == {}
    assert not keep_tallies(north, now=NOON)
