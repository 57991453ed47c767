"""Gold, agreement, people and pre-labels over the API: who may see what, and in what shape."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labelling.models import Event, Gold, Task
from tests.factories import person
from tests.labelling.api.conftest import signed_in
from tests.labelling.quality.hands import (
    compared,
    give_prelabel,
    hand_in,
    small_task,
    small_tile,
    striped,
)

pytestmark = pytest.mark.django_db

API = "/api/v1/campaigns/north"
FOR_LEADS = ["agreement", "agreement/people", "gold", "hints", "people", "quality/rules"]


@pytest.fixture
def label(campaign):
    """Lea's accepted label."""
    lea = person("lea", campaign=campaign, role="lead")
    return hand_in(small_task(campaign), lea, striped(0, 1), state="accepted")


def add(client, label, **fields):
    return client.post(f"{API}/gold", {"annotation": str(label.uuid), **fields}, format="json")


@pytest.mark.parametrize("page", FOR_LEADS)
def test_only_leads_see_how_people_do(page, ana, rita, lea, max):
    answers = [client.get(f"{API}/{page}").status_code for client in (ana, rita, lea, max)]

    assert answers == [403, 403, 200, 404]


def test_a_lead_makes_a_label_gold_and_retires_it(lea, campaign, label):
    made = add(lea, label, guide="Thin cloud over sea.")
    listed = lea.get(f"{API}/gold").json()["results"]
    retired = lea.post(f"{API}/gold/{label.uuid}/retire")

    assert made.status_code == 201
    assert listed == [made.json()]
    assert (listed[0]["annotation"], listed[0]["author"]) == (str(label.uuid), "lea")
    assert (retired.status_code, retired.json()["active"]) == (200, False)
    assert [event.verb for event in Event.objects.filter(kind="gold")] == ["created", "changed"]


def test_gold_tiles_come_in_pages_the_newest_first(lea, campaign):
    who = person("lea", campaign=campaign, role="lead")
    for _ in range(3):
        task = hand_in(small_task(campaign), who, striped(0, 1), state="accepted")
        add(lea, task)

    first = lea.get(f"{API}/gold?limit=2").json()
    second = lea.get(f"{API}/gold?limit=2&cursor={first['cursor']}").json()

    assert (len(first["results"]), len(second["results"]), second["cursor"]) == (2, 1, None)
    assert lea.get(f"{API}/gold?cursor=x").status_code == 422
    assert lea.get(f"{API}/gold?limit=1000").json()["field"] == "limit"


def test_what_cannot_be_gold_is_refused_with_a_reason(lea, campaign, label):
    Task.objects.filter(pk=label.task_id).update(state="submitted")

    unaccepted, unknown = add(lea, label), lea.post(f"{API}/gold/{uuid.uuid4()}/retire")

    assert (unaccepted.status_code, unaccepted.json()["field"]) == (422, "annotation")
    assert "accepted in review" in unaccepted.json()["message"]
    assert unknown.status_code == 404
    assert not Gold.objects.exists()


def test_a_test_place_must_be_meant(lea, campaign):
    who = person("lea", campaign=campaign, role="lead")
    tile = small_tile(campaign, split="test")
    there = hand_in(small_task(campaign, tile), who, striped(0, 1), state="accepted")

    assert add(lea, there).json()["field"] == "test_too"
    assert add(lea, there, test_too=True).status_code == 201


def test_agreement_is_told_by_class_and_by_people(lea, campaign):
    ana, ben = person("ana", campaign=campaign), person("ben", campaign=campaign)
    tile = small_tile(campaign)
    compared(
        hand_in(small_task(campaign, tile), ana, striped(0, 0, 1, 1)),
        hand_in(small_task(campaign, tile, lane="second", copy=1), ben, striped(0, 1, 1, 1)),
    )

    report = lea.get(f"{API}/agreement").json()
    people = lea.get(f"{API}/agreement/people").json()["results"]

    assert (report["pairs"], report["whole"]["kappa"]) == (1, 0.5)
    assert report["inner"]["agreed"] > report["whole"]["agreed"]
    assert [each["name"] for each in report["classes"]][1] == "cloud"
    assert people[0]["people"] == ["ana", "ben"]
    assert people[0]["confusion"][0][1] == 1024


