"""The API for leads who mend who is who, and the address that an annotator gets with a tile."""

from __future__ import annotations

import pytest
from django.db import connection
from rest_framework.test import APIClient

from labelling.models import CvatUser
from tests.contract.fake import running
from tests.factories import person
from tests.labelling.cvat.site import Site

PEOPLE = "/api/v1/campaigns/north/cvat/people"

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(campaign, settings):
    with running() as server:
        settings.CVAT_URL, settings.CVAT_TOKEN = server.url, server.token
        site = Site(campaign, server)
        site.connect(options={"context": False})
        yield site


def signed_in(name: str, site: Site, role: str) -> APIClient:
    client = APIClient()
    client.force_login(person(name, campaign=site.campaign, role=role))
    return client


def test_a_lead_finds_maps_and_forgets_people(site):
    lea, ana = signed_in("lea", site, "lead"), signed_in("ana", site, "annotator")
    site.server.state.add_user("ana")
    site.server.state.add_user("a.smith")

    found = lea.post(f"{PEOPLE}/match").json()["found"]
    assert [(each["username"], each["there"]) for each in found] == [("ana", "ana")]
    mapped = lea.post(PEOPLE, {"username": "ana", "there": "a.smith", "serves": False}).json()
    assert (mapped["there"], mapped["serves"]) == ("a.smith", False)
    rows = lea.get(PEOPLE).json()["results"]
    assert {each["username"]: each["there"] for each in rows} == {"lea": "", "ana": "a.smith"}
    assert lea.post(PEOPLE, {"username": "ana", "there": ""}).json()["remote"] is None
    assert not CvatUser.objects.exists()

    assert ana.get(PEOPLE).status_code == ana.post(f"{PEOPLE}/match").status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"username": "max", "there": "ana"}, 404, "username"),
        ({"username": "lea", "there": "nobody"}, 404, "there"),
        ({"username": "lea", "there": ""}, 404, "username"),
        ({"there": "ana"}, 422, "username"),
    ],
)
def test_who_cannot_be_mapped_is_named(site, body, status, field):
    lea = signed_in("lea", site, "lead")

    refused = lea.post(PEOPLE, body)

    assert (refused.status_code, refused.json()["field"]) == (status, field)


@pytest.mark.parametrize("path", ["", "/match"])
def test_the_server_is_asked_outside_of_the_answers_transaction(site, path, monkeypatch):
    lea = signed_in("lea", site, "lead")
    site.server.state.add_user("lea")
    transport, inside = site.cvat.transport, []
    call = transport.call

    def watched(*args, **request):
        inside.append(len(connection.savepoint_ids))
        return call(*args, **request)

    monkeypatch.setattr(transport, "call", watched)
    body = {"username": "lea", "there": "lea"}
    answers = [
        lea.post(f"{PEOPLE}{path}", body, headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert set(inside) == {0}


def test_a_server_that_is_away_is_a_503(site):
    lea = signed_in("lea", site, "lead")
    site.server.fail("status", status=503, retry_after="60", times=9)

    refused = lea.post(f"{PEOPLE}/match")

    assert refused.status_code == 503
    assert refused.json()["code"] == "cvat_away"


def test_who_draws_there_gets_the_address_with_the_tile(site, django_assert_num_queries):
    (ana,) = site.people("ana")
    first, second = site.tiles(2, hint=False)
    site.push(limit=1)
    client = APIClient()
    client.force_login(ana)

    told = client.post("/api/v1/campaigns/north/queue/next").json()
    assert told["id"] == str(first.uuid)
    assert told["cvat_url"] == site.job(first).where
    ben = signed_in("ben", site, "annotator")
    other = ben.post("/api/v1/campaigns/north/queue/next").json()
    assert (other["id"], other["cvat_url"]) == (str(second.uuid), None)
