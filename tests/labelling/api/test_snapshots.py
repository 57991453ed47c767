from __future__ import annotations

import uuid

import pytest

from labelling.adapters.blobs import store
from labelling.models import Job
from labelling.tasks import freeze
from labelling.workflow.snapshots.freezing import freeze as freeze_now
from labelling.workflow.snapshots.rule import read_rule
from tests.factories import NOON
from tests.worlds import world

PATH = "/api/v1/campaigns/north/snapshots"


@pytest.fixture
def campaign(db):
    """Painted (synthetic) tiles: two of the pool and one to validate by are labelled."""
    return world(slug="north", pool=2, validation=1, labelled=2)


@pytest.fixture
def pair(campaign):
    return [
        freeze_now(campaign, blobs=store(), now=NOON, rule=read_rule({"splits": splits}))
        for splits in ([], ["pool"])
    ]


def test_a_lead_orders_a_snapshot_and_follows_it(lea, rita, sent):
    order = {"rule": {"splits": ["pool"], "min_trust": 0.5}}
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first, again = (lea.post(PATH, order, format="json", headers=key) for _ in range(2))
    freeze(job_id=Job.objects.get().pk)

    assert (first.status_code, first.json()) == (202, again.json())
    job = rita.get(f"{PATH}/jobs/{first.json()['id']}").json()
    assert job["state"] == "done"
    made = rita.get(f"/api/v1/snapshots/{job['snapshot'][:12]}").json()
    assert made["rule"]["splits"] == ["pool"]
    assert made["datasheet"]["composition"]["tiles"] == 2
    assert made["counts"]["samples"] == 2


def test_a_rule_that_makes_no_sense_is_refused_by_its_field(lea):
    for body, field in (
        ({"rule": {"lanes": ["fast"]}}, "rule.lanes"),
        ({"rule": {"colour": 1}}, "rule.colour"),
        ({"rule": {"schema": 9}}, "rule.schema"),
        ([], "body"),
    ):
        answer = lea.post(PATH, body, format="json")
        assert (answer.status_code in (404, 422), answer.json()["field"]) == (True, field)
    assert not Job.objects.exists()


def test_snapshots_are_listed_and_compared(lea, pair):
    first, second = pair

    page = lea.get(f"{PATH}?limit=1").json()
    rest = lea.get(f"{PATH}?limit=1&cursor={page['cursor']}").json()
    told = lea.get(f"/api/v1/snapshots/{first.hash}/diff?to={second.hash[:8]}").json()

    assert [each["hash"] for each in page["results"] + rest["results"]] == [
        second.hash, first.hash,
    ]  # fmt: skip
    assert (told["removed"]["count"], told["added"]["count"], told["unchanged"]) == (1, 0, 2)


def test_only_those_who_oversee_the_campaign_see_snapshots(ana, rita, lea, max, pair):
    first, second = pair
    paths = (PATH, f"/api/v1/snapshots/{first.hash}",
             f"/api/v1/snapshots/{first.hash}/diff?to={second.hash}")  # fmt: skip

    for path in paths:
        statuses = [client.get(path).status_code for client in (ana, rita, lea, max)]
        assert statuses == [403, 200, 200, 404], path
    assert "north" not in max.get(paths[1]).content.decode()
    orders = [client.post(PATH, {}, format="json").status_code for client in (ana, rita, max)]
    assert orders == [403, 403, 404]


def test_an_unknown_snapshot_or_job_is_not_found(lea):
    assert lea.get(f"/api/v1/snapshots/{'0' * 64}").status_code == 404
    assert lea.get("/api/v1/snapshots/short").status_code == 422
    assert lea.get(f"{PATH}/jobs/{uuid.uuid4()}").status_code == 404
