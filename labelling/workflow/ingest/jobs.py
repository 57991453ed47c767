"""An ingest done by workers: they make the tiles, slice by slice, and one of them records all.

What the gate finds on a tile depends on the tiles before it. So the rows are written in the order
of the sources, by the worker that holds the job: what comes out is what one process alone makes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound, StorageAway
from labelling.models import JOB_LEASE, Campaign, Event, Job, record
from labelling.workflow.ingest.made import Prepared
from labelling.workflow.ingest.plan import Plan
from labelling.workflow.ingest.preparing import take_back
from labelling.workflow.ingest.products import outcome_of
from labelling.workflow.ingest.report import FileReport, IngestReport
from labelling.workflow.ingest.together import (
    INGEST_SHARDS,
    check_readable,
    intake,
    made_key,
    made_of_slice,
    plan_of,
    room_of,
)
from labelling.workflow.lease import Cancelled, Lease
from labelling.workflow.leased import carry_out
from labelling.workflow.sharing.conduct import share
from labelling.workflow.sharing.work import WORKER, NotHere

KIND = enqueue.Job.INGEST.value
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)
REPORT = "report.json"
MADE = re.compile(r"/made-(\d+)\.json$")
NEWEST = 20
"""Cancelled ingests that a sweep looks at."""
SETTLED = timedelta(minutes=10)
"""After so long no worker still writes for a cancelled ingest."""
CLEARED = "cleared"
"""In the result of a cancelled ingest of which nothing is left."""
MOST_TURNED_AWAY = 5
"""Workers that may take the job one after the other and can't read a source, until it fails."""


def start_ingest(plan: Plan, *, campaign: Campaign, blobs: Blobs, now: datetime) -> Job:
    """Send an ingest to the workers; the same one that is under way is returned as it is."""
    asked = {"digest": plan.digest, "files": len(plan.sources)}
    for known in Job.objects.filter(kind=KIND, campaign=campaign, state__in=UNFINISHED):
        if known.request["digest"] == plan.digest:
            return known
    job = Job(
        uuid=uuid.uuid4(), kind=KIND, campaign=campaign, request={**asked, "asked_by": ""},
        created=now, lease_ends=now + JOB_LEASE,
    )  # fmt: skip
    blobs.write(f"{room_of(job)}/plan.json", plan.dump())
    with transaction.atomic():
        job.save()
        record(Event.Verb.PLANNED, job, campaign=campaign, who=None, now=now, **asked)
        enqueue.enqueue(enqueue.Job.INGEST, job_id=job.pk)
    return job


