"""A worker's hold of a job: renewed while it works, asked before it writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, transaction

from labelling.errors import LostLease
from labelling.models import JOB_LEASE, Job
from labelling.workflow import shutdown

RENEW_EVERY = 2.0
"""Seconds between two writes of progress and lease; progress lines may come faster."""
DATABASE_AWAY = (OperationalError, InterfaceError)
"""Restarting, out of reach, or locked by somebody else for too long."""
Made = TypeVar("Made")
logger = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody asked this job to stop."""


@dataclass(kw_only=True)
class Lease:
    """Of a job that this worker has taken."""

    job: Job
    clock: Callable[[], datetime]
    tried: float = field(default=0.0)
    """When the lease was last to be renewed, in seconds of the monotonic clock."""
    renewed: float = field(default_factory=time.monotonic)
    """When it last was, on the same clock."""

    def tick(self, progress: dict[str, Any] | None = None) -> None:
        """Renew the lease and show `progress`, every few seconds.

        Raises LostLease, Cancelled, and Stopping where this worker is to end. A database that is
        away for less than a lease doesn't end the work: the fence decides.
        """
        shutdown.check()
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

    def meanwhile(self, work: Callable[[], Made]) -> Made:
        """What `work` returns; the lease is renewed while it lasts, since copies can take long.

        `work` runs in another thread, so it may not ask the database for anything.
        """
        with ThreadPoolExecutor(max_workers=1) as worker:
            doing = worker.submit(work)
            while wait([doing], timeout=RENEW_EVERY).not_done:
                self.tick()
            return doing.result()

    def check(self) -> None:
        """Raises LostLease, Cancelled."""
        cancel = self.job.held().values_list("cancel", flat=True).first()
        if cancel is None:
            raise LostLease(f"{self.job}: the lease went to another worker.")
        if cancel:
            raise Cancelled

    @contextmanager
    def fenced(self) -> Iterator[datetime]:
        """A transaction that commits only while this worker holds the job. Yields the time.

        Raises LostLease: nothing inside is written then.
        """
        now = self.clock()
        with transaction.atomic():
            # The job's row stays locked to the end, so that nobody can take it over in between.
            if not self.job.renew(now=now):
                raise LostLease(f"{self.job}: the lease went to another worker.")
            yield now
