from __future__ import annotations

import json

import pytest

from tests.labelling.api.conftest import octets


def save(client, task, body: bytes, *, version: int = 0, **more):
    query = {"version": version, "schema_version": 1} | more
    path = f"/api/v1/tasks/{task.uuid}/draft?" + "&".join(f"{k}={v}" for k, v in query.items())
    return client.post(path, body, content_type="application/octet-stream")


def test_a_draft_is_saved_and_read_back_with_its_view(ana, in_hand):
    view = json.dumps({"zoom": 2})

    saved = save(ana, in_hand, octets(1), view=view)
    told = ana.get(f"/api/v1/tasks/{in_hand.uuid}/draft").json()
    label = ana.get(f"/api/v1/tasks/{in_hand.uuid}/draft/label")

    assert (saved.status_code, saved.json()["version"]) == (200, 1)
    assert (told["version"], told["schema_version"], told["view"]) == (1, 1, {"zoom": 2})
    assert told["saved"] == saved.json()["saved"]
    assert (label["Draft-Version"], b"".join(label.streaming_content)) == ("1", octets(1))
    assert label["Cache-Control"] == "private, no-store"


def test_a_stale_tab_is_told_the_newer_version_and_when_it_was_saved(ana, in_hand):
    save(ana, in_hand, octets(1))
    newer = save(ana, in_hand, octets(2), version=1).json()

    answer = save(ana, in_hand, octets(0), version=1)

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (409, "stale_draft", "version")
    assert "Version 2 of your draft" in told["message"]
    assert newer["saved"][11:19] in told["message"]
    assert save(ana, in_hand, octets(0), version=2).json()["version"] == 3


def test_without_a_draft_there_is_none(ana, in_hand):
    path = f"/api/v1/tasks/{in_hand.uuid}/draft"

    assert ana.get(path).status_code == 204  # what every tile begins with is no error
    answer = ana.get(f"{path}/label")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_nobody_sees_anothers_draft(ana, ben, lea, max, in_hand):
    save(ana, in_hand, octets(1))

    path = f"/api/v1/tasks/{in_hand.uuid}/draft"
    assert [client.get(path).status_code for client in (ben, lea, max)] == [204, 204, 404]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"version": "x"}, "version"), ({"schema_version": 0}, "schema_version"),
     ({"view": "[]"}, "view"), ({"view": "no json"}, "view")],
)  # fmt: skip
def test_what_a_save_says_is_checked_by_field(ana, in_hand, wrong, field):
    answer = save(ana, in_hand, octets(), **wrong)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_drawing_of_another_size_is_no_draft(ana, in_hand):
    answer = save(ana, in_hand, octets()[:-1])

    assert (answer.status_code, answer.json()["code"]) == (422, "label_rejected")


def test_a_tile_of_somebody_else_has_no_draft_of_mine(ben, in_hand):
    answer = save(ben, in_hand, octets())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_yours")