def run_ingest(job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
    """Do what is left of an ingest's job. The caller has taken the job."""
    carry_out(job, lambda lease: ingested(lease, blobs), done=_noted_already, clock=clock)


def ingested(lease: Lease, blobs: Blobs) -> dict[str, Any]:
    """Have the tiles made by all workers that help, then record them in the sources' order."""
    job = lease.job
    if blobs.exists(f"{room_of(job)}/{REPORT}"):  # its worker died before it could say so
        return result_of(job, report_of(job, blobs), blobs)
    plan = plan_of(job, blobs)
    try:
        share(
            lease, work=INGEST_SHARDS, plan=plan.digest, units=plan.slices, blobs=blobs,
            line={"stage": "make"},
        )  # fmt: skip
        report = recorded(lease, plan, blobs)
    except Cancelled:
        clear(job, blobs, now=lease.clock())
        raise
    blobs.write(f"{room_of(job)}/{REPORT}", json.dumps(report.as_json()).encode())
    return result_of(job, report, blobs)


def recorded(lease: Lease, plan: Plan, blobs: Blobs) -> IngestReport:
    """Write the rows of all products; what an earlier worker has recorded is told as it told it."""
    report = IngestReport(lease.job.campaign.slug if lease.job.campaign else "")
    for number in range(len(plan.slices)):
        told = told_before(lease.job, number, blobs)
        if told is None:
            told = recorded_slice(lease, plan, number, done=len(report.files), blobs=blobs)
            content = json.dumps([asdict(each) for each in told]).encode()
            blobs.write(told_key(lease.job, number), content)
        report.files += told
        sweep_out(lease.job, number, blobs, now=lease.clock())
    return report


def recorded_slice(
    lease: Lease, plan: Plan, number: int, *, done: int, blobs: Blobs
) -> list[FileReport]:
    """Raises StorageAway where another worker may read what this one can't."""
    part, found = plan.part(number), []
    check_readable_here(lease, part)

    def step(tiles: int) -> None:
        total = len(plan.sources)
        lease.tick({"stage": "record", "done": done + len(found), "total": total})

    job = replace(intake(lease.job, plan, blobs), clock=lease.clock, step=step)
    made: Sequence[Prepared | None] = made_of_slice(lease.job, number, blobs) or [None] * len(part)
    for source, prepared in zip(part, made):
        found.append(outcome_of(source, job, prepared))
        step(0)
    return found


def check_readable_here(lease: Lease, part: Sequence[Any]) -> None:
    """The worker that records reads the products' headers, their labels and their masks."""
    try:
        check_readable(part)
    except NotHere as why:
        if lease.job.away + 1 >= MOST_TURNED_AWAY:
            raise BadInput(
                f"{WORKER} {why}.", field="path",
                help="Mount them there, or let only workers that see them serve queue io.",
            ) from why  # fmt: skip
        raise StorageAway(f"{WORKER} {why}.") from why


def told_before(job: Job, number: int, blobs: Blobs) -> list[FileReport] | None:
    try:
        told = json.loads(blobs.read(told_key(job, number)))
    except NotFound:
        return None
    return [FileReport(**each) for each in told]


def told_key(job: Job, number: int) -> str:
    return f"{room_of(job)}/told-{number:06d}.json"


def sweep_out(job: Job, number: int, blobs: Blobs, *, now: datetime) -> None:
    """Forget what a worker made of a slice; blobs of tiles that weren't recorded go with it."""
    made = made_of_slice(job, number, blobs)
    take_back({each.product: each.blobs for each in made if each}, blobs, now=now)
    if made:
        blobs.delete(made_key(job, number))


def clear(job: Job, blobs: Blobs, *, now: datetime) -> int:
    """Remove all that a cancelled ingest keeps beside what it has recorded; how many blobs."""
    left = [key for key, _ in blobs.sizes(f"{room_of(job)}/")]
    for key in left:
        if made := MADE.search(key):
            sweep_out(job, int(made[1]), blobs, now=now)
    for key in left:
        blobs.delete(key)
    return len(left)


def clear_away(*, blobs: Blobs, now: datetime) -> int:
    """Clear up after ingests that were cancelled while nobody was at work on them; how many."""
    cancelled = Job.objects.filter(kind=KIND, state=Job.State.CANCELLED).order_by("-finished")
    removed = 0
    for job in cancelled[:NEWEST]:
        if CLEARED in job.result:
            continue
        removed += clear(job, blobs, now=now) > 0
        if job.finished and job.finished < now - SETTLED:
            Job.objects.filter(pk=job.pk).update(result={CLEARED: True})
    return removed


def report_of(job: Job, blobs: Blobs) -> IngestReport:
    """What became of all products. Raises NotFound before the end."""
    return IngestReport.of(json.loads(blobs.read(f"{room_of(job)}/{REPORT}")))


def result_of(job: Job, report: IngestReport, blobs: Blobs) -> dict[str, Any]:
    """The job's result; only the report stays in the ingest's room."""
    kept = f"{room_of(job)}/{REPORT}"
    for key in [key for key, _ in blobs.sizes(f"{room_of(job)}/")]:
        if key != kept:
            blobs.delete(key)
    told = report.as_json()
    return {"report": kept, **{name: told[name] for name in told if name != "files"}}


def _noted_already(job: Job, result: dict[str, Any], now: datetime) -> None:
    """Each product has an event of its own, written with its rows."""
