"""Which commits of PostgreSQL wait for the disk. On SQLite all do."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from labelling.models.commits import may_be_lost
from labelling.workflow import rankings
from labelling.workflow.claims import claim_next
from tests.factories import NOON, TaskFactory, rank

pytestmark = pytest.mark.django_db(transaction=True)


def waits() -> bool:
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return cursor.fetchone()[0] == "on"


def test_only_the_transaction_under_way_may_be_lost():
    with transaction.atomic():
        assert waits()
        may_be_lost()
        assert waits() == (connection.vendor != "postgresql")
    assert waits()
    may_be_lost()
    assert waits()


def test_the_switch_to_a_new_ranking_waits_for_the_disk(monkeypatch, campaign):
    task = TaskFactory(campaign=campaign)
    waited = {}
    for name in ("_insert", "_point_at"):
        step = getattr(rankings, name)

        def told(*args, step=step, name=name, **kwargs):
            waited[name] = waits()
            return step(*args, **kwargs)

        monkeypatch.setattr(rankings, name, told)
    rankings.put_in_force(campaign, [(task.pk, task.lane)], now=NOON)
    assert waited == {"_insert": connection.vendor != "postgresql", "_point_at": True}


def test_a_claim_may_be_lost(monkeypatch, client, campaign, ana):
    rank(campaign, TaskFactory(campaign=campaign))
    client.force_login(ana)
    waited = []

    def told(**kwargs):
        waited.append(waits())
        return claim_next(**kwargs)

    monkeypatch.setattr("labelling.api.queue.claim_next", told)
    address, key = f"/api/v1/campaigns/{campaign.slug}/queue/next", {"Idempotency-Key": "one"}
    answer = client.post(address, {}, content_type="application/json", headers=key)
    assert answer.status_code == 200, answer.content
    assert waited == [connection.vendor != "postgresql"]
    assert waits()
