from __future__ import annotations

import pytest

from labelling.models import Flag, Task

FLAGS = "/api/v1/campaigns/north/flags"


def skip(client, task, **said):
    body = {"reason": "bad_imagery", "note": "stripes"} | said
    return client.post(f"/api/v1/tasks/{task.uuid}/skip", body, format="json")


def test_a_tile_is_skipped_and_a_reviewer_reopens_it(ana, rita, in_hand):
    raised = skip(ana, in_hand)
    (row,) = rita.get(FLAGS).json()["results"]
    decided = rita.post(f"{FLAGS}/{row['id']}/resolve", {"outcome": "reopened"}, format="json")

    assert (raised.status_code, set(raised.json())) == (
        201, {"id", "reason", "note", "skipped", "created"},
    )  # fmt: skip
    assert (row["person"], row["reason"], row["state"]) == ("ana", "bad_imagery", "skipped")
    assert (decided.status_code, decided.json()["outcome"]) == (200, "reopened")
    assert decided.json()["resolved_by"] == "rita"
    assert Task.objects.get().state == "open"


def test_a_flag_is_raised_while_work_goes_on(ana, lea, in_hand):
    path = f"/api/v1/tasks/{in_hand.uuid}/flag"
    answer = ana.post(path, {"reason": "technical"}, format="json")

    assert (answer.status_code, answer.json()["skipped"]) == (201, False)
    assert lea.get(FLAGS, {"reason": "cannot_decide"}).json()["results"] == []
    assert len(lea.get(FLAGS, {"reason": "technical"}).json()["results"]) == 1
    assert Task.objects.get().state == "reserved"


@pytest.mark.parametrize("verb", ["skip", "flag"])
def test_an_unknown_reason_says_which_there_are(ana, in_hand, verb):
    answer = ana.post(f"/api/v1/tasks/{in_hand.uuid}/{verb}", {"reason": "boring"}, format="json")

    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "bad_input", "reason")
    assert "bad_imagery, cannot_decide, technical" in told["help"]


def test_only_who_has_the_tile_skips_it(ben, max, in_hand):
    assert [skip(client, in_hand).status_code for client in (ben, max)] == [409, 404]


def test_annotators_see_no_flags_and_decide_on_none(ana, max, in_hand):
    skip(ana, in_hand)
    flag = Flag.objects.get().pk

    for path in (FLAGS, f"{FLAGS}/rates"):
        assert [client.get(path).status_code for client in (ana, max)] == [403, 404]
    answer = ana.post(f"{FLAGS}/{flag}/resolve", {"outcome": "closed"}, format="json")
    assert answer.status_code == 403


def test_deciding_twice_or_on_nothing_is_refused(ana, rita, in_hand):
    skip(ana, in_hand)
    path = f"{FLAGS}/{Flag.objects.get().pk}/resolve"

    answers = [rita.post(path, {"outcome": "closed"}, format="json") for _ in range(2)]
    nothing = rita.post(f"{FLAGS}/999999/resolve", {"outcome": "closed"}, format="json")
    unknown = rita.post(path, {"outcome": "burnt"}, format="json")

    assert [each.status_code for each in answers] == [200, 409]
    assert (nothing.status_code, unknown.status_code) == (404, 422)
    assert unknown.json()["field"] == "outcome"


def test_a_made_up_cursor_state_or_round_is_refused_by_name(lea, in_hand):
    asked = {"cursor": "x", "state": "lost", "reason": "boring"}

    for field, value in asked.items():
        answer = lea.get(FLAGS, {field: value})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert lea.get(f"{FLAGS}/rates", {"round": 9}).status_code == 404
    assert lea.get(f"{FLAGS}/rates", {"round": "x"}).json()["field"] == "round"
