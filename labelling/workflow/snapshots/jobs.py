"""Snapshots as jobs: asked for on a page, made by a worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.models import JOB_LEASE, Campaign, Event, Job, record
from labelling.workflow.lease import Lease
from labelling.workflow.leased import carry_out

from .choosing import schema_of
from .freezing import freeze
from .rule import Rule, read_rule

KIND = enqueue.Job.FREEZE.value
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)


def start_freeze(*, campaign: Campaign, rule: Rule, by: User, now: datetime) -> Job:
    """Send a snapshot to the workers; one of the same rule that is under way is returned as it is.

    The job's result names the snapshot's hash. Raises BadInput, NotFound (the rule's schema).
    """
    request = {"rule": {**rule.as_json(), "schema": schema_of(campaign, rule).version}}
    for known in Job.objects.filter(kind=KIND, campaign=campaign, state__in=UNFINISHED):
        if known.request["rule"] == request["rule"]:
            return known
    with transaction.atomic():
        job = Job.objects.create(
            kind=KIND,
            campaign=campaign,
            request={**request, "asked_by": by.username},
            created=now,
            lease_ends=now + JOB_LEASE,
        )
        record(Event.Verb.PLANNED, job, campaign=campaign, who=by, now=now, **request)
        enqueue.enqueue(enqueue.Job.FREEZE, job_id=job.pk)
    return job


def run_freeze(job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
    """Make the snapshot of a job. The caller has taken the job."""
    carry_out(job, lambda lease: frozen(lease, blobs), done=note, clock=clock)


def frozen(lease: Lease, blobs: Blobs) -> dict[str, Any]:
    """Chips that an earlier worker stored are not made again."""
    campaign = Campaign.objects.select_related("schema").get(pk=lease.job.campaign_id)

    def tell(done: int, total: int) -> None:
        lease.tick({"stage": "freeze", "done": done, "total": total})

    snapshot = freeze(
        campaign,
        blobs=blobs,
        now=lease.clock(),
        rule=read_rule(lease.job.request["rule"]),
        who=User.objects.filter(username=lease.job.request["asked_by"]).first(),
        progress=tell,
    )
    return {"snapshot": snapshot.hash, "counts": snapshot.counts}


def note(job: Job, result: dict[str, Any], now: datetime) -> None:
    who = User.objects.filter(username=job.request["asked_by"]).first()
    record(
        Event.Verb.FINISHED, job, campaign=job.campaign, who=who, now=now,
        snapshot=result["snapshot"],
    )  # fmt: skip
