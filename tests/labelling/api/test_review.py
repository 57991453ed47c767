from __future__ import annotations

import pytest

from labelling.models import Annotation, Task
from tests.labelling.api.conftest import octets, submit

NORTH = "/api/v1/campaigns/north"


@pytest.fixture
def submitted(ana, in_hand) -> Task:
    assert submit(ana, in_hand, octets()).status_code == 201
    return in_hand


def take(client):
    return client.post(f"{NORTH}/reviews/next")


def say(client, task, verdict: str, **said):
    return client.post(f"/api/v1/tasks/{task.uuid}/review/{verdict}", said, format="json")


def fix(client, task, body: bytes, query: str = "schema_version=1"):
    path = f"/api/v1/tasks/{task.uuid}/review/fix?{query}"
    return client.post(path, body, content_type="application/octet-stream")


def test_a_reviewer_takes_the_next_label_and_accepts_it(rita, submitted):
    taken = take(rita)
    done = say(rita, submitted, "accept", note="clean")

    told = taken.json()
    assert (taken.status_code, told["task"]["hold"], told["task"]["state"]) == (
        200, "review", "in_review",
    )  # fmt: skip
    assert (told["label"]["author"], told["label"]["authors"]) == ("ana", ["ana"])
    assert "missed_cloud" in told["reasons"]
    assert done.json() == {"state": "accepted"}


def test_a_heartbeat_keeps_a_review_in_hand(rita, submitted):
    take(rita)

    assert rita.post(f"/api/v1/tasks/{submitted.uuid}/heartbeat").status_code == 200


def test_a_rejection_comes_back_to_its_author_with_the_reviewers_words(ana, rita, submitted):
    take(rita)
    say(rita, submitted, "reject", reason="borders", note="too coarse")

    rework = ana.post(f"{NORTH}/queue/next").json()
    said = ana.get(f"/api/v1/tasks/{rework['id']}/feedback").json()
    start = ana.get(f"/api/v1/tasks/{rework['id']}/draft").json()

    (verdict,) = said["results"]
    assert (verdict["verdict"], verdict["reason"], verdict["note"]) == (
        "rejected", "borders", "too coarse",
    )  # fmt: skip
    assert said["reasons"]["borders"]
    assert start["version"] == 0
    history = ana.get(f"/api/v1/tasks/{submitted.uuid}/history").json()["results"][-1]
    assert (history["verb"], history["detail"]["reason"]) == ("reviewed", "borders")


def test_a_fix_names_both_authors(rita, submitted):
    take(rita)

    fixed = fix(rita, submitted, octets(1))
    seen = rita.get(f"/api/v1/tasks/{submitted.uuid}/review").json()

    assert (fixed.status_code, fixed.json()["author"]) == (201, "rita")
    assert (seen["label"]["authors"], seen["task"]["state"]) == (["ana", "rita"], "accepted")
    assert seen["before"][0]["verdict"] == "fixed"


def test_a_fix_that_is_refused_is_kept_as_the_reviewers_draft(rita, submitted):
    take(rita)

    answer = fix(rita, submitted, octets(9))

    assert (answer.status_code, answer.json()["code"]) == (422, "label_rejected")
    label = rita.get(f"/api/v1/tasks/{submitted.uuid}/draft/label")
    assert b"".join(label.streaming_content) == octets(9)


def test_a_fix_starts_from_the_label_in_review(rita, submitted):
    take(rita)

    start = rita.get(f"/api/v1/tasks/{submitted.uuid}/draft/label")

    assert b"".join(start.streaming_content) == octets()


def test_one_reviews_neither_ones_own_label_nor_an_accepted_one_again(rita, lea, campaign, task):
    assert rita.post(f"{NORTH}/queue/next").status_code == 200
    submit(rita, task, octets())

    nothing = take(rita)
    own = rita.post(f"{NORTH}/reviews/next", {"task": str(task.uuid)}, format="json")
    take(lea)
    say(lea, task, "accept")
    again = say(lea, task, "reject", reason="borders")

    assert (nothing.status_code, nothing.json()["code"]) == (404, "queue_empty")
    assert (own.status_code, own.json()["code"]) == (409, "not_yours")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert "accepted already" in again.json()["message"]


def test_an_unknown_reason_says_which_there_are(rita, submitted):
    take(rita)

    answer = say(rita, submitted, "reject", reason="ugly")

    told = answer.json()
    assert (answer.status_code, told["field"]) == (422, "reason")
    assert "missed_shadow" in told["help"]


def test_a_review_is_given_back(rita, lea, submitted):
    take(rita)

    assert say(rita, submitted, "release").json() == {"state": "submitted"}
    assert take(lea).status_code == 200


def test_reviewing_is_for_reviewers_and_leads(ana, max, submitted):
    paths = [f"{NORTH}/reviews", f"{NORTH}/reviews/waiting", f"{NORTH}/reviews/rules"]

    for path in paths:
        assert [client.get(path).status_code for client in (ana, max)] == [403, 404]
    assert [take(client).status_code for client in (ana, max)] == [403, 404]
    assert [say(client, submitted, "accept").status_code for client in (ana, max)] == [403, 404]
    assert ana.get(f"/api/v1/tasks/{submitted.uuid}/review").status_code == 403


def test_a_colleague_learns_nothing_of_anothers_review(ana, ben, rita, submitted):
    take(rita)
    say(rita, submitted, "reject", reason="borders", note="too coarse")

    assert ben.get(f"/api/v1/tasks/{submitted.uuid}/feedback").status_code == 404


def test_what_waits_and_what_was_said_is_listed(lea, rita, submitted):
    (waiting,) = lea.get(f"{NORTH}/reviews/waiting").json()["results"]
    take(rita)
    say(rita, submitted, "accept")
    (said,) = lea.get(f"{NORTH}/reviews").json()["results"]

    assert (waiting["author"], waiting["lane"], waiting["own"]) == ("ana", "active", False)
    assert (said["verdict"], said["reviewer"]) == ("accepted", "rita")
    assert lea.get(f"{NORTH}/reviews", {"verdict": "loved"}).json()["field"] == "verdict"
    assert lea.get(f"{NORTH}/reviews/waiting", {"limit": 0}).json()["field"] == "limit"


def test_leads_change_the_rules_and_reviewers_see_them(lea, rita):
    path = f"{NORTH}/reviews/rules"

    changed = lea.post(path, {"changes": {"rates": [0.5]}}, format="json")
    wrong = lea.post(path, {"changes": {"rates": [2]}}, format="json")

    assert changed.json()["rates"] == [0.5]
    assert rita.get(path).json()["rates"] == [0.5]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "review.rates[0]")
    assert rita.post(path, {"changes": {}}, format="json").status_code == 403


def test_what_is_accepted_at_once_looks_the_same_whatever_the_lane(campaign, ana, in_hand):
    campaign.review = {"rates": [0]}
    campaign.save()
    Task.objects.update(lane="gold")

    answer = submit(ana, in_hand, octets())

    assert answer.status_code == 201
    assert Task.objects.get().state == "accepted"
    events = ana.get(f"/api/v1/tasks/{in_hand.uuid}/history").json()["results"]
    label = str(Annotation.objects.get().uuid)
    assert [(each["verb"], each["detail"]) for each in events[1:]] == [
        ("submitted", {"annotation": label}),
        ("reviewed", {"annotation": label}),
    ]
