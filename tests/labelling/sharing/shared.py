"""A job cut into shards whose work is a line in a list: for tests of who does which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from labelling import clock, enqueue
from labelling.adapters.blobs import store
from labelling.models import Job, Shard
from labelling.workflow.lease import Lease
from labelling.workflow.sharing.conduct import deal, share
from labelling.workflow.sharing.hold import Hold
from labelling.workflow.sharing.stay import Stay
from labelling.workflow.sharing.work import Work

PLAN = "c0ffee"


@dataclass
class Noting:
    """Notes each shard that is done; `at[n]` is done first, and may raise."""

    at: dict[int, Callable[[Hold], object]] = field(default_factory=dict)
    noted: list[int] = field(default_factory=list)
    stays: int = 0

    @property
    def work(self) -> Work:
        return Work(help=enqueue.Job.IO_SHARDS, begin=self.begin)

    @contextmanager
    def begin(self, job: Job, blobs: Any) -> Iterator[Callable[[Hold], dict[str, Any]]]:
        self.stays += 1
        yield self.do

    def do(self, hold: Hold) -> dict[str, Any]:
        hold.tick({"done": 1})
        self.at.get(hold.n, lambda hold: None)(hold)
        self.noted.append(hold.n)
        return {"of": hold.n}


def held_job() -> Lease:
    """Of a job that a worker has just taken: the conductor."""
    now = clock.now()
    job = Job.objects.create(kind=enqueue.Job.EXPORT, created=now, lease_ends=now)
    assert job.take(now=now)
    return Lease(job=job, clock=clock.now)


def conducted(lease: Lease, noting: Noting, *, shards: int = 4) -> list[dict[str, Any]]:
    return share(
        lease, work=noting.work, plan=PLAN, units=[3] * shards, blobs=store(), line={"stage": "do"}
    )


def dealt(lease: Lease, shards: int = 4) -> list[Shard]:
    deal(lease, plan=PLAN, units=[3] * shards)
    return list(Shard.objects.of(lease.job).order_by("n"))


def helper(lease: Lease, noting: Noting) -> Stay:
    job = Job.objects.get(pk=lease.job.pk)
    return Stay(job=job, work=noting.work, blobs=store(), clock=clock.now)


def expire() -> None:
    """The leases of all shards have ended."""
    past = clock.now() - timedelta(seconds=1)
    Shard.objects.filter(state="running").update(lease_ends=past)
