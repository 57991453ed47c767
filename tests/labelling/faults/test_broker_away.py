"""A broker that can't be reached when work is ordered: the order stands, and is sent later."""

from __future__ import annotations

import pytest
from kombu.exceptions import OperationalError

from labelling.clock import now
from labelling.config import celery_app
from labelling.enqueue import Job as Name
from labelling.models import JOB_LEASE, Job
from labelling.workflow.sweep import requeue_orphans
from tests.labelling.api.conftest import signed_in
from tests.labelling.security.who_may import LEAD
from tests.labelling.security.world import world

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_snapshot_that_could_not_be_sent_stands_and_the_sweep_sends_it(
    sent, monkeypatch, settings, caplog
):
    lead = signed_in(world().people[LEAD])
    Job.objects.all().delete()

    def away(*_, **__):
        raise OperationalError("[Errno 111] Connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(celery_app, "send_task", away)
        told = lead.post("/api/v1/campaigns/north/snapshots", {"schema": 1}, format="json")

    assert told.status_code == 202, told.content
    ordered = Job.objects.get()
    assert ordered.state == "waiting"
    assert "Connection refused" in caplog.text
    assert sent == []

    assert requeue_orphans(now=now() + 2 * JOB_LEASE) == 1
    assert sent == [(Name.FREEZE.value, {"job_id": ordered.pk})]
    assert requeue_orphans(now=now() + 2 * JOB_LEASE) == 0
