"""Picks by a filter: all that fits, as many as the plan said, or none."""

from __future__ import annotations

import pytest

from labelling.errors import BadInput, Conflict
from labelling.models import Event, Task
from labelling.workflow import picks_filtered
from labelling.workflow.picks_filtered import pick_filtered, plan_filtered
from tests.factories import NOON, PlaceFactory, TaskFactory, TileFactory, person
from tests.labelling.api.conftest import signed_in
from tests.labelling.insights.rows import label

pytestmark = pytest.mark.django_db
PATH = "/api/v1/campaigns/north/picks/filtered"
NORTH = {"place": "35VLF"}


@pytest.fixture
def tiles(campaign):
    """Two of the square that may go, one that is labelled, one of validation, one elsewhere."""
    here = [tile(campaign, f"35VLF/512/1/{n}") for n in range(3)]
    label(here[2], campaign, pixels={"0": 1})
    tile(campaign, "35VLF/512/1/9", split="validation")
    tile(campaign, "34VFL/512/1/1")
    return here[:2]


def tile(campaign, key, split="pool"):
    place = PlaceFactory(key=key, square=key[:5], split=split)
    return TileFactory(campaign=campaign, acquisition__place=place)


def sent(campaign, expected, **more):
    asked = {"wanted": NORTH, "why": "burnt ground", "who": None, "now": NOON, **more}
    return pick_filtered(campaign=campaign, expected=expected, **asked)


def test_the_plan_says_how_many_fit_and_why_the_others_do_not(campaign, tiles):
    plan = plan_filtered(campaign, wanted=NORTH)

    assert plan.fit == 2
    assert sorted(plan.left_out.items()) == [
        ("in validation or test, where figures stand on a random sample", 1),
        ("labelled already", 1),
    ]
    assert not Task.objects.exists()


def test_all_that_fit_are_sent_and_one_event_tells_of_them(campaign, tiles):
    older = TaskFactory(campaign=campaign, tile=tiles[0])

    assert sent(campaign, 2) == 2

    made = Task.objects.filter(lane="pick", state="open")
    assert {(task.tile, task.cause) for task in made} == {(each, "burnt ground") for each in tiles}
    older.refresh_from_db()
    assert older.state == "superseded"
    event = Event.objects.get(kind="campaign", verb="created")
    assert event.detail == {
        "lane": "pick", "tasks": 2, "superseded": 1, "filters": NORTH, "why": "burnt ground",
    }  # fmt: skip


def test_a_tile_whose_pick_was_closed_is_sent_again(campaign, tiles):
    sent(campaign, 2)
    Task.objects.update(state="superseded")

    assert sent(campaign, 2) == 2
    assert set(Task.objects.filter(state="open").values_list("copy", flat=True)) == {1}


def test_where_another_number_fits_by_now_nothing_is_sent(campaign, tiles):
    with pytest.raises(Conflict, match="2 tiles fit by now, not 3"):
        sent(campaign, 3)
    sent(campaign, 2)
    with pytest.raises(Conflict, match="0 tiles fit by now, not 2"):
        sent(campaign, 2)
    assert Task.objects.count() == 2


def test_too_many_and_a_filter_that_makes_no_sense_are_refused(campaign, tiles, monkeypatch):
    monkeypatch.setattr(picks_filtered, "MOST_AT_ONCE", 1)
    with pytest.raises(BadInput, match="more than 1 at once"):
        sent(campaign, 2)
    with pytest.raises(BadInput) as refused:
        sent(campaign, 2, wanted={"months": "13"})
    assert refused.value.field == "months"
    assert not Task.objects.exists()


def test_a_lead_sends_them_once_however_often_the_answer_was_lost(campaign, tiles):
    lea = signed_in(person("lea", campaign=campaign, role="lead"))
    plan = lea.post(f"{PATH}/plan", {"filters": NORTH}, format="json").json()

    order = {"filters": NORTH, "expected": plan["fit"], "why": "ice"}
    key = {"Idempotency-Key": "0b0e5d1c-0000-4000-8000-000000000001"}
    for _ in range(2):
        answer = lea.post(PATH, order, format="json", headers=key)
        assert (answer.status_code, answer.json()) == (201, {"picked": 2})
    assert Task.objects.filter(lane="pick").count() == 2
    assert lea.post(PATH, order, format="json").status_code == 409
