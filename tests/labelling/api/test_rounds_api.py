import uuid

import pytest

from labelling.models import Job, Round
from tests.factories import CampaignFactory
from tests.labelling.insights.rows import RoundFactory

pytestmark = pytest.mark.django_db

ROUNDS = "/api/v1/campaigns/north/rounds"


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north", strategy="entropy", batch_size=7)


def test_a_lead_starts_a_round(campaign, lea):
    answer = lea.post(ROUNDS, {"strategy": "random", "batch": 3, "seed": 5})

    assert answer.status_code == 202
    told = answer.json()
    assert (told["n"], told["state"], told["step"]) == (1, "planned", "freeze")
    planned = Round.objects.get(campaign=campaign)
    assert (planned.strategy, planned.batch, planned.seed) == ("random", 3, 5)
    assert planned.asked_by.username == "lea"
    assert Job.objects.get(round=planned).state == "waiting"


def test_what_a_plan_leaves_open_is_the_campaigns(lea):
    told = lea.post(ROUNDS, {}).json()

    assert (told["strategy"], told["batch"]) == ("entropy", 7)


def test_a_second_round_waits_for_the_first(lea):
    lea.post(ROUNDS, {})

    answer = lea.post(ROUNDS, {})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Round.objects.count() == 1


def test_the_same_request_sent_twice_starts_one_round(lea):
    key = {"Idempotency-Key": str(uuid.uuid4())}

    answers = [lea.post(ROUNDS, {"batch": 3}, headers=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert Round.objects.count() == 1


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"strategy": "clairvoyance"}, "strategy"),
        ({"batch": 0}, "batch"),
        ({"batch": "many"}, "batch"),
        ({"batch": 10**9}, "batch"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_plan_that_cannot_be_followed_names_its_field(lea, plan, field):
    answer = lea.post(ROUNDS, plan)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not Round.objects.exists()


def test_annotators_start_no_rounds(ana):
    answer = ana.post(ROUNDS, {})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_every_member_sees_the_rounds_newest_first(campaign, ana):
    for n in (1, 2, 3):
        RoundFactory(campaign=campaign, n=n)

    page = ana.get(ROUNDS).json()

    assert [each["n"] for each in page["results"]] == [3, 2, 1]
    assert page["cursor"] is None


def test_the_cursor_leads_on_to_older_rounds(campaign, ana):
    for n in (1, 2, 3):
        RoundFactory(campaign=campaign, n=n)

    page = ana.get(ROUNDS, {"cursor": "3"}).json()

    assert [each["n"] for each in page["results"]] == [2, 1]


def test_a_cursor_from_nowhere_is_refused(ana):
    answer = ana.get(ROUNDS, {"cursor": "later"})

    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


def test_a_lead_cancels_a_round_that_no_worker_has_begun(lea):
    lea.post(ROUNDS, {})

    answer = lea.post(f"{ROUNDS}/1/cancel")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Job.objects.get().cancel


def test_a_finished_round_cannot_be_cancelled(campaign, lea):
    RoundFactory(campaign=campaign, n=1)

    answer = lea.post(f"{ROUNDS}/1/cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_round_that_was_never_planned_cannot_be_cancelled(lea):
    answer = lea.post(f"{ROUNDS}/9/cancel")

    assert (answer.status_code, answer.json()["field"]) == (404, "n")


def test_annotators_cancel_no_rounds(campaign, ana):
    RoundFactory(campaign=campaign, n=1, state="planned")

    assert ana.post(f"{ROUNDS}/1/cancel").status_code == 403
    assert Round.objects.get().state == "planned"
