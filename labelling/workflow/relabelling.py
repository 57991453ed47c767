"""Bring labels under a new version of the classes: each becomes a new label, the old one stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q
from numpy.typing import NDArray

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict
from labelling.imagery.tilefile import read_label
from labelling.models import (
    JOB_LEASE,
    UNLABELLED,
    UNSURE,
    Acquisition,
    Annotation,
    Campaign,
    ClassSchema,
    Event,
    Gold,
    Job,
    Task,
    record,
)
from labelling.models.annotation import MIGRATION, AnnotationQuerySet
from labelling.workflow.lease import Lease
from labelling.workflow.leased import carry_out
from labelling.workflow.numbering import numbered
from labelling.workflow.planes import NO_PROVENANCE, Planes
from labelling.workflow.reopening import open_again

TOOL = MIGRATION
KIND = enqueue.Job.MIGRATE_LABELS.value
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)
REOPENED = (Task.Lane.REWORK.value, Task.Lane.REREVIEW.value)
"""Lanes in which tiles can be opened again that lost labelled pixels."""
AT_ONCE = 500
"""Labels fetched at a time."""


def check_reopen(lane: str) -> None:
    """Raises BadInput."""
    if lane and lane not in REOPENED:
        raise BadInput(
            f"Tiles can't be opened again in lane {lane!r}.",
            field="reopen",
            help=f"Use {' or '.join(REOPENED)}, or leave it empty.",
        )


def pending(schema: ClassSchema) -> AnnotationQuerySet:
    """Labels of the version before that stand, or measure people, and are not migrated yet."""
    if schema.parent_id is None:
        return Annotation.objects.none()
    standing = Annotation.objects.usable(schema.parent_id).by_say().order_by().values("pk")
    gold = Gold.objects.filter(annotation__schema=schema.parent_id).values("annotation")
    made = Annotation.objects.filter(parent=OuterRef("pk"), schema=schema, tool=TOOL)
    # Whoever handed in the task's label under the new classes meanwhile has the newer word.
    overtaken = Annotation.objects.filter(task=OuterRef("task"), schema=schema).exclude(tool=TOOL)
    wanted = Annotation.objects.filter(Q(pk__in=standing) | Q(pk__in=gold))
    return wanted.exclude(Exists(made)).exclude(Exists(overtaken))


def unfinished_migration(campaign: Campaign) -> Job | None:
    return Job.objects.filter(kind=KIND, campaign=campaign, state__in=UNFINISHED).first()


def send_migration(
    schema: ClassSchema, *, reopen: str, by: User | None, now: datetime, send: bool = True
) -> Job:
    """The job that migrates what is left; one that is under way is returned as it is."""
    check_reopen(reopen)
    if schema.parent_id is None:
        raise Conflict("These are the campaign's first classes: there is nothing to migrate.")
    if job := unfinished_migration(schema.campaign):
        return job
    job = Job.objects.create(
        kind=KIND,
        campaign=schema.campaign,
        request={
            "version": schema.version,
            "reopen": reopen,
            "asked_by": by.username if by else "",
        },
        created=now,
        lease_ends=now + JOB_LEASE,
    )
    record(Event.Verb.PLANNED, job, campaign=schema.campaign, who=by, now=now, **job.request)
    if send:
        enqueue.enqueue(enqueue.Job.MIGRATE_LABELS, job_id=job.pk)
    return job


def run_migration(
    job: Job,
    *,
    blobs: Blobs,
    clock: Callable[[], datetime],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Do what is left of a migration's job. The caller has taken the job."""
    carry_out(job, lambda lease: migrated(lease, blobs, tell), done=note, clock=clock)


