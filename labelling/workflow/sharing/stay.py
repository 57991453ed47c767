"""A worker's stay with a job: it takes one shard after the other until none is free."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import close_old_connections
from django.db.models import Q, QuerySet

from labelling.adapters.blobs import Blobs
from labelling.errors import LostLease, StorageAway, WorkbenchError
from labelling.models import Job, Shard
from labelling.models.shard import MOST_TRIES
from labelling.workflow import shutdown
from labelling.workflow.lease import DATABASE_AWAY, Cancelled
from labelling.workflow.sharing.hold import Hold, ShardGone
from labelling.workflow.sharing.work import WORKER, Do, NotHere, Work
from labelling.workflow.shutdown import Stopping

ENDINGS = (Stopping, Cancelled, LostLease, StorageAway, *DATABASE_AWAY)
"""They end a stay, but are no fault of the shard."""
HELPERS_ENDINGS = (*ENDINGS, OSError)
"""Of a helper's stay: a full disk, or a folder that isn't mounted, is its machine's own trouble."""
MOST_FAILED = 2
"""Shards that a helper fails at one after the other: the fault is probably its own."""
logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Stay:
    """What becomes of a shard is decided by what doing it raises:

    - nothing: it is done;
    - ShardGone: another worker has it; the stay goes on with the next;
    - NotHere: it waits for another worker, and doesn't count as tried;
    - Stopping, StorageAway, a database that is away, Cancelled, LostLease: it waits for another
      worker, doesn't count as tried, and the stay ends with that;
    - any other: it waits, but counts as tried; MOST_TRIES such tries and it has failed. The stay of
      the conductor ends with that: the job fails as if there were no shards. A helper goes on with
      the next shard; not after MOST_FAILED in a row, and never with a shard that it was the last to
      fail at. So one worker that can do nothing doesn't use up all tries.
    """

    job: Job
    work: Work
    blobs: Blobs
    clock: Callable[[], datetime]
    conductor: bool = False
    along: Callable[..., None] = lambda news=False: None
    """See `Hold.along`."""
    declined: set[int] = field(default_factory=set)
    """Numbers of the shards that this worker doesn't try again in this stay."""
    done: int = 0
    """Shards that it has finished."""
    failed_in_a_row: int = 0

    def work_off(self, do: Do) -> None:
        """Do shards until none is free that this worker hasn't declined."""
        while (hold := self.next()) is not None:
            self.attempt(do, hold)

    def next(self) -> Hold | None:
        """Take the next free shard, by number; None where there is none."""
        while self.conductor or self.failed_in_a_row < MOST_FAILED:
            self.along()
            shutdown.check()
            shard = self.free().first()
            if shard is None:
                return None
            now = self.clock()
            if shard.tries >= MOST_TRIES:
                shard.give_up(now=now)
            elif shard.take(worker=WORKER, by_conductor=self.conductor, now=now):
                return Hold(job=self.job, clock=self.clock, shard=shard, along=self.along)
        return None

    def free(self) -> QuerySet[Shard]:
        free = Shard.objects.of(self.job).free(now=self.clock()).exclude(n__in=self.declined)
        wanted = Q(job__state__in=[Job.State.WAITING, Job.State.RUNNING], job__cancel=False)
        if not self.conductor:
            free = free.exclude(worker=WORKER, state=Shard.State.WAITING, tries__gt=0)
        return free.filter(wanted).order_by("n")

    def attempt(self, do: Do, hold: Hold) -> None:
        """Do one shard, or let go of it. Raises as the class says."""
        shard, ending = hold.shard, ENDINGS if self.conductor else HELPERS_ENDINGS
        try:
            result = do(hold)
        except ShardGone as gone:
            logger.warning("%s", gone)
        except NotHere as why:
            self.declined.add(shard.n)
            let_go(shard, well=True, why=f"{WORKER}: {why}")
        except ending as end:
            let_go(shard, well=not isinstance(end, Stopping) or shutdown.asked(), why=str(end))
            raise
        except Exception as failed:
            self.failed(shard, failed)
        else:
            self.finish(shard, result)

    def failed(self, shard: Shard, failed: Exception) -> None:
        self.declined.add(shard.n)
        self.failed_in_a_row += 1
        let_go(shard, well=False, why=f"{WORKER}: {told(failed)}")
        if self.conductor:
            raise failed
        expected = isinstance(failed, WorkbenchError)
        logger.error("%s: %s", shard, failed, exc_info=None if expected else failed)

    def finish(self, shard: Shard, result: dict[str, Any]) -> None:
        if shard.finish(result, now=self.clock()):
            self.done += 1
            self.failed_in_a_row = 0
        else:
            logger.warning("%s: another worker took it before its end", shard)


def told(failed: Exception) -> str:
    if isinstance(failed, WorkbenchError):
        return f"{failed} {failed.help}".strip()
    return f"{type(failed).__name__}: {failed}"


def let_go(shard: Shard, *, well: bool, why: str) -> None:
    """Hand the shard back; while the database is away, its lease ends by itself."""
    close_old_connections()
    try:
        shard.hand_back(well=well, error=why)
    except DATABASE_AWAY:
        logger.warning("%s: its lease has to run out", shard)
