from __future__ import annotations

from labelling.models import record
from tests.factories import NOON, person


def test_a_lead_reads_the_audit_and_nobody_else(ana, rita, lea, max, campaign):
    record("created", campaign, campaign=campaign, who=person("lea"), now=NOON, lane="pick")

    path = "/api/v1/campaigns/north/events"

    statuses = [client.get(path).status_code for client in (ana, rita, lea, max)]
    assert statuses == [403, 403, 200, 404]
    (told,) = lea.get(f"{path}?who=lea&verb=created&since=2026-06-01&limit=5").json()["results"]
    assert (told["who"], told["kind"], told["object"]) == ("lea", "campaign", "north")
    assert told["detail"] == {"lane": "pick"}


def test_nobody_can_write_there(lea, campaign):
    for write in (lea.post, lea.put, lea.patch, lea.delete):
        assert write("/api/v1/campaigns/north/events", {}).status_code == 405


def test_a_filter_that_makes_no_sense_is_refused(lea):
    answer = lea.get("/api/v1/campaigns/north/events?verb=ate")

    assert (answer.status_code, answer.json()["field"]) == (422, "verb")
    assert lea.get("/api/v1/campaigns/north/events?cursor=x").status_code == 422
