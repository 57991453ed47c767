"""Long work of a Job row that isn't a round: its lease, its cancelling, and how it ends.

A worker that dies leaves the row with a lease that ends; a sweep sends the job to another worker,
which goes on from whatever the work left behind. Only the newest token writes.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import close_old_connections, transaction

from labelling import enqueue
from labelling.errors import Conflict, LostLease, StorageAway, WorkbenchError
from labelling.models import LONGEST_PAUSE, Event, Job, record
from labelling.workflow import shutdown
from labelling.workflow.lease import DATABASE_AWAY, Cancelled, Lease
from labelling.workflow.shutdown import Stopping

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_ATTEMPTS = 5
"""A step whose worker died this often isn't tried again."""
SHORTEST_PAUSE = timedelta(seconds=20)
"""Before a job is tried again whose storage or database was away; it doubles each time."""
logger = logging.getLogger(__name__)


Work = Callable[[Lease], dict[str, Any]]
"""Does the job's work from wherever it stands, and returns its result."""
Done = Callable[[Job, dict[str, Any], datetime], None]
"""Writes what follows from the result, in the transaction that ends the job."""


def carry_out(job: Job, work: Work, *, done: Done, clock: Callable[[], datetime]) -> None:
    """Do the work of a job that the caller has taken, and end it as the work ends.

    Storage or a database that is away leaves the job to a later sweep; a worker that is to end, to
    another one.
    """
    lease = Lease(job=job, clock=clock)
    if job.tries > MOST_ATTEMPTS:
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
    except Stopping:
        hand_on(lease)
    except (*DATABASE_AWAY, StorageAway) as away:
        leave_to_the_sweep(lease, away)
    except WorkbenchError as refused:
        finish(lease, Job.State.FAILED, error=f"{refused} {refused.help}".strip())
    except Exception as crash:
        logger.exception("%s crashed", job)
        finish(lease, Job.State.FAILED, error=f"{type(crash).__name__}: {crash}")


def hand_on(lease: Lease) -> None:
    """Send the job to another worker at once: this one is to end.

    Where it isn't, somebody ended its child process: that counts as a death, else it would be tried
    for ever on a machine that ends whatever takes much memory.
    """
    if lease.job.hand_back(due=lease.clock(), well=shutdown.asked()):
        enqueue.enqueue(enqueue.Job(lease.job.kind), job_id=lease.job.pk)
        logger.warning("%s goes on in another worker: this one ends", lease.job)


def leave_to_the_sweep(lease: Lease, away: Exception) -> None:
    """Let go of the job for a while that grows from time to time, up to LONGEST_PAUSE.

    While the database is away nothing can be written: then the lease ends by itself.
    """
    job, due = lease.job, lease.clock() + pause(lease.job.away)
    logger.error("%s stops until a sweep", job, exc_info=away)
    # A database that refuses the same again and again must not be asked for ever.
    well = isinstance(away, StorageAway)
    close_old_connections()
    try:
        job.hand_back(due=due, well=well, away=job.away + 1, error=str(away))
    except DATABASE_AWAY:
        logger.warning("%s: its lease has to run out", job)


def pause(times: int) -> timedelta:
    """Before the next try after so many: twice as long each time, and half of it by chance.

    Jobs that were stopped by the same fault so don't all come back in one moment.
    """
    longest: timedelta = min(SHORTEST_PAUSE * 2 ** min(times, 10), LONGEST_PAUSE)
    return longest * (0.5 + 0.5 * random.random())


def finish(lease: Lease, state: Job.State, *, error: str = "") -> None:
    """End the job in `state`, unless another worker took over."""
    if not lease.job.end(state.value, now=lease.clock(), error=error):
        logger.warning("%s: another worker took over before its end", lease.job)


def ask_to_stop(job: Job, *, by: User | None, now: datetime) -> Job:
    """Ask an unfinished job to stop; one that no worker has begun is cancelled at once.

    Raises Conflict when it is finished.
    """
    with transaction.atomic():
        if not Job.objects.unfinished().filter(pk=job.pk).update(cancel=True):
            job.refresh_from_db()
            raise Conflict(f"The job is {job.state} already.", field="id")
        Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(
            state=Job.State.CANCELLED, lease_ends=None, finished=now
        )
        record(Event.Verb.CANCELLED, job, campaign=job.campaign, who=by, now=now)
    job.refresh_from_db()
    return job
