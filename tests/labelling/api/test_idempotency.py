from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import get_resolver

from labelling.models import Annotation, IdempotencyKey, Reservation
from tests.factories import TaskFactory
from tests.labelling.api.conftest import octets, submit

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


def taken(body_of: IdempotencyKey, *, ago: timedelta) -> None:
    """As if the request with this key had been cut off after taking it."""
    IdempotencyKey.objects.filter(pk=body_of.pk).update(
        status=None, answer={}, created=datetime.now(UTC) - ago
    )


def test_a_request_that_is_being_answered_is_not_answered_twice(ana, task):
    ana.post(NEXT, headers=KEY)
    taken(IdempotencyKey.objects.get(), ago=timedelta(seconds=5))

    answer = ana.post(NEXT, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (409, "still_answering")


def test_a_request_whose_server_died_can_be_sent_again(ana, task):
    first = ana.post(NEXT, headers=KEY)
    taken(IdempotencyKey.objects.get(), ago=timedelta(minutes=3))

    again = ana.post(NEXT, headers=KEY)

    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert IdempotencyKey.objects.get().status == 200


def test_old_keys_are_forgotten_with_the_next_request_of_their_owner(ana, ben, task):
    for client in (ana, ben):
        client.post(NEXT, headers=KEY)
    IdempotencyKey.objects.update(created=datetime.now(UTC) - timedelta(days=2))

    ana.post(f"/api/v1/tasks/{task.uuid}/heartbeat", headers=OTHER)

    left = IdempotencyKey.objects.values_list("person__username", "key")
    assert list(left) == [("ana", OTHER["Idempotency-Key"])]


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

    assert len(views) >= 6
    for view in views:
        assert view.post.__code__.co_name == "once", view


def test_a_person_without_a_key_may_write_too(ana, task):
    assert ana.post(NEXT).status_code == 200
    assert not IdempotencyKey.objects.exists()


def test_an_outsiders_key_is_not_kept(task, campaign, max):
    assert max.post(NEXT, headers=KEY).status_code == 404
    assert not IdempotencyKey.objects.exists()
