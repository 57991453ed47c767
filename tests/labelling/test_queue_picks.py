"""A lead's picks: which tiles can be had, and what becomes of a round's task."""

from __future__ import annotations

from uuid import uuid4

import pytest

from labelling.errors import BadInput, Conflict, NotFound
from labelling.models import CampaignTile, Event, Task
from labelling.workflow.picks import MOST_PICKS, pick
from tests.factories import NOON, TaskFactory, TileFactory, person
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db


def picked(campaign, *tiles, why=""):
    lea = person("lea", campaign=campaign, role="lead")
    return pick(campaign=campaign, tiles=[t.uuid for t in tiles], why=why, who=lea, now=NOON)


def test_a_picked_tile_gets_a_task_of_its_own_lane_with_its_reason(campaign):
    tile = TileFactory(campaign=campaign)

    (task,) = picked(campaign, tile, why="thin cirrus over ice")

    assert (task.lane, task.state, task.cause) == ("pick", "open", "thin cirrus over ice")
    event = Event.objects.about(task).get()
    assert (event.verb, event.who.username) == ("created", "lea")


def test_a_rounds_open_task_is_closed_for_it(campaign):
    older = TaskFactory(campaign=campaign)

    picked(campaign, older.tile)

    older.refresh_from_db()
    assert older.state == "superseded"


def test_a_tile_may_be_picked_again_once_its_task_was_closed(campaign):
    tile = TileFactory(campaign=campaign)
    (first,) = picked(campaign, tile)
    Task.objects.filter(pk=first.pk).update(state="superseded")

    (second,) = picked(campaign, tile)

    assert (first.copy, second.copy) == (0, 1)


def reserved(campaign):
    ana = person("ana", campaign=campaign)
    return TaskFactory(campaign=campaign, state="reserved", holder=ana, lease_ends=NOON).tile


def labelled(campaign):
    tile = TileFactory(campaign=campaign)
    label(tile, campaign, pixels={"0": 1})
    return tile


def of_the_test_split(campaign):
    return TileFactory(campaign=campaign, acquisition__place__split="test")


def fenced(campaign):
    tile = TileFactory(campaign=campaign)
    CampaignTile.objects.filter(tile=tile).update(fence="split border")
    return tile


@pytest.mark.parametrize(
    ("unfit", "refusal"),
    [
        (reserved, Conflict),
        (labelled, Conflict),
        (of_the_test_split, BadInput),
        (fenced, NotFound),
        (lambda campaign: TileFactory(), NotFound),
    ],
)
def test_one_tile_that_cannot_be_had_refuses_all_and_is_named(campaign, unfit, refusal):
    good, bad = TaskFactory(campaign=campaign).tile, unfit(campaign)
    before = list(Task.objects.order_by("pk").values())

    with pytest.raises(refusal, match=str(bad.uuid)):
        picked(campaign, good, bad)

    assert list(Task.objects.order_by("pk").values()) == before


def test_too_many_tiles_one_named_twice_and_a_long_reason_are_refused(campaign):
    tile = TileFactory(campaign=campaign)
    asked = {"campaign": campaign, "why": "", "who": None, "now": NOON}

    with pytest.raises(BadInput, match=f"1 to {MOST_PICKS}"):
        pick(tiles=[uuid4() for _ in range(MOST_PICKS + 1)], **asked)
    with pytest.raises(BadInput, match="named twice"):
        pick(tiles=[tile.uuid, tile.uuid], **asked)
    with pytest.raises(BadInput) as refusal:
        pick(tiles=[tile.uuid], **asked | {"why": "x" * 81})
    assert refusal.value.field == "why"


def test_picking_many_tiles_takes_as_many_questions_as_picking_one(
    campaign, django_assert_max_num_queries
):
    tiles = TileFactory.create_batch(8, campaign=campaign)
    person("lea", campaign=campaign, role="lead")

    with django_assert_max_num_queries(14 + len(tiles)):  # and an event for each
        picked(campaign, *tiles)
