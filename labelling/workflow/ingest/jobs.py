"""An ingest done by workers: they make the tiles, slice by slice, and one of them records all.

What the gate finds on a tile depends on the tiles before it. So the rows are written in the order
of the sources, by the worker that holds the job: what comes out is what one process alone makes.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import AtWorkElsewhere, BadInput, NotFound, StorageAway
from labelling.models import JOB_LEASE, Campaign, Event, Job, record
from labelling.workflow.ingest.hold import LEASE
from labelling.workflow.ingest.made import Prepared
from labelling.workflow.ingest.plan import Plan
from labelling.workflow.ingest.preparing import take_back
from labelling.workflow.ingest.products import outcome_of
from labelling.workflow.ingest.report import FileReport, IngestReport
from labelling.workflow.ingest.sources import Source
from labelling.workflow.ingest.together import (
    INGEST_SHARDS,
    check_readable,
    intake,
    made_key,
    made_of_slice,
    plan_of,
    room_of,
)
from labelling.workflow.ingest.work import Intake
from labelling.workflow.lease import Cancelled, Lease
from labelling.workflow.leased import carry_out
from labelling.workflow.sharing.conduct import share
from labelling.workflow.sharing.work import WORKER, NotHere
from labelling.workflow.shutdown import Stopping

KIND = enqueue.Job.INGEST.value
REPORT = "report.json"
MADE = re.compile(r"/made-(\d+)\.json$")
NEWEST = 20
"""Cancelled ingests that a sweep looks at."""
SETTLED = timedelta(minutes=10)
"""After so long no worker still writes for a cancelled ingest."""
CLEARED = "cleared"
"""In the result of a cancelled ingest of which nothing is left."""
MOST_WAITED = LEASE.total_seconds() + 10
"""Seconds for a product that another worker has in hand: it ends, or its lease does."""
LOOK_EVERY = 1.0
"""Seconds between two looks at it."""
MOST_TURNED_AWAY = 5
"""Workers that may take the job one after the other and can't read a source, until it fails."""


def start_ingest(plan: Plan, *, campaign: Campaign, blobs: Blobs, now: datetime) -> Job:
    """Send an ingest to the workers; the same one that is under way is returned as it is."""
    asked = {"digest": plan.digest, "files": len(plan.sources)}
    if known := under_way(plan, campaign):
        return known
    job = Job(
        uuid=uuid.uuid4(), kind=KIND, campaign=campaign, request={**asked, "asked_by": ""},
        created=now, lease_ends=now + JOB_LEASE,
    )  # fmt: skip
    blobs.write(f"{room_of(job)}/plan.json", plan.dump())
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        if known := under_way(plan, campaign):  # asked for twice in one moment
            return known
        job.save()
        record(Event.Verb.PLANNED, job, campaign=campaign, who=None, now=now, **asked)
        enqueue.enqueue(enqueue.Job.INGEST, job_id=job.pk)
    return job


def under_way(plan: Plan, campaign: Campaign) -> Job | None:
    """The campaign's unfinished ingest of the same sources."""
    unfinished = Job.objects.unfinished().filter(kind=KIND, campaign=campaign)
    return next((job for job in unfinished if job.request["digest"] == plan.digest), None)


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
        clear(job, blobs, clock=lease.clock, beat=lambda: kept_while_clearing(lease))
        raise
    still_ours(lease)
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
            still_ours(lease)
            blobs.write(told_key(lease.job, number), content)
            lease.job.step_done()
        report.files += told
        sweep_out(lease.job, number, blobs, clock=lease.clock)
        lease.tick()
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
        outcome = patient_outcome(source, job, prepared, lease)
        # What ends this job reads like a refusal of the product; then it isn't one.
        lease.check()
        found.append(outcome)
        step(0)
    return found


def still_ours(lease: Lease) -> None:
    """Only who holds the job may say what became of a product. Raises LostLease."""
    with lease.fenced():
        pass


def patient_outcome(
    source: Source, job: Intake, prepared: Prepared | None, lease: Lease
) -> FileReport:
    """`outcome_of`; a product that a worker which died had in hand is waited for."""
    until = time.monotonic() + MOST_WAITED
    while True:
        try:
            return outcome_of(source, job, prepared, patient=time.monotonic() < until)
        except AtWorkElsewhere:
            lease.tick()
            time.sleep(LOOK_EVERY)


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


def kept_while_clearing(lease: Lease) -> None:
    """Nobody else is to take a cancelled job up while its leftovers are removed."""
    with suppress(Cancelled, Stopping):
        lease.tick()


def sweep_out(
    job: Job,
    number: int,
    blobs: Blobs,
    *,
    clock: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Forget what a worker made of a slice; blobs of tiles that weren't recorded go with it."""
    made = made_of_slice(job, number, blobs)
    take_back({each.product: each.blobs for each in made if each}, blobs, clock=clock, beat=beat)
    if made:
        blobs.delete(made_key(job, number))


def clear(
    job: Job,
    blobs: Blobs,
    *,
    clock: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> int:
    """Remove all that a cancelled ingest keeps beside what it has recorded; how many blobs."""
    left = [key for key, _ in blobs.sizes(f"{room_of(job)}/")]
    for key in left:
        if made := MADE.search(key):
            sweep_out(job, int(made[1]), blobs, clock=clock, beat=beat)
    for key in left:
        beat()
        blobs.delete(key)
    return len(left)


def clear_away(*, blobs: Blobs, clock: Callable[[], datetime]) -> int:
    """Clear up after ingests that were cancelled while nobody was at work on them; how many."""
    cancelled = Job.objects.filter(kind=KIND, state=Job.State.CANCELLED).order_by("-finished")
    removed = 0
    for job in cancelled[:NEWEST]:
        if CLEARED in job.result:
            continue
        removed += clear(job, blobs, clock=clock) > 0
        if job.finished and job.finished < clock() - SETTLED:
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