def test_the_pull_of_prelabels_is_told(lea, campaign):
    ana = person("ana", campaign=campaign)
    for arm, drawn in (("hinted", striped(0, 1)), ("plain", striped(0, 1, 1, 1))):
        task = small_task(campaign)
        give_prelabel(task, striped(0, 1), arm=arm)
        compared(hand_in(task, ana, drawn))

    report = lea.get(f"{API}/hints").json()

    assert (report["hinted"]["untouched"], report["plain"]["untouched"]) == (1, 0)
    assert report["pull"]["mean"] == 0.25
    assert report["versions"] == [
        {
            "source": "model",
            "version": "0a1b2c3d",
            "labels": 1,
            "changed": 0.0,
            "untouched": 1.0,
        }
    ]


def test_a_lead_changes_the_rules_and_what_cannot_be_changes_nothing(lea, campaign):
    def post(**quality):
        return lea.post(f"{API}/quality/rules", {"quality": quality}, format="json")

    changed = post(gold_share=0.2, border=3).json()
    refused = post(gold_share=0.1, border=-1)
    back = post(border=None).json()

    assert (changed["rules"]["gold_share"], changed["changed"]["border"]) == (0.2, 3)
    assert (refused.status_code, refused.json()["field"]) == (422, "quality.border")
    assert back["changed"] == {"gold_share": 0.2}
    assert Event.objects.filter(kind="campaign", verb="changed").count() == 2


def edits(client, label):
    return client.get(f"/api/v1/annotations/{label.uuid}/edits")


def test_what_was_changed_of_a_prelabel_is_shown_as_a_map(ana, lea, campaign):
    task = small_task(campaign)
    give_prelabel(task, striped(0, 1))
    (label,) = compared(hand_in(task, person("ana"), striped(0, 1, 1, 255)))

    answer = edits(ana, label)

    plane = np.frombuffer(b"".join(answer.streaming_content), np.uint8).reshape(64, 64)
    assert (plane == striped(0, 1, 0, 255)).all()


def test_a_prelabel_kept_from_an_annotator_stays_unknown_to_him(ana, lea, campaign):
    task = small_task(campaign)
    give_prelabel(task, striped(0, 1), arm="plain")
    (label,) = compared(hand_in(task, person("ana"), striped(0, 1)))

    assert edits(ana, label).status_code == 404
    assert edits(lea, label).status_code == 200


def test_everybody_sees_his_own_work_and_nobody_elses(ana, ben, campaign):
    task = small_task(campaign)
    compared(hand_in(task, person("ana"), striped(0, 1), minutes=30, difficulty=4))

    mine, his = (each.get("/api/v1/me/work?campaign=north").json() for each in (ana, ben))

    assert (mine["username"], mine["labelling"]["done"]) == ("ana", 1)
    assert (mine["labelling"]["active_seconds"], mine["labelling"]["per_hour"]) == (1800, 2)
    assert mine["difficulty"] == {"4": 1}
    assert (his["username"], his["labelling"]["done"]) == ("ben", 0)
    assert not {"qualified", "drift", "lane"} & set(mine)


def test_ones_own_work_asks_for_a_campaign_of_ones_own(ana, max):
    assert ana.get("/api/v1/me/work").json()["field"] == "campaign"
    assert max.get("/api/v1/me/work?campaign=north").status_code == 404


def test_a_superuser_without_a_role_has_done_nothing_yet(campaign):
    root = person("root")
    root.is_superuser = True
    root.save()

    answer = signed_in(root).get("/api/v1/me/work?campaign=north")

    assert (answer.status_code, answer.json()["labelling"]["done"]) == (200, 0)


def test_people_come_in_pages_for_leads(lea, ana, ben, campaign):
    first = lea.get(f"{API}/people?limit=2").json()
    second = lea.get(f"{API}/people?limit=2&cursor={first['cursor']}").json()

    names = [each["username"] for each in first["results"] + second["results"]]
    assert sorted(names) == ["ana", "ben", "lea"]
    assert {"qualified", "drift", "pace", "gold", "rework"} <= set(first["results"][0])


@pytest.mark.parametrize("page", FOR_LEADS)
def test_pages_take_the_same_queries_however_much_there_is(page, lea, campaign):
    who = person("lea", campaign=campaign, role="lead")
    counts = []
    for more in (1, 3):
        for n in range(more):
            other = person(f"ben-{more}-{n}", campaign=campaign)
            tile = small_tile(campaign)
            first = hand_in(small_task(campaign, tile), who, striped(0, 1), state="accepted")
            second = small_task(campaign, tile, lane="second", copy=1)
            compared(first, hand_in(second, other, striped(0, 1)))
            add(lea, first)
        with CaptureQueriesContext(connection) as queries:
            lea.get(f"{API}/{page}")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10
