"""Handing in over HTTP: what is refused, in which words, and that the work is kept as a draft."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labelling.adapters.folder import FolderBlobs
from labelling.clock import now
from labelling.errors import StorageAway
from labelling.models import Annotation, Draft, Task
from labelling.workflow.claims import claim_next, return_expired
from tests.factories import person
from tests.labelling.api.conftest import SIZE, octets, submit

UNLABELLED = 255


def half() -> bytes:
    """Half of it clear, the rest not labelled."""
    planes = np.zeros((2, SIZE, SIZE), np.uint8)
    planes[1, : SIZE // 2] = 1
    planes[0, SIZE // 2 :] = UNLABELLED
    return planes.tobytes()


def draft_of(client, task) -> bytes:
    return b"".join(client.get(f"/api/v1/tasks/{task.uuid}/draft/label").streaming_content)


def test_warnings_are_listed_until_they_are_overruled(ana, in_hand):
    asked = submit(ana, in_hand, half())
    done = submit(
        ana, in_hand, half(), query="schema_version=1&overrule=unlabelled&note=fog&difficulty=4"
    )

    told = asked.json()
    assert (asked.status_code, told["code"], told["field"]) == (
        422, "needs_confirmation", "overrule",
    )  # fmt: skip
    assert told["findings"] == [
        {
            "code": "unlabelled",
            "severity": "warning",
            "message": "50% of the pixels with data aren't labelled.",
            "pixels": SIZE * SIZE // 2,
            "share": 0.5,
            "where": [SIZE // 2, 0, SIZE, SIZE],
        }
    ]
    annotation = Annotation.objects.get()
    assert done.status_code == 201
    assert (annotation.note, annotation.difficulty) == ("fog", 4)
    assert annotation.checks == told["findings"]


def test_an_overruled_warning_needs_a_note(ana, in_hand):
    answer = submit(ana, in_hand, half(), query="schema_version=1&overrule=unlabelled")

    assert (answer.status_code, answer.json()["field"]) == (422, "note")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("schema_version=1&overrule=spelling", "overrule"),
        ("schema_version=1&difficulty=6", "difficulty"),
        ("schema_version=1&difficulty=hard", "difficulty"),
        ("schema_version=1&note=" + "x" * 2001, "note"),
        ("tool=mine", "schema_version"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_and_the_work_kept(ana, in_hand, query, field):
    answer = submit(ana, in_hand, octets(1), query=query)

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "bad_input", field)
    assert draft_of(ana, in_hand) == octets(1)


def test_a_refused_label_is_kept_although_its_request_is_undone(ana, in_hand):
    answer = submit(ana, in_hand, half(), headers={"Idempotency-Key": "a"})

    assert answer.json()["code"] == "needs_confirmation"
    assert answer.json()["draft"] == 1
    assert "kept as version 1 of your draft" in answer.json()["help"]
    assert draft_of(ana, in_hand) == half()


def test_a_label_under_an_outdated_version_is_kept_with_that_version(ana, in_hand):
    answer = submit(ana, in_hand, octets(), query="schema_version=7")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Draft.objects.get().schema_version == 7


def test_a_label_that_comes_too_late_is_kept(campaign, ana, ben, in_hand):
    return_expired(now=now() + timedelta(hours=1))
    claim_next(campaign=campaign, person=person("ben"), now=now())

    answer = submit(ana, in_hand, octets(1))

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "not_yours")
    assert "kept as version 1 of your draft" in told["help"]
    assert draft_of(ana, in_hand) == octets(1)
    assert ben.get(f"/api/v1/tasks/{in_hand.uuid}/draft").status_code == 204


def test_a_label_of_a_colleagues_tile_is_kept_as_ones_own_draft(ana, ben, in_hand):
    answer = submit(ben, in_hand, octets(1))

    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours")
    assert draft_of(ben, in_hand) == octets(1)
    assert ana.get(f"/api/v1/tasks/{in_hand.uuid}/draft").status_code == 204


def test_another_label_of_a_submitted_tile_is_kept(ana, in_hand):
    submit(ana, in_hand, octets())

    answer = submit(ana, in_hand, octets(1))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert draft_of(ana, in_hand) == octets(1)


def test_a_refusal_is_told_although_the_work_could_not_be_kept(ana, in_hand, monkeypatch):
    def away(*args, **more):
        raise StorageAway("Storage is away.")

    monkeypatch.setattr(FolderBlobs, "write_with", away)

    told = submit(ana, in_hand, half())

    assert (told.status_code, told.json()["code"]) == (422, "needs_confirmation")
    assert "draft" not in told.json()
    assert "could not be kept: Storage is away." in told.json()["help"]


def test_what_is_no_label_of_the_tile_is_not_kept(ana, in_hand):
    submit(ana, in_hand, octets()[:-1])

    assert not Draft.objects.exists()


def test_an_outsider_keeps_nothing(max, in_hand):
    assert submit(max, in_hand, octets()).status_code == 404
    assert not Draft.objects.exists()


def test_a_label_is_taken_back_until_its_review_opens(ana, rita, in_hand):
    submit(ana, in_hand, octets(1))

    back = ana.post(f"/api/v1/tasks/{in_hand.uuid}/withdraw")
    start = ana.get(f"/api/v1/tasks/{in_hand.uuid}/draft").json()

    assert (back.status_code, back.json()["state"], back.json()["hold"]) == (
        200, "reserved", "active",
    )  # fmt: skip
    assert (start["version"], draft_of(ana, in_hand)) == (0, octets(1))
    submit(ana, in_hand, octets())
    assert rita.post("/api/v1/campaigns/north/reviews/next").status_code == 200
    late = ana.post(f"/api/v1/tasks/{in_hand.uuid}/withdraw")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_a_submission_is_24_queries_with_its_key(ana, in_hand, task):
    with CaptureQueriesContext(connection) as asked:
        key = {"Idempotency-Key": "6f1c1c1e-0000-4000-8000-000000000003"}
        assert submit(ana, in_hand, octets(), headers=key).status_code == 201

    assert len(asked) <= 24, [each["sql"] for each in asked]
    assert Task.objects.get().state == "submitted"
