"""The conductor's part: it cuts a job into shards, works on them too, and has all their results."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import close_old_connections

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import JobFailed
from labelling.models import JOB_LEASE, Job, Shard
from labelling.models.shard import MOST_TRIES
from labelling.workflow.lease import DATABASE_AWAY, RENEW_EVERY, Lease
from labelling.workflow.sharing.alone import alone
from labelling.workflow.sharing.stay import Stay
from labelling.workflow.sharing.tally import Tally
from labelling.workflow.sharing.work import Work

LOOK_EVERY = 0.25
"""Seconds between two looks at shards that other workers have."""
CALL_EVERY = 10.0
"""Seconds between two calls for help: a worker that is started later hears the next one."""
MOST_CALLED = 16
"""Helpers called at the beginning; later ones are called one by one."""
AT_ONCE = 1000
"""Rows written with one statement."""
logger = logging.getLogger(__name__)


def share(
    lease: Lease,
    *,
    work: Work,
    plan: str,
    units: Sequence[int],
    blobs: Blobs,
    line: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Have `len(units)` shards done, by this worker and whoever helps; their results, by number.

    `units[n]` is how many tiles (or whatever is counted) shard n has. `plan` is a hex digest, up to
    64 characters, of all that the shards depend on: shards that an earlier worker of the job did
    from the same plan aren't done again, those of another plan are thrown away. What the shards are
    to be told must lie in storage before this is called. `line`, {stage, …}, goes into the job's
    progress, before what `Tally.told` says.

    Raises what `Lease.tick` raises; what the work raised, where this worker did it; JobFailed where
    a shard came to nothing MOST_TRIES times, or no worker can do it.
    """
    deal(lease, plan=plan, units=units)
    return Conducting(lease=lease, work=work, blobs=blobs, line=line).run()


def deal(lease: Lease, *, plan: str, units: Sequence[int]) -> None:
    """Write the job's shards, unless an earlier worker of the job has: then free those it held.

    Whoever asks that a failed job be tried again has its shards tried again, too.
    """
    job = lease.job
    with lease.fenced():
        shards = Shard.objects.of(job)
        if list(shards.order_by("n").values_list("plan", "units")) != [(plan, n) for n in units]:
            shards.delete()
            rows = [Shard(job=job, n=n, plan=plan, units=each) for n, each in enumerate(units)]
            Shard.objects.bulk_create(rows, batch_size=AT_ONCE)
            return
        freed = {"state": Shard.State.WAITING, "lease_ends": None, "finished": None}
        shards.filter(state=Shard.State.RUNNING, by_conductor=True).update(**freed)
        if job.tries <= 1:
            shards.filter(state=Shard.State.FAILED).update(**freed)
            shards.filter(state=Shard.State.WAITING).update(tries=0)


def do_again(lease: Lease, numbers: Sequence[int]) -> None:
    """Shards that were done, and whose files are lost or damaged, wait again."""
    with lease.fenced():
        shards = Shard.objects.of(lease.job).filter(n__in=numbers, state=Shard.State.DONE)
        shards.update(
            state=Shard.State.WAITING, finished=None, progress=0, tries=0, result={}, worker=""
        )


@dataclass(kw_only=True)
class Conducting:
    lease: Lease
    work: Work
    blobs: Blobs
    line: Mapping[str, Any]
    began: float = field(default_factory=time.monotonic)
    before: int = 0
    """Units that were done when it began."""
    called: float = 0.0
    """When help was last called, in seconds of the monotonic clock."""
    stuck: datetime | None = None
    """Since when nobody has had a shard, and those that are left are none for this worker."""

    @property
    def job(self) -> Job:
        return self.lease.job

    def run(self) -> list[dict[str, Any]]:
        stay = Stay(
            job=self.job, work=self.work, blobs=self.blobs, clock=self.lease.clock,
            conductor=True, along=self.along,
        )  # fmt: skip
        self.before = Tally.of(self.job).done
        self.call(self.waiting() - 1)
        # Another process of this worker may be at another job: that one doesn't stop a conductor.
        with alone(wanted=self.work.alone), self.work.begin(self.job, self.blobs) as do:
            stay.work_off(do)
            while Shard.objects.of(self.job).unfinished().exists():
                self.wait()
                stay.work_off(do)
        self.check()
        return list(Shard.objects.of(self.job).order_by("n").values_list("result", flat=True))

    def along(self, *, news: bool = False) -> None:
        """The job's own tick. The shards are only counted where there is `news`, or the tick is
        going to write it. A database that is away for a moment ends nothing: the lease decides."""
        due = time.monotonic() - self.lease.tried >= RENEW_EVERY
        told = None
        try:
            told = self.told() if news or due else None
        except DATABASE_AWAY as away:
            logger.warning("%s: its shards could not be counted: %s", self.job, away)
            close_old_connections()
        self.lease.tick(told)
        if told is not None and due:
            self.look_after()

    def look_after(self) -> None:
        """Raises JobFailed where a shard was given up."""
        try:
            self.check()
            if time.monotonic() - self.called >= CALL_EVERY:
                # Left over from a worker whose clock was ahead, or from before it was set back.
                Shard.objects.of(self.job).brought_near(now=self.lease.clock())
                self.call(min(1, self.waiting()))
        except DATABASE_AWAY as away:
            logger.warning("%s: its shards could not be looked after: %s", self.job, away)
            close_old_connections()

    def told(self) -> dict[str, Any]:
        seconds = time.monotonic() - self.began
        return {**self.line, **Tally.of(self.job).told(before=self.before, seconds=seconds)}

    def waiting(self) -> int:
        return Shard.objects.of(self.job).filter(state=Shard.State.WAITING).count()

    def call(self, helpers: int) -> None:
        self.called = time.monotonic()
        for _ in range(min(helpers, MOST_CALLED)):
            enqueue.enqueue(self.work.help, job_id=self.job.pk)

    def wait(self) -> None:
        """For shards that others have. Raises JobFailed where nobody takes those that wait."""
        time.sleep(LOOK_EVERY)
        self.along()
        shards = Shard.objects.of(self.job)
        if shards.filter(state=Shard.State.RUNNING).exists():
            self.stuck = None
            return
        now = self.lease.clock()
        self.stuck = self.stuck or now
        if now - self.stuck > JOB_LEASE and (left := shards.unfinished().order_by("n").first()):
            raise JobFailed(
                f"No worker can do shard {left.n}: {left.error}.",
                help="Start a worker that can, then `jobs retry` goes on there.",
            )

    def check(self) -> None:
        """Raises JobFailed where a shard was given up."""
        shards = Shard.objects.of(self.job)
        if lost := shards.filter(state=Shard.State.FAILED).order_by("n").first():
            raise JobFailed(
                f"Given up: {MOST_TRIES} workers began shard {lost.n} and didn't finish it; "
                f"{lost.error or 'they died (out of memory?)'}",
                help="See the workers' logs; then `jobs retry` goes on there.",
            )
