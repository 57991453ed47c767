"""Stop long work, or have failed work tried again, of whatever kind it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from labelling import enqueue
from labelling.errors import Conflict
from labelling.models import JOB_LEASE, Event, Job, Round, record
from labelling.workflow.leased import ask_to_stop
from labelling.workflow.rounds import cancel_round

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def cancel_job(*, job: Job, by: User | None, now: datetime) -> Job:
    """Ask an unfinished job to stop; one that no worker has begun is cancelled at once.

    Raises Conflict when it is finished.
    """
    if job.round is not None:
        cancel_round(round=job.round, by=by, now=now)
        job.refresh_from_db()
        return job
    return ask_to_stop(job, by=by, now=now)


def retry_job(*, job: Job, by: User | None, now: datetime) -> Job:
    """Send a failed job to the workers once more: it goes on from what it has finished.

    Raises Conflict for a job that hasn't failed, for a round while another one of the campaign is
    under way, and for one that a later round has replaced.
    """
    with transaction.atomic():
        again = Job.objects.filter(pk=job.pk, state=Job.State.FAILED).update(
            state=Job.State.WAITING,
            lease_ends=now + JOB_LEASE,
            finished=None,
            cancel=False,
            error="",
            attempts=0,
            tries=0,
            away=0,
        )
        if not again:
            job.refresh_from_db()
            raise Conflict(
                f"The job is {job.state}.", field="id", help="Only failed ones are tried again."
            )
        if job.round is not None:
            revive(job.round)
        record(
            Event.Verb.PLANNED, job.round or job, campaign=job.campaign, who=by, now=now, again=True
        )
        enqueue.enqueue(enqueue.Job(job.kind), job_id=job.pk)
    job.refresh_from_db()
    return job


def revive(round: Round) -> None:
    """Let a failed round go on at the step it failed in. Raises Conflict."""
    if Round.objects.filter(campaign=round.campaign_id, n__gt=round.n).exists():
        raise Conflict(
            f"Round {round.n} was followed by another: its tiles would be outdated.",
            field="id",
            help="Start a new round.",
        )
    try:
        with transaction.atomic():
            Round.objects.filter(pk=round.pk).update(
                state=Round.State.RUNNING, error="", finished=None
            )
    except IntegrityError:
        raise Conflict(f"A round of {round.campaign.slug} is still running.") from None
