from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from labelling.clock import now
from labelling.models import Annotation, Task
from labelling.workflow.claims import return_expired
from tests.labelling.api.conftest import octets, submit


def test_a_task_in_hand_can_be_looked_at(ana, in_hand):
    told = ana.get(f"/api/v1/tasks/{in_hand.uuid}").json()

    assert (told["state"], told["hold"]) == ("reserved", "active")
    assert told["lease_ends"]


def test_a_submitted_task_is_in_nobodys_hands(ana, in_hand):
    submit(ana, in_hand, octets())

    told = ana.get(f"/api/v1/tasks/{in_hand.uuid}").json()

    assert (told["state"], told["hold"], told["lease_ends"]) == ("submitted", None, None)


def test_an_annotator_sees_only_tasks_that_are_or_were_his(ben, rita, lea, max, in_hand):
    path = f"/api/v1/tasks/{in_hand.uuid}"

    statuses = [client.get(path).status_code for client in (ben, rita, lea, max)]

    assert statuses == [404, 200, 200, 404]


def test_an_overseer_does_not_hold_what_he_looks_at(lea, in_hand):
    told = lea.get(f"/api/v1/tasks/{in_hand.uuid}").json()

    assert (told["state"], told["hold"], told["lease_ends"]) == ("reserved", None, None)


@pytest.mark.parametrize("verb", ["", "/history"])
def test_an_unknown_task_is_not_found(ana, verb):
    answer = ana.get(f"/api/v1/tasks/{uuid.uuid4()}{verb}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_heartbeat_lengthens_the_lease(ana, in_hand):
    Task.objects.update(lease_ends=now() + timedelta(minutes=1))

    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/heartbeat")

    in_hand.refresh_from_db()
    assert answer.status_code == 200
    ends = in_hand.lease_ends.isoformat().replace("+00:00", "Z")
    assert answer.json()["lease_ends"] == ends
    assert in_hand.lease_ends > now() + timedelta(minutes=29)


@pytest.mark.parametrize("verb", ["heartbeat", "release"])
def test_only_the_holder_keeps_or_gives_back_a_tile(ben, max, in_hand, verb):
    colleague, outsider = (
        client.post(f"/api/v1/tasks/{in_hand.uuid}/{verb}") for client in (ben, max)
    )

    assert (colleague.status_code, colleague.json()["code"]) == (409, "not_yours")
    assert outsider.status_code == 404


def test_a_tile_given_back_is_open_again(ana, in_hand):
    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/release")

    assert answer.json() == {"state": "open"}
    assert Task.objects.get().holder is None


def test_a_lease_that_ran_out_says_what_to_do(ana, in_hand):
    return_expired(now=now() + timedelta(hours=1))

    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/heartbeat")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours")
    assert "can still be submitted" in answer.json()["help"]


def test_a_label_is_submitted_as_octets(ana, in_hand):
    answer = submit(ana, in_hand, octets(1), query="schema_version=1&tool=workbench-editor")

    annotation = Annotation.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(annotation.uuid),
        "author": "ana",
        "created": annotation.created.isoformat().replace("+00:00", "Z"),
        "kind": "full",
        "labelled_share": 1.0,
        "pixels": {"1": 65536},
        "schema_version": 1,
        "task": str(in_hand.uuid),
    }
    assert annotation.tool == "workbench-editor"


def test_the_same_octets_twice_are_one_annotation(ana, in_hand):
    first, again = (submit(ana, in_hand, octets()) for _ in range(2))

    assert again.json() == first.json()
    assert Annotation.objects.count() == 1


def test_other_octets_for_a_submitted_tile_are_a_conflict(ana, in_hand):
    submit(ana, in_hand, octets())

    answer = submit(ana, in_hand, octets(1))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_colleagues_tile_cannot_be_submitted(ben, in_hand):
    answer = submit(ben, in_hand, octets())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours")


@pytest.mark.parametrize("length", [0, 1, 2 * 65536 - 1, 2 * 65536 + 1, 65536])
def test_a_label_of_another_length_names_the_octets_it_takes(ana, in_hand, length):
    answer = submit(ana, in_hand, bytes(length))

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "label_rejected", "label")
    assert f"has {length} octets" in told["message"]
    assert "takes 131072" in told["message"]


def test_a_label_too_large_to_be_any_is_refused_unread(ana, in_hand):
    answer = submit(ana, in_hand, bytes(11 * 2**20))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_code_outside_the_classes_is_rejected(ana, in_hand):
    answer = submit(ana, in_hand, octets(9))

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "label_rejected", "label")
    assert "code 9" in told["message"]


def test_wrong_provenance_is_rejected_by_its_field(ana, in_hand):
    answer = submit(ana, in_hand, bytes(2 * 65536))

    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, "label_rejected")
    assert told["field"] == "provenance"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "schema_version"),
        ("schema_version=one", "schema_version"),
        ("schema_version=0", "schema_version"),
        (f"schema_version=1&tool={'x' * 41}", "tool"),
    ],
)
def test_a_submission_says_how_it_was_made(ana, in_hand, query, field):
    answer = submit(ana, in_hand, octets(), query=query)

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "bad_input", field)
    assert not Annotation.objects.exists()


def test_an_outdated_version_of_the_classes_is_a_conflict(ana, in_hand):
    answer = submit(ana, in_hand, octets(), query="schema_version=2")

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "conflict")
    assert told["field"] == "schema_version"


def test_a_label_in_another_form_is_refused(ana, in_hand):
    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/submit?schema_version=1", {"label": []})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_the_other_way_of_asking_is_not_allowed(ana, in_hand):
    answer = ana.get(f"/api/v1/tasks/{in_hand.uuid}/submit")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_the_history_of_a_task_is_told_in_order(ana, in_hand):
    ana.post(f"/api/v1/tasks/{in_hand.uuid}/release")

    told = ana.get(f"/api/v1/tasks/{in_hand.uuid}/history").json()

    assert [(each["verb"], each["who"], each["detail"]) for each in told["results"]] == [
        ("claimed", "ana", {"hold": "active"}),
        ("released", "ana", {}),
    ]
    assert told["cursor"] is None


def test_what_the_workbench_did_itself_has_no_author(ana, in_hand):
    return_expired(now=now() + timedelta(hours=1))

    told = ana.get(f"/api/v1/tasks/{in_hand.uuid}/history").json()

    assert (told["results"][-1]["verb"], told["results"][-1]["who"]) == ("expired", None)


def test_every_page_of_a_long_history_can_be_read(ana, lea, in_hand):
    for _ in range(75):
        ana.post(f"/api/v1/tasks/{in_hand.uuid}/release")
        ana.post("/api/v1/campaigns/north/queue/next")
    path = f"/api/v1/tasks/{in_hand.uuid}/history"

    first = lea.get(path).json()
    second = lea.get(path, {"cursor": first["cursor"]}).json()

    assert (len(first["results"]), len(second["results"])) == (100, 51)
    assert second["cursor"] is None


def test_a_made_up_cursor_is_bad_input(ana, in_hand):
    answer = ana.get(f"/api/v1/tasks/{in_hand.uuid}/history?cursor=-1")

    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
