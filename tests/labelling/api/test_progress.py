import pytest
from rest_framework.test import APIClient

from tests.factories import CampaignFactory, TaskFactory, person
from tests.labelling.insights.rows import RoundFactory, label, learnt, reservation, score, tile

pytestmark = pytest.mark.django_db

METRICS = {"split": "validation", "class_mean_iou": 0.61, "iou": {"clear": 0.9, "cloud": None}}


PROGRESS = "/api/v1/campaigns/north/progress"


@pytest.fixture
def campaign():
    return CampaignFactory(slug="north", targets={"tiles": 1500})


def test_a_lead_sees_how_a_new_campaign_stands(lea):
    answer = lea.get(PROGRESS)

    assert answer.status_code == 200
    seen = answer.json()
    assert seen["tiles"] == {
        "total": 0, "pool": 0, "validation": 0, "test": 0, "labelled": 0, "labelled_pool": 0,
        "target": 1500, "synthetic": 0,
    }  # fmt: skip
    assert (seen["rounds"], seen["running"], seen["batch"]) == ([], None, None)
    assert [each["name"] for each in seen["classes"]] == [
        "clear",
        "cloud",
        "semi-transparent",
        "shadow",
    ]
    assert seen["people"] == [
        {"username": "lea", "name": "Lea", "role": "lead", "submitted": 0, "in_hand": 0}
    ]


def test_after_a_round_its_metrics_and_its_batch_are_there(campaign, lea):
    done, picked = tile(campaign), tile(campaign)
    label(done, campaign, pixels={"0": 60, "1": 4})
    round = RoundFactory(campaign=campaign)
    learnt(round, counts={"samples": 1, "pool": 1, "pixels": {"0": 60, "1": 4}}, metrics=METRICS)
    score(round, picked, value=0.83, picked=1)
    sent_in = TaskFactory(campaign=campaign, tile=picked, state="submitted")
    reservation(sent_in, person("ana", campaign=campaign), how="submitted")

    seen = lea.get(PROGRESS).json()

    assert seen["rounds"][0]["metrics"] == METRICS
    assert seen["rounds"][0]["labelled_pixels"] == 64
    assert seen["batch"]["round"] == 1
    (shown,) = seen["batch"]["tiles"]
    assert (shown["tile"], shown["score"], shown["state"]) == (str(picked.uuid), 0.83, "submitted")
    assert seen["tasks"]["submitted"] == 1
    assert [each["submitted"] for each in seen["people"]] == [1, 0]


def test_the_steps_of_the_running_round_are_named_in_order(campaign, lea):
    RoundFactory(campaign=campaign, state="running", step="fit")

    steps = lea.get(PROGRESS).json()["running"]["steps"]

    assert [step["name"] for step in steps] == ["freeze", "fit", "judge", "score", "pick", "open"]


def test_annotators_do_not_see_the_progress(ana):
    answer = ana.get(PROGRESS)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_reviewers_do_not_see_the_progress(rita):
    assert rita.get(PROGRESS).status_code == 403


def test_to_an_outsider_the_campaign_does_not_exist(max):
    assert max.get(PROGRESS).status_code == 404


def test_who_is_not_signed_in_sees_nothing(campaign):
    assert APIClient().get(PROGRESS).status_code == 401


@pytest.mark.parametrize("amount", [1, 5])
def test_the_number_of_queries_does_not_grow(campaign, lea, amount, django_assert_num_queries):
    for n in range(1, amount + 1):
        round = RoundFactory(campaign=campaign, n=n)
        each = tile(campaign)
        TaskFactory(campaign=campaign, tile=each, round_no=n)
        score(round, each, value=0.5, picked=1)
        person(f"ana-{n}", campaign=campaign)

    # Session, person, campaign with role; then the page, where no round is running.
    with django_assert_num_queries(3 + 10):
        lea.get(PROGRESS)
