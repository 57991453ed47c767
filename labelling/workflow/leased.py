"""Long work of a Job row that isn't a round: its lease, its cancelling, and how it ends.

A worker that dies leaves the row with a lease that ends; a sweep sends the job to another worker,
which goes on from whatever the work left behind. Only the newest token writes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import close_old_connections, transaction
from django.db.models import F

from labelling.errors import LostLease, StorageAway, WorkbenchError
from labelling.models import JOB_LEASE, Job
from labelling.workflow.attempt import DATABASE_AWAY, RENEW_EVERY, Cancelled

MOST_ATTEMPTS = 5
"""A job whose worker died this often isn't tried again."""
Made = TypeVar("Made")
logger = logging.getLogger(__name__)


@dataclass
class Lease:
    """A worker's hold of a job that it has taken."""

    job: Job
    clock: Callable[[], datetime]
    tried: float = field(default=0.0)
    """When the lease was last to be renewed, in seconds of the monotonic clock."""
    renewed: float = field(default_factory=time.monotonic)

    def tick(self, progress: dict[str, Any] | None = None) -> None:
        """Renew the lease and show `progress`, every few seconds. Raises LostLease, Cancelled."""
        if time.monotonic() - self.tried < RENEW_EVERY:
            return
        self.tried = time.monotonic()
        try:
            if not self.job.renew(now=self.clock(), progress=progress):
                raise LostLease(f"{self.job}: the lease went to another worker.")
            self.renewed = self.tried
            self.check()
        except DATABASE_AWAY as away:
            logger.warning("%s: the lease could not be renewed: %s", self.job, away)
            if self.tried - self.renewed > JOB_LEASE.total_seconds():
                raise LostLease(f"{self.job}: the lease ended, the database is away.") from away
            close_old_connections()

    def check(self) -> None:
        """Raises LostLease, Cancelled."""
        cancel = self.job.held().values_list("cancel", flat=True).first()
        if cancel is None:
            raise LostLease(f"{self.job}: the lease went to another worker.")
        if cancel:
            raise Cancelled

    def meanwhile(self, work: Callable[[], Made]) -> Made:
        """What `work` returns; the lease is renewed while it lasts.

        `work` runs in another thread, so it may not ask the database for anything.
        """
        with ThreadPoolExecutor(max_workers=1) as worker:
            doing = worker.submit(work)
            while wait([doing], timeout=RENEW_EVERY).not_done:
                self.tick()
            return doing.result()

    @contextmanager
    def fenced(self) -> Iterator[datetime]:
        """A transaction that commits only while this worker holds the job. Yields the time.

        Raises LostLease: nothing inside is written then.
        """
        now = self.clock()
        with transaction.atomic():
            if not self.job.renew(now=now):
                raise LostLease(f"{self.job}: the lease went to another worker.")
            yield now


Work = Callable[[Lease], dict[str, Any]]
"""Does the job's work from wherever it stands, and returns its result."""
Done = Callable[[Job, dict[str, Any], datetime], None]
"""Writes what follows from the result, in the transaction that ends the job."""


def carry_out(job: Job, work: Work, *, done: Done, clock: Callable[[], datetime]) -> None:
    """Do the work of a job that the caller has taken, and end it as the work ends.

    Storage or a database that is away leaves the job to the next sweep.
    """
    lease = Lease(job, clock)
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
