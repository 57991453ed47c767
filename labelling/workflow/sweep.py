"""Recovery: what workers and people left behind is put right from the leases in the database."""

from __future__ import annotations

from datetime import datetime

from labelling import enqueue
from labelling.models import Job
from labelling.workflow.claims import return_expired


def sweep(*, now: datetime) -> dict[str, int]:
    """Return expired reservations; send jobs whose lease has ended to a worker again."""
    return {"reservations": return_expired(now=now), "jobs": requeue_orphans(now=now)}


def requeue_orphans(*, now: datetime) -> int:
    sent = 0
    for job in Job.objects.orphaned(now=now):
        if job.requeue(now=now):
            enqueue.enqueue(enqueue.Job.RUN_JOB, job_id=job.pk)
            sent += 1
    return sent
