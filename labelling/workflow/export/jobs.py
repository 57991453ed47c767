"""Exports as jobs: asked for on a page, done by workers, kept in storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, StorageAway
from labelling.models import JOB_LEASE, Event, Job, record
from labelling.workflow.export import places
from labelling.workflow.export.folder import StillWriting
from labelling.workflow.export.order import Order, contents_of, key_of, order_of
from labelling.workflow.export.places import place_of
from labelling.workflow.export.run import reported
from labelling.workflow.export.together import put_together
from labelling.workflow.lease import Cancelled, Lease
from labelling.workflow.leased import ask_to_stop, carry_out

KIND = enqueue.Job.EXPORT.value
NEWEST = 20
"""Cancelled exports whose leftovers a sweep looks for."""
SETTLED = timedelta(minutes=10)
"""After so long no worker still writes to a cancelled export."""
CLEARED = "cleared"
"""In the result of a cancelled export of which nothing is left."""
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)


def start_export(*, order: Order, by: User | None, blobs: Blobs, now: datetime) -> Job:
    """Send an export to the workers; one that is under way or finished is returned as it is.

    Raises BadInput for what the format can't hold; NotFound where storage lost the manifest.
    """
    legend = contents_of(order.snapshot, blobs=blobs).legend
    order.form.check(legend, with_bands=order.with_bands)
    known = same(order).filter(state__in=[*UNFINISHED, Job.State.DONE]).order_by("-pk").first()
    if known is not None:
        return known
    with transaction.atomic():
        job = Job.objects.create(
            kind=KIND,
            campaign=order.snapshot.campaign,
            request={**order.as_json(), "asked_by": by.username if by else ""},
            created=now,
            lease_ends=now + JOB_LEASE,
        )
        record(Event.Verb.PLANNED, job, campaign=job.campaign, who=by, now=now, **order.as_json())
        enqueue.enqueue(enqueue.Job.EXPORT, job_id=job.pk)
    return job


def same(order: Order) -> QuerySet[Job]:
    """The jobs for this very order."""
    wanted = {f"request__{name}": value for name, value in order.as_json().items()}
    return Job.objects.filter(kind=KIND, campaign=order.snapshot.campaign, **wanted)


def cancel_export(*, job: Job, by: User | None, now: datetime) -> Job:
    """Ask an unfinished export to stop; one that no worker has begun is cancelled at once.

    What was written of it is removed: by the worker that stops, or by the next sweep. Raises
    Conflict when it is finished.
    """
    return ask_to_stop(job, by=by, now=now)


def run_export(job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
    """Do what is left of an export's job. The caller has taken the job."""
    carry_out(job, lambda lease: exported(lease, blobs), done=note, clock=clock)


def exported(lease: Lease, blobs: Blobs) -> dict[str, Any]:
    """Export with all workers that help, then put the whole into storage."""
    order = order_of(lease.job)
    key = key_of(order)
    if blobs.whole(key):  # a worker put it there and died before it could say so
        return {"folder": key, **reported(blobs.folder(key)).as_json()}
    place = place_of(order, blobs, tell=lambda _: lease.tick())
    try:
        with place.held():
            report = place.whole() or put_together(lease, place, blobs)
    except Cancelled:
        places.discard(order, blobs)
        raise
    except StillWriting as busy:
        # A worker that lost its lease hasn't noticed yet: the next sweep finds it gone.
        raise StorageAway(str(busy)) from busy
    lease.check()
    lease.meanwhile(place.hand_over)
    return {"folder": key, **report.as_json()}


def workplace(order: Order, blobs: Blobs) -> Path:
    """Where an export is written, on this machine, until it is whole."""
    return places.workplace(key_of(order), blobs)


def clear_away(*, blobs: Blobs, now: datetime) -> int:
    """Remove what cancelled exports have left; how many.

    Of one that was asked for again meanwhile it stays: that one goes on with it.
    """
    cancelled = Job.objects.filter(kind=KIND, state=Job.State.CANCELLED).order_by("-finished")
    removed = 0
    for job in cancelled[:NEWEST]:
        if CLEARED in job.result:
            continue
        try:
            order = order_of(job)
        except BadInput:
            continue  # a format that there is no more: its folder has no name
        if not same(order).filter(state__in=UNFINISHED).exists():
            removed += places.discard(order, blobs)
            if job.finished and job.finished < now - SETTLED:
                Job.objects.filter(pk=job.pk).update(result={CLEARED: True})
    return removed


def note(job: Job, result: dict[str, Any], now: datetime) -> None:
    who = User.objects.filter(username=job.request["asked_by"]).first()
    told = {name: value for name, value in result.items() if name != "sha256"}
    note_export(order_of(job), sha256=result["sha256"], who=who, now=now, **told)


def note_export(order: Order, *, sha256: str, who: User | None, now: datetime, **told: Any) -> None:
    """Write down that a snapshot went out; `sha256` is its list's."""
    asked = {name: value for name, value in order.as_json().items() if name != "snapshot"}
    record(
        Event.Verb.EXPORTED, order.snapshot, campaign=order.snapshot.campaign,
        who=who, now=now, after=sha256, **asked, **told,
    )  # fmt: skip
