"""Other workers, played by this process: they hold shards, do them, or die holding them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from labelling import clock
from labelling.adapters.blobs import store
from labelling.models import Job, Shard
from labelling.workflow.helping import SHARED
from labelling.workflow.lease import Lease
from labelling.workflow.sharing.conduct import deal
from labelling.workflow.sharing.hold import Hold
from labelling.workflow.sweep import requeue_orphans

FAR = "far:1"
"""Another machine's worker."""


def dealt(job: Job, *, plan: str, units: Sequence[int]) -> None:
    """A conductor took the job, cut it into shards, and is heard of no more."""
    assert job.take(now=clock.now())
    deal(Lease(job=job, clock=clock.now), plan=plan, units=units)


def held(job: Job, n: int) -> Hold:
    shard = Shard.objects.get(job=job, n=n)
    assert shard.take(worker=FAR, by_conductor=False, now=clock.now())
    return Hold(job=job, clock=clock.now, shard=shard)


def helped(job: Job, *numbers: int) -> None:
    """A far worker does these shards, one after the other."""
    for n in numbers:
        hold = held(job, n)
        with SHARED[job.kind].begin(job, store()) as do:
            assert hold.shard.finish(do(hold), now=clock.now())


def expired(job: Job) -> None:
    """All who hold something of the job are taken for dead; a sweep sends it again."""
    past = clock.now() - timedelta(seconds=1)
    Shard.objects.filter(job=job, state="running").update(lease_ends=past)
    Job.objects.unfinished().filter(pk=job.pk).update(lease_ends=past)
    requeue_orphans(now=clock.now())
