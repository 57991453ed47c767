from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import get_resolver

from labelling.api.cvat import CvatWebhook
from labelling.models import Annotation, IdempotencyKey, Reservation
from labelling.workflow.sweep import sweep
from tests.factories import NOON, CampaignFactory, TaskFactory, person
from tests.labelling.api.conftest import octets, signed_in, submit

NEXT = "/api/v1/campaigns/north/queue/next"
KEY = {"Idempotency-Key": "6f1c1c1e-0000-4000-8000-000000000001"}
OTHER = {"Idempotency-Key": "6f1c1c1e-0000-4000-8000-000000000002"}


def test_the_same_key_gets_the_same_answer(ana, task):
    first = ana.post(NEXT, headers=KEY)
    ana.post(f"/api/v1/tasks/{task.uuid}/release")

    again = ana.post(NEXT, headers=KEY)

    assert (again.status_code, again.json()) == (200, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert Reservation.objects.filter(ended=None).count() == 0


def test_the_status_is_kept_with_the_answer(ana, in_hand):
    first = submit(ana, in_hand, octets(), headers=KEY)

    again = submit(ana, in_hand, octets(), headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert Annotation.objects.count() == 1


def test_a_new_key_is_a_new_deed(ana, task):
    ana.post(NEXT, headers=KEY)
    ana.post(f"/api/v1/tasks/{task.uuid}/release")

    ana.post(NEXT, headers=OTHER)

    assert Reservation.objects.count() == 2


def test_a_key_belongs_to_one_request(ana, in_hand):
    ana.post(f"/api/v1/tasks/{in_hand.uuid}/heartbeat", headers=KEY)

    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/release", headers=KEY)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "conflict")
    assert told["field"] == "Idempotency-Key"
    in_hand.refresh_from_db()
    assert in_hand.state == "reserved"


def test_another_body_is_another_request(ana, in_hand):
    submit(ana, in_hand, octets(), headers=KEY)

    assert submit(ana, in_hand, octets(1), headers=KEY).json()["code"] == "conflict"


def test_two_people_may_use_the_same_key(campaign, ana, ben, task):
    TaskFactory(campaign=campaign)

    first, second = ana.post(NEXT, headers=KEY), ben.post(NEXT, headers=KEY)

    assert first.json()["id"] != second.json()["id"]


def test_a_refusal_is_not_kept(campaign, ana):
    refused = ana.post(NEXT, headers=KEY)
    task = TaskFactory(campaign=campaign)

    answer = ana.post(NEXT, headers=KEY)

    assert (refused.status_code, answer.status_code) == (404, 200)
    assert answer.json()["id"] == str(task.uuid)


def test_a_request_that_dies_leaves_its_key_free(ana, task, monkeypatch):
    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as server:
        server.setattr("labelling.api.queue.TaskSerializer", die)
        with pytest.raises(KeyboardInterrupt):
            ana.post(NEXT, headers=KEY)

    assert not IdempotencyKey.objects.exists()
    assert not Reservation.objects.exists()
    assert ana.post(NEXT, headers=KEY).status_code == 200


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_request_whose_key_is_being_answered_waits_for_the_answer():
    """Two connections send the same claim at once; both hear the same, and it is done once."""
    campaign = CampaignFactory()
    TaskFactory(campaign=campaign)
    client = signed_in(person("ana", campaign=campaign))
    address = f"/api/v1/campaigns/{campaign.slug}/queue/next"
    start, answers = Barrier(2), []

    def send() -> None:
        with closing(connection):
            start.wait()
            answers.append(client.post(address, headers=KEY))

    both = [Thread(target=send) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert Reservation.objects.count() == 1


def test_the_sweep_forgets_old_keys(campaign, ana, ben, task):
    TaskFactory(campaign=campaign)
    for client in (ana, ben):
        client.post(NEXT, headers=KEY)
    old = IdempotencyKey.objects.filter(person__username="ana")
    old.update(created=datetime.now(UTC) - timedelta(days=2))

    assert sweep(now=NOON)["keys"] == 1

    left = IdempotencyKey.objects.values_list("person__username", flat=True)
    assert list(left) == ["ben"]


@pytest.mark.parametrize("key", ["x" * 81, "tab\there"])
def test_a_key_is_short_and_printable(ana, task, key):
    answer = ana.post(NEXT, headers={"Idempotency-Key": key})

    told = answer.json()
    assert (answer.status_code, told["field"]) == (422, "Idempotency-Key")
    assert not Reservation.objects.exists()


def test_every_write_of_the_api_takes_a_key(campaign):
    views = [
        pattern.callback.view_class
        for pattern in get_resolver("labelling.api.urls").url_patterns
        if hasattr(getattr(pattern.callback, "view_class", None), "post")
    ]

    # A server calls this one, as often as it likes: each time a worker goes and looks, no more.
    views.remove(CvatWebhook)
    assert len(views) >= 6
    for view in views:
        assert view.post.__code__.co_name == "once", view


def test_a_person_without_a_key_may_write_too(ana, task):
    assert ana.post(NEXT).status_code == 200
    assert not IdempotencyKey.objects.exists()


def test_an_outsiders_key_is_not_kept(task, campaign, max):
    assert max.post(NEXT, headers=KEY).status_code == 404
    assert not IdempotencyKey.objects.exists()
