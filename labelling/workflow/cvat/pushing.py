"""Sending a batch: one task there, one job a tile; done once, however often it is tried.

Each try begins by looking for the task by the batch's name, exactly: a whole one is adopted, one
that never got its data is deleted. So it doesn't matter where the last try ended: before the task
was created, after it but before we heard of it, in the middle of the upload, or right at the end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from labelling.adapters.blobs import Blobs, store
from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import Frame, JobSeen, TaskSeen
from labelling.adapters.cvat.uploads import settled, upload, work_of
from labelling.errors import Conflict, CvatGone, CvatProtocol, CvatRefused
from labelling.models import CvatBatch, CvatJob, Event, Outbox, Task, record
from labelling.workflow.cvat.drawings import shapes_of
from labelling.workflow.cvat.options import options_of
from labelling.workflow.cvat.outbox import Sending, keep
from labelling.workflow.cvat.packing import pack
from labelling.workflow.hints import shown_layer
from labelling.workflow.outbox import follow

Ready = CvatBatch.State.READY
RELATED = (
    "task__tile__scene",
    "task__tile__acquisition__place",
    "task__prelabel",
    "task__guidance__layer",
    "task__campaign",
)


def send_push(row: Outbox, sending: Sending) -> None:
    """Send a batch, unless it is there: the outbox's `push`."""
    batch = CvatBatch.objects.get(pk=row.payload["batch"])
    batch.link = sending.link
    if batch.state in (Ready, CvatBatch.State.GONE):
        return
    CvatBatch.objects.filter(pk=batch.pk).update(state=CvatBatch.State.CREATING)
    jobs = list(batch.jobs.select_related(*RELATED).order_by("pk"))
    alive = partial(_alive, row, sending)
    try:
        task = _adopted(batch, jobs, sending, alive) or _created(batch, jobs, sending, alive)
        alive()
        fill(batch, jobs, task, sending)
    except (CvatRefused, CvatProtocol, CvatGone) as wrong:
        CvatBatch.objects.filter(pk=batch.pk).update(error=str(wrong))
        raise


def fill(batch: CvatBatch, jobs: Sequence[CvatJob], task: TaskSeen, sending: Sending) -> None:
    """Match jobs and frames, draw the pre-labels, and open the batch for serving."""
    cvat = sending.cvat
    _match(jobs, cvat.frames(task.id), seen := cvat.jobs(task=task.id))
    with_masks = options_of(sending.link).prelabels
    for job in jobs:
        job.prelabel = shown_layer(job.task) if with_masks else None
    if shapes := shapes_of(jobs, sending.link, blobs=store()):
        # Nobody has a job of this task yet: what is replaced can only be ours.
        cvat.put_annotations(shapes, task=task.id)
    _open(batch, jobs, task, {each.id: each for each in seen}, now=sending.clock())


def _adopted(
    batch: CvatBatch, jobs: Sequence[CvatJob], sending: Sending, alive: partial[None]
) -> TaskSeen | None:
    """The batch's task, if an earlier try left a whole one; others of its name are deleted."""
    cvat, whole = sending.cvat, None
    for found in sorted(
        cvat.tasks(sending.link.project, name=batch.name), key=lambda task: task.id
    ):
        task = found if found.size is not None else _when_settled(cvat, found, sending, alive)
        if whole is None and task is not None and task.size == len(jobs):
            whole = task
        else:
            _delete(cvat, found.id)
    return whole


def _when_settled(
    cvat: Cvat, task: TaskSeen, sending: Sending, alive: partial[None]
) -> TaskSeen | None:
    """A task without data, once the server has done with it; None: it will never have any."""
    work = settled(cvat, work_of(task.id), pause=sending.pause, alive=alive)
    if work is None or work.status == "failed":
        return None
    return cvat.task(task.id)


def _created(
    batch: CvatBatch, jobs: Sequence[CvatJob], sending: Sending, alive: partial[None]
) -> TaskSeen:
    """A new task with the batch's images."""
    cvat, options = sending.cvat, options_of(sending.link)
    with tempfile.TemporaryDirectory(dir=settings.WORKBENCH_VAR) as folder:
        path = Path(folder) / f"{batch.uuid}.zip"
        _pack(jobs, path, blobs=store(), context=options.context)
        alive()
        task = cvat.create_task(sending.link.project, batch.name)
        work = upload(cvat, task.id, path, quality=options.quality)
    done = settled(cvat, work, pause=sending.pause, alive=alive)
    if done is not None and done.status == "failed":
        _delete(cvat, task.id)
        raise CvatRefused(
            f"CVAT could not take in {batch}: {done.message.strip()[-300:]}",
            field="batch",
            help="The task was deleted there; it is tried again.",
        )
    return cvat.task(task.id)


def _pack(jobs: Sequence[CvatJob], path: Path, *, blobs: Blobs, context: bool) -> None:
    pack(jobs, path, campaign=jobs[0].task.campaign, blobs=blobs, context=context)


def _match(jobs: Sequence[CvatJob], frames: Sequence[Frame], seen: Sequence[JobSeen]) -> None:
    """Give each of our rows its frame and its job there, by the file's whole name."""
    numbers = {frame.name: frame.number for frame in frames}
    remotes = {job.frame: job.id for job in seen if job.frames == 1}
    names = {job.frame_name for job in jobs}
    if set(numbers) != names or set(remotes) != set(numbers.values()):
        raise CvatProtocol(
            f"The task has {len(numbers)} images in {len(seen)} jobs; {len(names)} were sent, each "
            "for a job of its own.",
            help="Delete the task in CVAT; then it is made anew.",
        )
    for job in jobs:
        job.frame = numbers[job.frame_name]
        job.remote = remotes[job.frame]


@transaction.atomic
def _open(
    batch: CvatBatch,
    jobs: Sequence[CvatJob],
    task: TaskSeen,
    seen: dict[int, JobSeen],
    *,
    now: datetime,
) -> None:
    """Write down where everything is: from here on it is served. Raises Conflict when another
    worker opened it meanwhile: what it wrote down may be drawn in already."""
    state = CvatBatch.objects.select_for_update().values_list("state", flat=True).get(pk=batch.pk)
    if state != CvatBatch.State.CREATING:
        raise Conflict(f"{batch} was opened by another worker: it is {state}.", field="batch")
    for job in jobs:
        each = seen[job.remote or 0]
        job.stage, job.state, job.remote_assignee = each.stage, each.state, each.assignee
    fields = ["remote", "frame", "prelabel", "stage", "state", "remote_assignee"]
    CvatJob.objects.bulk_update(jobs, fields)
    CvatBatch.objects.filter(pk=batch.pk).update(state=Ready, remote=task.id, error="")
    campaign = batch.link.campaign
    told = {"cvat": "pushed", "batch": str(batch.uuid), "tiles": len(jobs)}
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=None, now=now, **told)
    waiting = [job.task_id for job in jobs]
    for held in Task.objects.filter(pk__in=waiting).exclude(state=Task.State.OPEN):
        follow(held, now=now)


def _alive(row: Outbox, sending: Sending) -> None:
    keep(row, now=sending.clock())


def _delete(cvat: Cvat, task: int) -> None:
    try:
        cvat.delete_task(task)
    except CvatGone:
        return  # an earlier answer was lost
