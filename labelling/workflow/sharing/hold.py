"""A worker's hold of a shard: renewed while it works, asked before it writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import close_old_connections, transaction

from labelling.errors import LostLease
from labelling.models import JOB_LEASE, Job, Shard
from labelling.workflow import shutdown
from labelling.workflow.lease import DATABASE_AWAY, RENEW_EVERY, Lease

logger = logging.getLogger(__name__)


class ShardGone(LostLease):
    """Another worker took this shard over, or its job has ended."""


@dataclass(kw_only=True)
class Hold(Lease):
    """Of a shard that this worker has taken. `meanwhile` renews it as that of a job."""

    shard: Shard
    along: Callable[..., None] = lambda news=False: None
    """Called with each tick: the conductor renews its job, and raises what that raises. `news`:
    whether there is progress to show."""

    @property
    def n(self) -> int:
        """The shard's place in the plan, from 0."""
        return self.shard.n

    def tick(self, progress: dict[str, Any] | None = None) -> None:
        """Renew the shard's lease every few seconds, and show `progress["done"]`, its units so far.

        Raises ShardGone, and Stopping where this worker is to end; for the conductor also what
        `Conducting.along` raises. A database that is away for less than a lease doesn't end the
        work.
        """
        shutdown.check()
        self.renew(progress)
        self.along(news=progress is not None)

    def renew(self, progress: dict[str, Any] | None) -> None:
        begun = self.shard.progress > 0
        if progress is not None and "done" in progress:
            self.shard.progress = min(int(progress["done"]), self.shard.units)
        first = not begun and self.shard.progress > 0  # shown at once: a small shard is soon done
        if time.monotonic() - self.tried < RENEW_EVERY and not first:
            return
        self.tried = time.monotonic()
        try:
            if not self.shard.renew(now=self.clock(), progress=self.shard.progress):
                raise ShardGone(f"{self.shard}: it went to another worker.")
            self.renewed = self.tried
            self.check()
        except DATABASE_AWAY as away:
            logger.warning("%s: the lease could not be renewed: %s", self.shard, away)
            if self.tried - self.renewed > JOB_LEASE.total_seconds():
                raise ShardGone(f"{self.shard}: the lease ended, the database is away.") from away
            close_old_connections()

    def check(self) -> None:
        """Raises ShardGone where nobody wants the job done any more."""
        if not Job.objects.unfinished().filter(pk=self.job.pk, cancel=False).exists():
            raise ShardGone(f"{self.shard}: its job has ended.")

    @contextmanager
    def fenced(self) -> Iterator[datetime]:
        """A transaction that commits only while this worker holds the shard. Yields the time.

        Raises ShardGone: nothing inside is written then.
        """
        now = self.clock()
        with transaction.atomic():
            # The shard's row stays locked to the end: nobody can take it over in between.
            if not self.shard.renew(now=now):
                raise ShardGone(f"{self.shard}: it went to another worker.")
            yield now
