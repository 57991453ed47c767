"""One worker's attempt at a round: its folder, its lease, and the fence around what it writes."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, transaction

from labelling.adapters.beside import beside
from labelling.adapters.blobs import Blobs
from labelling.errors import LostLease
from labelling.models import JOB_LEASE, Job, Round

RENEW_EVERY = 2.0
"""Seconds between two writes of progress and lease; progress lines may come faster."""
DATABASE_AWAY = (OperationalError, InterfaceError)
"""Restarting, out of reach, or locked by somebody else for too long."""
Made = TypeVar("Made")
logger = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody asked this job to stop."""


@dataclass
class Attempt:
    job: Job
    round: Round
    blobs: Blobs
    clock: Callable[[], datetime]
    tried: float = field(default=0.0)
    """When the lease was last to be renewed, in seconds of the monotonic clock."""
    renewed: float = field(default_factory=time.monotonic)
    """When it last was, on the same clock."""

    @property
    def key(self) -> str:
        """Blob key of the round's folder."""
        return f"rounds/{self.round.campaign.slug}/{self.round.n}"

    @property
    def folder(self) -> Path:
        """This attempt's own folder, on this machine: nobody else writes here."""
        return self.folder_of(self.job.token)

    def folder_of(self, token: int | str) -> Path:
        return self.blobs.workplace(f"{self.key}/{token}")

    def has(self, step: str) -> bool:
        """Whether a result of `step` was adopted."""
        return self.blobs.whole(f"{self.key}/{step}")

    def adopted(self, step: str) -> Path:
        """The adopted result of `step`, on this machine. Raises NotFound."""
        return self.meanwhile(lambda: self.blobs.folder(f"{self.key}/{step}"))

    def adopt(self, step: str, *, without: Iterable[str] = ()) -> Path:
        """Make this attempt's result of `step` the round's; the folder that then counts.

        That of a worker that lost its lease after its own check, and was faster, is the same.
        """
        self.check()
        key = f"{self.key}/{step}"
        self.meanwhile(lambda: self.blobs.adopt(self.folder / step, key, without=without))
        return self.adopted(step)

    def meanwhile(self, work: Callable[[], Made]) -> Made:
        """What `work` returns; the lease is renewed while it lasts, since copies can take long.

        `work` runs in another thread, so it may not ask the database for anything.
        """
        with ThreadPoolExecutor(max_workers=1) as worker:
            doing = worker.submit(work)
            while wait([doing], timeout=RENEW_EVERY).not_done:
                self.tick()
            return doing.result()

    def inherit(self, step: str, pattern: str) -> None:
        """Copy what earlier attempts on this machine left of `step`: it isn't made again."""
        own = self.folder / step
        own.mkdir(parents=True, exist_ok=True)
        for token in range(self.job.token - 1, 0, -1):
            for file in sorted((self.folder_of(token) / step).glob(pattern)):
                if (own / file.name).exists():
                    continue
                with beside(own / file.name) as draft:
                    shutil.copyfile(file, draft)
                    draft.rename(own / file.name)
                self.tick()

    def begin(self, step: str) -> None:
        """Note that `step` has begun (the first time), and that it is what is in progress."""
        with self.fenced() as now:
            self.round.steps.setdefault(step, {"started": now.isoformat()})
            self.round.save(update_fields=["steps"])
            self.job.held().update(progress={"stage": step})

    def tick(self, progress: dict[str, Any] | None = None) -> None:
        """Renew the lease and show `progress`, every few seconds. Raises LostLease, Cancelled.

        A database that is away for less than a lease doesn't end the work: the fence decides.
        """
        if time.monotonic() - self.tried < RENEW_EVERY:
            return
        self.tried = time.monotonic()
        try:
            if not self.job.renew(now=self.clock(), progress=progress):
                raise LostLease(f"{self.round}: the lease went to another worker.")
            self.renewed = self.tried
            self.check()
        except DATABASE_AWAY as away:
            logger.warning("%s: the lease could not be renewed: %s", self.round, away)
            if self.tried - self.renewed > JOB_LEASE.total_seconds():
                raise LostLease(f"{self.round}: the lease ended, the database is away.") from away
            close_old_connections()

    def check(self) -> None:
        """Raises LostLease, Cancelled."""
        cancel = self.job.held().values_list("cancel", flat=True).first()
        if cancel is None:
            raise LostLease(f"{self.round}: the lease went to another worker.")
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
                raise LostLease(f"{self.round}: the lease went to another worker.")
            yield now
