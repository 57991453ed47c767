"""Exports as jobs: asked for on a page, done by a worker, kept in storage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, StorageAway
from labelling.models import JOB_LEASE, Event, Job, Snapshot, record
from labelling.workflow.export.folder import Folder, StillWriting
from labelling.workflow.export.order import Order, contents_of
from labelling.workflow.export.run import export, reported
from labelling.workflow.lease import Cancelled, Lease
from labelling.workflow.leased import ask_to_stop, carry_out

KIND = enqueue.Job.EXPORT.value
NEWEST = 20
"""Cancelled exports whose leftovers a sweep looks for."""
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)


def key_of(order: Order) -> str:
    """Blob key of the finished export: an order has one, whoever asks."""
    return f"exports/{order.snapshot.hash[:16]}/{order.form.name}-{order.digest[:16]}"


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
    """Export into a workplace, then put the folder into storage, whole."""
    order = order_of(lease.job)
    key, total = key_of(order), order.snapshot.counts.get("samples")
    if blobs.whole(key):  # a worker put it there and died before it could say so
        return {"folder": key, **reported(blobs.folder(key)).as_json()}
    place, done = workplace(order, blobs), 0

    def tell(tiles: int) -> None:
        nonlocal done
        done += tiles
        lease.tick({"stage": "export", "done": done, "total": total})

    try:
        report = export(order, place, blobs=blobs, tell=tell)
    except Cancelled:
        Folder(place).discard()
        raise
    except StillWriting as busy:
        # A worker that lost its lease hasn't noticed yet: the next sweep finds it gone.
        raise StorageAway(str(busy)) from busy
    lease.check()
    lease.meanwhile(lambda: blobs.adopt(place, key))
    return {"folder": key, **report.as_json()}


def workplace(order: Order, blobs: Blobs) -> Path:
    """Where an export is written, on this machine, until it is whole."""
    return blobs.workplace(f"{key_of(order)}.work")


def clear_away(*, blobs: Blobs) -> int:
    """Remove what cancelled exports have left on this machine; how many.

    Of one that was asked for again meanwhile it stays: that one goes on with it.
    """
    cancelled = Job.objects.filter(kind=KIND, state=Job.State.CANCELLED).order_by("-finished")
    removed = 0
    for job in cancelled[:NEWEST]:
        try:
            order = order_of(job)
        except BadInput:
            continue  # a format that there is no more: its folder has no name
        place = workplace(order, blobs)
        if place.is_dir() and not same(order).filter(state__in=UNFINISHED).exists():
            removed += Folder(place).discard()
    return removed


def order_of(job: Job) -> Order:
    request = job.request
    snapshot = Snapshot.objects.select_related("campaign").get(hash=request["snapshot"])
    return Order.of(
        snapshot,
        form=request["form"],
        with_bands=request["with_bands"],
        with_provenance=request["with_provenance"],
    )


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
