"""The shards of an export, written by all workers of queue `io` that have nothing else to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.models import Job
from labelling.workflow.export.order import order_of
from labelling.workflow.export.places import Place, place_of
from labelling.workflow.export.run import Report, tiles_in
from labelling.workflow.lease import Lease
from labelling.workflow.sharing.conduct import share
from labelling.workflow.sharing.hold import Hold
from labelling.workflow.sharing.work import Do, Work

STAGE = {"stage": "export"}


def put_together(lease: Lease, place: Place, blobs: Blobs) -> Report:
    """Have all shards written, by this worker and whoever helps, and what stands above them."""
    work = place.work
    units = [tiles_in(work, number) for number in work.numbers]
    results = share(
        lease, work=EXPORT_SHARDS, plan=work.order.digest, units=units, blobs=blobs, line=STAGE
    )
    for number in work.numbers:
        # Rows may outlive what they tell of: somebody cleared the workplace.
        if not place.has(number):
            place.make(number, ready=lease.check)
        lease.tick()
    return place.finish(sum(each["new"] for each in results))


@dataclass
class Writer:
    """A worker's stay with an export: the snapshot's manifest is read once."""

    job: Job
    blobs: Blobs
    place: Place | None = None
    hold: Hold | None = None
    done: int = 0
    """Tiles of the shard in hand."""

    def __call__(self, hold: Hold) -> dict[str, Any]:
        self.hold, self.done = hold, 0
        if self.place is None:
            self.place = place_of(order_of(self.job), self.blobs, tell=self.tell)
        if self.place.has(hold.n, read=True):  # of an earlier job for the same order
            return {"new": 0}
        self.place.make(hold.n, ready=lambda: still_ours(hold))
        return {"new": 1}

    def tell(self, tiles: int) -> None:
        self.done += tiles
        if self.hold is not None:
            self.hold.tick({"done": self.done})


@contextmanager
def begin(job: Job, blobs: Blobs) -> Iterator[Do]:
    yield Writer(job, blobs)


def still_ours(hold: Hold) -> None:
    """Raises ShardGone where another worker has the shard, or nobody wants it any more."""
    with hold.fenced():
        hold.check()


EXPORT_SHARDS = Work(help=enqueue.Job.IO_SHARDS, begin=begin, alone=True)
"""One process a worker: it has threads for all cores, and the worker's other places stay free."""
