"""What is still to be sent to CVAT: rows that outlive who wrote them; cvat/outbox.py sends them.

A row says which thing to bring into step, not what to send: what there is to say is read when it
is sent. So rows may be sent twice, late and in any order, and the last one sent tells the truth.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from labelling import enqueue
from labelling.models import CvatBatch, CvatJob, CvatLink, Outbox, Review, Task

PUSH, JOB, ISSUE = "push", "job", "issue"
"""Verbs: a batch {batch}; a job's person, stage and state {job}; why it came back {job, review}."""


def put(link: CvatLink, verb: str, *, now: datetime, **payload: Any) -> Outbox:
    """Have something sent once the surrounding transaction commits."""
    row = Outbox.objects.create(
        campaign_id=link.campaign_id, verb=verb, payload=payload, created=now
    )
    enqueue.enqueue(enqueue.Job.CVAT_SEND, link_id=link.pk)
    return row


def follow(task: Task, *, now: datetime) -> None:
    """Have the job that serves this task brought into step with it; nothing where there is none.

    Costs nothing where no CVAT is set up, else one query for a task that has no job.
    """
    if settings.CVAT_URL:
        jobs = served(CvatJob.objects.filter(task=task)).select_related("batch__link")
        for job in jobs:
            follow_job(job, now=now)


def follow_job(job: CvatJob, *, now: datetime) -> bool:
    """Have a job brought into step; False where that waits already. It has batch and link."""
    waiting = unsent(job.batch.link).filter(verb=JOB, payload__job=job.pk, attempts=0, due=None)
    if waiting.exists():
        return False
    put(job.batch.link, JOB, now=now, job=job.pk)
    return True


def served(jobs: QuerySet[CvatJob]) -> QuerySet[CvatJob]:
    """Those that are there and may be drawn in."""
    return jobs.filter(gone=None, batch__state=CvatBatch.State.READY)


def unsent(link: CvatLink) -> QuerySet[Outbox]:
    return Outbox.objects.filter(campaign=link.campaign_id, sent=None)


def move_on(rejected: Task, rework: Task, *, review: Review, now: datetime) -> None:
    """Let the rework of a rejected label go on in the same job, and have its author told why;
    within the review's transaction. Nothing where the task has no job."""
    if not settings.CVAT_URL:
        return
    for job in served(CvatJob.objects.filter(task=rejected)).select_related("batch__link"):
        CvatJob.objects.filter(pk=job.pk).update(task=rework)
        put(job.batch.link, ISSUE, now=now, job=job.pk, review=review.pk)
        follow_job(job, now=now)


def asked_first(*, now: datetime) -> set[int]:
    """Ids of tasks whose lease ran out while a job is given to their holder: they are taken back
    only after CVAT was asked (cvat/serving.py). One query; none where no CVAT is set up."""
    if not settings.CVAT_URL:
        return set()
    given = served(CvatJob.objects.filter(task=OuterRef("pk"), assignee=OuterRef("holder")))
    expired = Task.objects.expired(now=now).filter(state=Task.State.RESERVED)
    return set(expired.filter(Exists(given)).values_list("pk", flat=True))
