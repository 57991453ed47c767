"""A helper's part: it hears a call, and does shards of that job until none is free."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.models import Job
from labelling.workflow.sharing.alone import alone
from labelling.workflow.sharing.stay import HELPERS_ENDINGS, Stay
from labelling.workflow.sharing.work import Work
from labelling.workflow.shutdown import Stopping


def help_with(job: Job, work: Work, *, blobs: Blobs, clock: Callable[[], datetime]) -> str:
    """Do shards of the job that nobody does; what came of it, in words.

    May be called any number of times, by several at once, and for a job that has ended. Nothing is
    raised because storage or the database is away: the conductor calls again.
    """
    stay = Stay(job=job, work=work, blobs=blobs, clock=clock)
    if not stay.free().exists():
        return f"{job}: nothing to help with"
    with alone(wanted=work.alone) as mine:
        if not mine:
            return f"{job}: this worker is at it already"
        try:
            with work.begin(job, blobs) as do:
                stay.work_off(do)
        except Stopping:
            enqueue.enqueue(work.help, job_id=job.pk)
            return f"{job}: {stay.done} shards, left to another worker"
        except HELPERS_ENDINGS as end:
            return f"{job}: {stay.done} shards, then {end}"
    return f"{job}: {stay.done} shards"
