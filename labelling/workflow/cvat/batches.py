"""Which tiles go to CVAT next, and in which batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery

from labelling.errors import BadInput
from labelling.models import CvatBatch, CvatJob, CvatLink, Outbox, Task, TaskRank
from labelling.models.task import TaskQuerySet
from labelling.workflow.cvat.options import options_of
from labelling.workflow.lanes import servable
from labelling.workflow.outbox import PUSH, put

MOST = 10_000
"""Tiles planned in one go."""


@dataclass(frozen=True)
class Plan:
    """What a push would send."""

    tasks: Sequence[Task]
    """The highest ranked first; with tile and acquisition loaded."""
    size: int
    """Tiles of a batch."""

    @property
    def batches(self) -> list[Sequence[Task]]:
        return [self.tasks[at : at + self.size] for at in range(0, len(self.tasks), self.size)]


def plan(link: CvatLink, *, limit: int) -> Plan:
    """The `limit` highest ranked open tasks that have no job there. Raises BadInput (limit).

    Lanes stay mixed as the ranking mixes them: a batch must not tell which tiles are gold.
    """
    if not 1 <= limit <= MOST:
        raise BadInput(f"A push has 1 to {MOST} tiles, not {limit}.", field="limit")
    related = ("tile__acquisition__place", "campaign")
    tasks = list(unpushed(link).select_related(*related)[:limit])
    return Plan(tasks, options_of(link).batch)


def unpushed(link: CvatLink) -> TaskQuerySet:
    """Open tasks without a job there, in the order of the ranking in force."""
    campaign = link.campaign
    there = CvatJob.objects.filter(task=OuterRef("pk"), gone=None)
    ranks = TaskRank.objects.filter(task=OuterRef("pk"), ranking=campaign.ranking_id)
    tasks = servable(campaign).filter(state=Task.State.OPEN).exclude(Exists(there))
    by_rank = F("cvat_rank").asc(nulls_last=True)
    return tasks.annotate(cvat_rank=Subquery(ranks.values("rank")[:1])).order_by(by_rank, "pk")


@transaction.atomic
def push(link: CvatLink, chosen: Plan, *, now: datetime) -> list[Outbox]:
    """Have the plan's batches sent: their rows, and a row of the outbox each, or nothing at all."""
    # Two pushes at a time would plan the same tiles: the second waits, then leaves them out.
    CvatLink.objects.select_for_update().get(pk=link.pk)
    ids = [task.pk for task in chosen.tasks]
    taken = set(CvatJob.objects.filter(task__in=ids, gone=None).values_list("task", flat=True))
    rows = []
    for tasks in Plan([each for each in chosen.tasks if each.pk not in taken], chosen.size).batches:
        batch = CvatBatch.objects.create(link=link, created=now)
        CvatJob.objects.bulk_create(
            CvatJob(batch=batch, task=task, frame_name=frame_name(task)) for task in tasks
        )
        rows.append(put(link, PUSH, now=now, batch=batch.pk))
    return rows


def push_to_keep(link: CvatLink, *, now: datetime) -> int:
    """Push what is missing of the open tiles to be kept there; how many tiles."""
    options = options_of(link)
    if not options.keep:
        return 0
    kept = CvatJob.objects.filter(batch__link=link, gone=None, task__state=Task.State.OPEN).count()
    # A batch at a time, unless it is the start: one tile in a task of its own is slow.
    if options.keep - kept < min(options.batch, options.keep):
        return 0
    chosen = plan(link, limit=min(options.keep - kept, MOST))
    if chosen.tasks:
        push(link, chosen, now=now)
    return len(chosen.tasks)


def frame_name(task: Task) -> str:
    """File name of a task's tile there. It tells place, date and which blind copy, but no lane."""
    place, taken = task.acquisition.place.key, task.acquisition.taken
    where = "".join(each if each.isalnum() else "-" for each in place)[-60:].strip("-")
    when = f"{taken:%Y%m%dT%H%M%S}" if taken else "undated"
    return f"{where}_{when}_{task.uuid.hex[:12]}.png"
