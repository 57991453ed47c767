"""Releases as jobs: asked for on a page, made by a worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import StorageAway
from labelling.models import JOB_LEASE, Campaign, Event, Job, Model, Release, Snapshot, record
from labelling.workflow.export.folder import StillWriting
from labelling.workflow.lease import Lease
from labelling.workflow.leased import carry_out
from labelling.workflow.releasing.release import Wanted, check, create_release

KIND = enqueue.Job.RELEASE.value
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)
PLAIN = ("version", "with_bands", "licence", "authors", "allow_non_commercial")


def start_release(wanted: Wanted, *, by: User | None, blobs: Blobs, now: datetime) -> Job:
    """Send a release to the workers; the same one that is under way is returned as it is.

    Raises as `release.check`.
    """
    ready = check(wanted, blobs=blobs, now=now)
    request = {
        **{name: getattr(wanted, name) for name in PLAIN},
        "snapshot": wanted.snapshot.hash,
        "model": wanted.model.hash if wanted.model else None,
        "forms": [order.form.name for order in ready.orders],
        "source_licences": dict(wanted.source_licences),
    }
    for known in Job.objects.filter(kind=KIND, campaign=wanted.campaign, state__in=UNFINISHED):
        if {name: known.request.get(name) for name in request} == request:
            return known
    total = len(ready.contents.samples) * len(ready.orders)
    with transaction.atomic():
        job = Job.objects.create(
            kind=KIND,
            campaign=wanted.campaign,
            request={**request, "asked_by": by.username if by else ""},
            progress={"stage": "release", "done": 0, "total": total},
            created=now,
            lease_ends=now + JOB_LEASE,
        )
        record(Event.Verb.PLANNED, job, campaign=wanted.campaign, who=by, now=now, **request)
        enqueue.enqueue(enqueue.Job.RELEASE, job_id=job.pk)
    return job


def run_release(job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None:
    """Do what is left of a release's job. The caller has taken the job."""
    carry_out(job, lambda lease: released(lease, blobs), done=_noted_already, clock=clock)


def released(lease: Lease, blobs: Blobs) -> dict[str, Any]:
    """The release as a result; one that a worker made and died before it could say so counts."""
    job, done = lease.job, 0
    wanted = wanted_of(job)

    def tell(tiles: int) -> None:
        nonlocal done
        done += tiles
        lease.tick({**job.progress, "done": done})

    made = Release.objects.filter(campaign=wanted.campaign, version=wanted.version).first()
    if made is None or made.created != job.created:
        by = User.objects.filter(username=job.request["asked_by"]).first()
        try:
            # As of when it was asked for: a second worker goes on in the same workplace.
            made = create_release(wanted, blobs=blobs, by=by, now=job.created, tell=tell)
        except StillWriting as busy:
            raise StorageAway(str(busy)) from busy
    return {"version": made.version, "sha256": made.sha256, "folder": made.folder}


def wanted_of(job: Job) -> Wanted:
    request, campaign = job.request, Campaign.objects.get(pk=job.campaign_id)
    model = request["model"]
    return Wanted(
        campaign=campaign,
        snapshot=Snapshot.objects.get(hash=request["snapshot"]),
        model=Model.objects.get(hash=model) if model else None,
        forms=request["forms"],
        source_licences=request["source_licences"],
        **{name: request[name] for name in PLAIN},
    )


def _noted_already(job: Job, result: dict[str, Any], now: datetime) -> None:
    """The release's own row and event were written with it."""
