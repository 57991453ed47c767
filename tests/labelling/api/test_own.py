from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.own import done_since, fixed_pair, said_of
from labelling.models import Task
from tests.factories import person
from tests.labelling.api.conftest import SIZE, octets, submit
from tests.labelling.api.test_review import fix, say, take
from tests.labelling.api.test_tiles import read

NORTH = "/api/v1/campaigns/north"


@pytest.fixture
def handed(ana, in_hand) -> Task:
    """Ana's label, waiting for review."""
    assert submit(ana, in_hand, octets()).status_code == 201
    return in_hand


def day(client, since) -> dict:
    return client.get(f"{NORTH}/my-day", {"since": since.isoformat()}).json()


def test_ones_day_counts_labels_and_reviews_since_the_moment_asked_for(ana, rita, handed):
    take(rita)
    say(rita, handed, "accept")
    early, late = now() - timedelta(hours=1), now() + timedelta(hours=1)

    assert day(ana, early)["labels"] == 1
    assert day(ana, early)["reviews"] == 0
    assert day(rita, early)["reviews"] == 1
    assert day(ana, late) == {"labels": 0, "reviews": 0, "active_seconds": 0}


@pytest.mark.parametrize("since", ["", "yesterday"])
def test_a_day_begins_at_a_moment(ana, since):
    answer = ana.get(f"{NORTH}/my-day", {"since": since})

    assert (answer.status_code, answer.json()["field"]) == (422, "since")


def test_ones_own_feedback_says_what_became_of_the_label(ana, ben, rita, handed):
    take(rita)
    say(rita, handed, "reject", reason="borders", note="too coarse")

    told = ana.get(f"{NORTH}/my-feedback").json()
    others = ben.get(f"{NORTH}/my-feedback").json()

    (said,) = told["results"]
    assert (said["verdict"], said["reason"], said["note"], said["rework"]) == (
        "rejected", "borders", "too coarse", "open",
    )  # fmt: skip
    assert said["tile"]["place"] == handed.tile.acquisition.place.key
    assert told["reasons"]["borders"]
    assert others["results"] == []


def test_feedback_comes_newest_first_in_pages(ana, rita, handed):
    take(rita)
    say(rita, handed, "reject", reason="borders")
    again = ana.post(f"{NORTH}/queue/next").json()["id"]
    submit(ana, type("Task", (), {"uuid": again}), octets(1))
    take(rita)
    rita.post(f"/api/v1/tasks/{again}/review/accept")

    first = ana.get(f"{NORTH}/my-feedback", {"limit": 1}).json()
    second = ana.get(f"{NORTH}/my-feedback", {"limit": 1, "cursor": first["cursor"]}).json()

    verdicts = [page["results"][0]["verdict"] for page in (first, second)]
    assert verdicts == ["accepted", "rejected"]
    assert second["cursor"] is None
    assert second["results"][0]["rework"] == "accepted"


def test_a_fixed_label_is_shown_beside_ones_own(ana, ben, rita, handed):
    take(rita)
    assert fix(rita, handed, octets(1)).status_code == 201
    (said,) = ana.get(f"{NORTH}/my-feedback").json()["results"]

    path = f"/api/v1/me/feedback/{said['id']}/label"
    mine, fixed = read(ana.get(path), "u1", 2, SIZE, SIZE)

    assert np.all(mine == 0)
    assert np.all(fixed == 1)
    assert ben.get(path).status_code == 404
    assert ana.get("/api/v1/me/feedback/99999999999999999999/label").status_code == 404


def test_a_page_of_feedback_costs_three_queries_a_day_one(
    ana, rita, handed, django_assert_num_queries
):
    take(rita)
    say(rita, handed, "reject", reason="borders")
    who = person("ana")

    with django_assert_num_queries(3):
        said_of(handed.campaign, who)
    with django_assert_num_queries(1):
        done_since(handed.campaign, who, now())
    with django_assert_num_queries(1), pytest.raises(NotFound):
        fixed_pair(1, who)
