"""Long work of a Job row that isn't a round: its lease, its cancelling, and how it ends.

A worker that dies leaves the row with a lease that ends; a sweep sends the job to another worker,
which goes on from whatever the work left behind. Only the newest token writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import F

from labelling.errors import LostLease, StorageAway, WorkbenchError
from labelling.models import Job
from labelling.workflow.lease import DATABASE_AWAY, Cancelled, Lease

MOST_ATTEMPTS = 5
"""A job whose worker died this often isn't tried again."""
logger = logging.getLogger(__name__)


Work = Callable[[Lease], dict[str, Any]]
"""Does the job's work from wherever it stands, and returns its result."""
Done = Callable[[Job, dict[str, Any], datetime], None]
"""Writes what follows from the result, in the transaction that ends the job."""


def carry_out(job: Job, work: Work, *, done: Done, clock: Callable[[], datetime]) -> None:
    """Do the work of a job that the caller has taken, and end it as the work ends.

    Storage or a database that is away leaves the job to the next sweep.
    """
    lease = Lease(job=job, clock=clock)
    if job.attempts > MOST_ATTEMPTS:
        finish(lease, Job.State.FAILED, error=f"Its worker died {MOST_ATTEMPTS} times.")
        return
    try:
        result = work(lease)
        with lease.fenced() as now:
            lease.check()
            done(job, result, now)
            job.held().update(result=result)
            job.end(Job.State.DONE, now=now)
    except LostLease:
        logger.warning("%s: another worker took over from token %d", job, job.token)
    except Cancelled:
        finish(lease, Job.State.CANCELLED)
    except (*DATABASE_AWAY, StorageAway) as away:
        leave_to_the_sweep(lease, away)
    except WorkbenchError as refused:
        finish(lease, Job.State.FAILED, error=f"{refused} {refused.help}".strip())
    except Exception as crash:
        logger.exception("%s crashed", job)
        finish(lease, Job.State.FAILED, error=f"{type(crash).__name__}: {crash}")


def leave_to_the_sweep(lease: Lease, away: Exception) -> None:
    logger.error("%s stops until a sweep", lease.job, exc_info=away)
    if isinstance(away, StorageAway):
        # The worker is well: this doesn't count among its deaths.
        lease.job.held().update(error=str(away), attempts=F("attempts") - 1)


def finish(lease: Lease, state: Job.State, *, error: str = "") -> None:
    """End the job in `state`, unless another worker took over."""
    if not lease.job.end(state.value, now=lease.clock(), error=error):
        logger.warning("%s: another worker took over before its end", lease.job)
