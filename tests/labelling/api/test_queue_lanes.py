"""What leads see and change of the queue, and what annotators never learn of it."""

from __future__ import annotations

import pytest

from labelling.models import Campaign, Draft, Task
from tests.factories import NOON, TaskFactory, TileFactory, person

QUEUE = "/api/v1/campaigns/north/queue"


def test_leads_and_reviewers_see_depth_age_and_shares(campaign, lea, rita, task):
    told = lea.get(QUEUE).json()

    active = next(each for each in told["lanes"] if each["lane"] == "active")
    assert active == {
        "lane": "active",
        "waiting": 1,
        "oldest": "2026-06-01T12:00:00Z",
        "in_hand": 0,
        "kept": 0,
        "share": 0.4,
        "served": 0,
        "served_share": None,
        "expired": 0,
        "per_day": 0.0,
        "empty_in_days": None,
    }
    assert told["review"] == {"waiting": 0, "in_hand": 0, "oldest": None}
    assert told["rules"]["lease_minutes"] == 30
    assert rita.get(QUEUE).json() == told


@pytest.mark.parametrize("amount", [1, 5])
def test_the_queue_is_eight_queries_however_long(
    campaign, lea, amount, django_assert_max_num_queries
):
    TaskFactory.create_batch(amount, campaign=campaign)

    with django_assert_max_num_queries(8):
        assert lea.get(QUEUE).status_code == 200


def test_annotators_do_not_see_lanes_nor_change_rules_nor_pick(campaign, ana, max, task):
    tile = TileFactory(campaign=campaign)
    asked = [
        (ana.get, QUEUE, None),
        (ana.post, f"{QUEUE}/rules", {"queue": {"held": 2}}),
        (ana.post, "/api/v1/campaigns/north/picks", {"tiles": [str(tile.uuid)]}),
    ]

    assert [call(path, body).status_code for call, path, body in asked] == [403] * 3
    assert max.get(QUEUE).status_code == 404
    assert Campaign.objects.get().queue == {}


def test_a_lead_changes_the_rules(campaign, lea):
    answer = lea.post(f"{QUEUE}/rules", {"queue": {"held": 2}, "lanes": {"gold": None}})

    assert answer.status_code == 200
    assert answer.json()["rules"]["held"] == 2
    assert Campaign.objects.get().queue == {"held": 2}


def test_a_rule_that_makes_no_sense_names_its_field(campaign, lea):
    answer = lea.post(f"{QUEUE}/rules", {"lanes": {"gold": "much"}})

    assert (answer.status_code, answer.json()["field"]) == (422, "lanes.gold")


def test_a_lead_picks_tiles(campaign, lea):
    tile = TileFactory(campaign=campaign)

    answer = lea.post(
        "/api/v1/campaigns/north/picks", {"tiles": [str(tile.uuid)], "why": "burnt ground"}
    )

    task = Task.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "picked": [{"task": str(task.uuid), "tile": str(tile.uuid), "lane": "pick"}]
    }


def test_a_heartbeat_says_when_to_warn_and_from_when_on_somebody_is_idle(ana, in_hand):
    told = ana.post(f"/api/v1/tasks/{in_hand.uuid}/heartbeat").json()

    assert told.keys() == {"lease_ends", "warn_at", "idle_after_seconds"}
    assert told["warn_at"] < told["lease_ends"]
    assert told["idle_after_seconds"] == 180


def test_a_lease_is_extended_by_its_holder_only(ana, ben, in_hand):
    assert ana.post(f"/api/v1/tasks/{in_hand.uuid}/extend").status_code == 200

    refused = ben.post(f"/api/v1/tasks/{in_hand.uuid}/extend")

    assert (refused.status_code, refused.json()["code"]) == (409, "not_yours")


def test_another_machine_learns_what_is_in_hand_and_where_the_person_was(campaign, ana, in_hand):
    Draft.objects.create(
        task=in_hand, person=person("ana"), label="b", version=3, view={"zoom": 2}, saved=NOON
    )

    (told,) = ana.get("/api/v1/me").json()["in_hand"]

    assert told.pop("started")
    assert told.pop("lease_ends")
    assert told == {
        "task": str(in_hand.uuid),
        "campaign": "north",
        "hold": "active",
        "draft": 3,
        "view": {"zoom": 2},
    }


def test_too_much_unreviewed_work_is_a_conflict(campaign, ana, in_hand):
    campaign.queue = {"unreviewed": 1}
    campaign.save()
    in_hand.leave(by=person("ana"), to="submitted")
    in_hand.reservations.update(ended=NOON, how="submitted")

    answer = ana.post(f"{QUEUE}/next")

    assert (answer.status_code, answer.json()["code"]) == (409, "limit_reached")