def migrated(lease: Lease, blobs: Blobs, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Migrate label after label, each in a transaction of its own; the counts of all of them."""
    job = lease.job
    schema = ClassSchema.objects.select_related("campaign", "parent").get(
        campaign=job.campaign, version=job.request["version"]
    )
    who = User.objects.filter(username=job.request["asked_by"]).first()
    total = pending(schema).count()
    for done, old in enumerate(left(schema), start=1):
        migrate(old, schema, lease=lease, blobs=blobs, who=who)
        lease.tick({"stage": "migrate", "done": done, "total": total})
        tell(done, max(done, total))
    return counted(schema)


def left(schema: ClassSchema) -> Iterator[Annotation]:
    """What is to be migrated, oldest first, until nothing is: also what came in meanwhile."""
    last = 0
    related = ("acquisition__place", "task")
    while True:
        waiting = pending(schema).select_related(*related).order_by("pk")
        found = list(waiting.filter(pk__gt=last)[:AT_ONCE])
        if not found and last == 0:
            return
        last = found[-1].pk if found else 0
        yield from found


def migrate(
    old: Annotation, schema: ClassSchema, *, lease: Lease, blobs: Blobs, who: User | None
) -> Annotation:
    """The label under the new classes. Its author and its date stay: nobody drew it anew."""
    planes = translated(Planes(*read_label(blobs.raster(old.raster))), schema.mapping)
    label = Annotation(
        acquisition=old.acquisition,
        schema=schema,
        task=old.task,
        author_id=old.author_id,
        author_name=old.author_name,
        tool=TOOL,
        source=old.source,
        licence=old.licence,
        trust=old.trust,
        origin={**old.origin, "migrated_from": str(old.uuid)},
        parent=old,
        kind=old.kind,
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        difficulty=old.difficulty,
        note=old.note,
        checks=old.checks,
        compared=lease.clock(),  # its author's own label was compared, under the old classes
        created=old.created,
    )
    return numbered(label, planes, lambda: _keep(label, lease=lease, who=who))


def _keep(label: Annotation, *, lease: Lease, who: User | None) -> Annotation:
    """Save it with what follows from it, as long as this worker holds the job."""
    old, campaign = label.parent, label.schema.campaign
    assert old is not None
    lost = int(label.pixels.get(str(UNLABELLED), 0)) - int(old.pixels.get(str(UNLABELLED), 0))
    with lease.fenced() as now:
        label.save(force_insert=True)
        Gold.objects.filter(campaign=campaign, annotation=old).update(annotation=label)
        record(
            Event.Verb.MIGRATED, label, campaign=campaign, who=who, now=now, before=old.sha256,
            after=label.sha256, annotation=str(label.uuid), of=str(old.uuid),
            version=label.schema.version, lost=lost,
        )  # fmt: skip
        lane = lease.job.request["reopen"]
        if lane and lost > 0:
            open_again(label, lane=lane, who=who, now=now)
    return label


def translated(planes: Planes, mapping: Mapping[str, int | None]) -> Planes:
    """The planes with the classes' new codes; a pixel without one has no provenance either."""
    label = lookup(mapping)[planes.label]
    provenance = np.where(label == UNLABELLED, NO_PROVENANCE, planes.provenance).astype(np.uint8)
    return Planes(label, provenance)


def lookup(mapping: Mapping[str, int | None]) -> NDArray[np.uint8]:
    """(256,) uint8: old code → new code; unsure stays, what isn't a class is not labelled."""
    table = np.full(256, UNLABELLED, np.uint8)
    table[UNSURE] = UNSURE
    for old, new in mapping.items():
        table[int(old)] = UNLABELLED if new is None else new
    return table


def counted(schema: ClassSchema) -> dict[str, Any]:
    """What the migration came to, by all its workers."""
    labels = Annotation.objects.filter(schema=schema, tool=TOOL)
    reopened = Task.objects.filter(campaign=schema.campaign, cause__startswith=cause_of(schema))
    return {
        "labels": labels.count(),
        "acquisitions": Acquisition.objects.filter(annotations__in=labels).distinct().count(),
        "reopened": reopened.count(),
    }


def cause_of(schema: ClassSchema) -> str:
    return f"classes {schema.version}:"


def note(job: Job, result: dict[str, Any], now: datetime) -> None:
    who = User.objects.filter(username=job.request["asked_by"]).first()
    record(Event.Verb.FINISHED, job, campaign=job.campaign, who=who, now=now, **result)
