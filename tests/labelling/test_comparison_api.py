"""Leads see the newest comparison and every opening of the test; others don't."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from labelling.compute.compare import Request, report_of
from labelling.models import Evaluation
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.compared import (
    frozen,
    labelled_world,
    registered,
    request,
    trained,
    with_masks,
)

pytestmark = pytest.mark.django_db

COMPARISON = "/api/v1/campaigns/north/comparison"
OPENINGS = "/api/v1/campaigns/north/test-openings"


def client(name, campaign, role="annotator"):
    made = APIClient()
    made.force_login(person(name, campaign=campaign, role=role))
    return made


def kept(campaign, **values):
    row = {"kind": "comparison", "split": "validation", "report": {}, "created": NOON, **values}
    return Evaluation.objects.create(campaign=campaign, **row)


def test_a_lead_sees_the_newest_comparison_whole(tmp_path, django_assert_num_queries):
    campaign = labelled_world()
    with_masks(campaign)
    snapshot = frozen(campaign)
    folder = trained(tmp_path)
    model = registered(folder, snapshot)
    report = report_of(Request.read(request(campaign, snapshot, folder)))
    named = {"hash": model.hash, "state": "champion"}
    kept(campaign, report={"old": True})
    kept(
        campaign,
        report={
            **report, "snapshot": snapshot.hash, "test_openings": 0,
            "model": {**report["model"], **named},
        },
    )  # fmt: skip
    lea = client("lea", campaign, "lead")

    with django_assert_num_queries(4):
        answer = lea.get(COMPARISON)

    told = answer.json()
    assert answer.status_code == 200
    assert [mask["source"] for mask in told["masks"]] == ["csmask", "s2cloudless", "scl"]
    csmask = told["masks"][0]
    assert csmask["not_provided"] == ["semi-transparent"]
    assert csmask["all_pixels"] == report["masks"][0]["all_pixels"]
    assert csmask["answered_pixels"] == report["masks"][0]["answered_pixels"]
    assert told["model"]["suite"] == report["model"]["suite"]
    assert told["synthetic"] is True


def test_before_the_first_comparison_the_way_to_it_is_told():
    campaign = CampaignFactory(slug="north")

    answer = client("lea", campaign, "lead").get(COMPARISON)

    assert answer.status_code == 404
    assert "manage.py compare --campaign north" in answer.json()["help"]


@pytest.mark.parametrize("path", [COMPARISON, OPENINGS])
@pytest.mark.parametrize(("name", "role"), [("ana", "annotator"), ("rita", "reviewer")])
def test_others_of_the_campaign_may_not_look(path, name, role):
    campaign = CampaignFactory(slug="north")

    assert client(name, campaign, role).get(path).status_code == 403


@pytest.mark.parametrize("path", [COMPARISON, OPENINGS])
def test_for_an_outsider_there_is_no_such_campaign(path):
    CampaignFactory(slug="north")

    assert client("max", None).get(path).status_code == 404


def test_every_opening_is_listed_page_by_page_the_newest_first():
    campaign = CampaignFactory(slug="north")
    lea = client("lea", campaign, "lead")
    for number in range(53):
        kept(campaign, kind="test", split="test", why=f"look {number}", report={"opening": number})
    kept(campaign)

    first = lea.get(OPENINGS).json()
    second = lea.get(OPENINGS, {"cursor": first["cursor"]}).json()

    found = [each["why"] for each in (*first["results"], *second["results"])]
    assert found == [f"look {number}" for number in reversed(range(53))]
    assert second["cursor"] is None
    assert (first["results"][0]["who"], first["results"][0]["model"]) == (None, None)


def test_a_page_of_openings_takes_as_many_queries_however_many_there_are(
    django_assert_max_num_queries,
):
    campaign = CampaignFactory(slug="north")
    lea = client("lea", campaign, "lead")
    for number in range(30):
        kept(
            campaign, kind="test", split="test", why=f"look {number}",
            who=person(f"p{number}", campaign=campaign),
        )  # fmt: skip

    with django_assert_max_num_queries(5):
        assert len(lea.get(OPENINGS).json()["results"]) == 30


def test_a_cursor_from_nowhere_is_refused():
    campaign = CampaignFactory(slug="north")

    answer = client("lea", campaign, "lead").get(OPENINGS, {"cursor": "later"})

    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
