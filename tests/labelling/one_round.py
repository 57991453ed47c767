"""A round planned, taken by a worker, and worked, in this process."""

from __future__ import annotations

from labelling import clock
from labelling.adapters.blobs import store
from labelling.models import Job, Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.rounds import plan_round, run_round
from tests.factories import NOON


def planned(campaign, *, strategy="random", batch=3, seed=7) -> Round:
    return plan_round(
        campaign=campaign, strategy=strategy, batch=batch, seed=seed, asked_by=None, now=NOON
    )


def taken(round: Round) -> Attempt:
    """What a worker works with that has just taken the round's job."""
    job = Job.objects.select_related("round__campaign__schema").get(round=round)
    assert job.take(now=clock.now())
    assert job.round is not None
    return Attempt(job=job, round=job.round, blobs=store(), clock=clock.now)


def work(round: Round) -> Round:
    attempt = taken(round)
    run_round(attempt.job, blobs=attempt.blobs, clock=attempt.clock)
    round.refresh_from_db()
    return round
