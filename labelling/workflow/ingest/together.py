"""The slices of an ingest, made by all workers of queue `io` that have nothing else to do.

What a worker makes of its slice lies in storage: the tiles where they are to stay, and beside them,
under the ingest's own key, what recording them needs to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound
from labelling.models import Job
from labelling.workflow.ingest.made import Prepared
from labelling.workflow.ingest.plan import Plan
from labelling.workflow.ingest.preparing import Written, prepare, take_back, unreadable
from labelling.workflow.ingest.sources import Source
from labelling.workflow.ingest.work import Intake
from labelling.workflow.lease import Cancelled
from labelling.workflow.sharing.hold import Hold, ShardGone
from labelling.workflow.sharing.work import Do, NotHere, Work


def room_of(job: Job) -> str:
    """Beginning of the keys of all that an ingest keeps while it is under way, and its report."""
    return f"ingests/{job.uuid}"


def plan_of(job: Job, blobs: Blobs) -> Plan:
    """Raises NotFound where storage was restored since: a backup has no unfinished ingests."""
    try:
        return Plan.load(blobs.read(f"{room_of(job)}/plan.json"))
    except NotFound as lost:
        raise NotFound(
            f"The plan of ingest {job.uuid} is gone.",
            field="plan",
            help="Ingest again: what is stored is left as it is.",
        ) from lost


def made_key(job: Job, number: int) -> str:
    return f"{room_of(job)}/made-{number:06d}.json"


def intake(job: Job, plan: Plan, blobs: Blobs) -> Intake:
    """As of when the ingest was asked for, whoever does it."""
    assert job.campaign is not None
    return Intake(
        campaign=job.campaign,
        blobs=blobs,
        now=job.created,
        bands=plan.bands,
        with_masks=plan.with_masks,
        masks=plan.masks,
    )


@dataclass
class Maker:
    """A worker's stay with an ingest."""

    job: Job
    blobs: Blobs
    plan: Plan | None = None

    def __call__(self, hold: Hold) -> dict[str, Any]:
        if self.plan is None:
            self.plan = plan_of(self.job, self.blobs)
        part = self.plan.part(hold.n)
        check_readable(part)
        written: Written = {}
        try:
            made = self.made(part, hold, written)
        except (ShardGone, Cancelled):
            if not wanted_still(self.job):
                take_back(written, self.blobs, clock=hold.clock)
            raise
        told = [each and each.as_json() for each in made]
        self.blobs.write(made_key(self.job, hold.n), json.dumps(told).encode())
        return {"tiles": sum(len(each.tiles) for each in made if each)}

    def made(self, part: Sequence[Source], hold: Hold, written: Written) -> list[Prepared | None]:
        """Of each source in turn; `written` is told of their blobs."""
        assert self.plan is not None
        found: list[Prepared | None] = []
        job = intake(self.job, self.plan, self.blobs)

        def beat() -> None:
            hold.tick({"done": len(found)})

        for source in part:
            is_one = not (source.skip or source.refusal)
            found.append(prepare(source, job, beat=beat, written=written) if is_one else None)
            beat()
        return found


@contextmanager
def begin(job: Job, blobs: Blobs) -> Iterator[Do]:
    yield Maker(job, blobs)


def made_of_slice(job: Job, number: int, blobs: Blobs) -> list[Prepared | None]:
    """What a worker made of each source of a slice; empty where that is gone."""
    try:
        told = json.loads(blobs.read(made_key(job, number)))
    except NotFound:
        return []
    return [each and Prepared.of(each) for each in told]


def check_readable(part: Sequence[Source]) -> None:
    """Raises NotHere naming what this machine can't read."""
    for source in part:
        if source.skip or source.refusal:
            continue
        if why := unreadable(source.path) or (source.label and unreadable(source.label)):
            raise NotHere(f"can't read {why}. Every worker needs the sources under the same path")


def wanted_still(job: Job) -> bool:
    return Job.objects.unfinished().filter(pk=job.pk, cancel=False).exists()


INGEST_SHARDS = Work(help=enqueue.Job.IO_SHARDS, begin=begin, alone=True)
"""One process a worker: it has threads for all cores, and the worker's other places stay free."""
