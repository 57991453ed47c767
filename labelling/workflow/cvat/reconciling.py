"""Whether both sides still say the same: tasks, jobs, labels, states, people and shapes.

A look changes nothing. A mend never deletes what somebody may have drawn: it forgets what is gone,
pulls what wasn't taken in, sends states and people again as the queue has them, and deletes only
tasks of ours that never got their images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import JobSeen, LabelSeen, TaskSeen
from labelling.errors import CvatGone
from labelling.insights.cvat import live_jobs, unfetched
from labelling.models import CvatBatch, CvatJob, CvatLink
from labelling.workflow.cvat.dealing import Pulled, digest_of
from labelling.workflow.cvat.deleted import deleted_in, without_image
from labelling.workflow.cvat.labels import match
from labelling.workflow.cvat.pulling import note, pull
from labelling.workflow.cvat.steps import lost, out_of_step, send_out_of_step

NAMED = 20
"""Things of each kind that are named; all are counted."""
OURS = re.compile(r"[\w-]+ [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A batch's name there."""
KINDS = {
    "orphan_tasks": "tasks there that no batch of ours knows",
    "missing_tasks": "batches whose task is gone there",
    "orphan_jobs": "jobs of our tasks that we don't know",
    "missing_jobs": "jobs that are gone there",
    "deleted_frames": "jobs whose image was deleted there",
    "labels": "labels that are gone there, or differ from the classes",
    "out_of_step": "jobs whose person, stage or state isn't as the queue has it",
    "unfetched": "changes that haven't been taken in",
    "shapes": "jobs whose shapes aren't those that were taken in",
}
"""{kind: in words}"""


@dataclass
class Findings:
    """What isn't as it should be, by kind."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    named: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    held: int = 0
    """Jobs that wait for a person: known, and no drift."""

    def add(self, kind: str, name: str) -> None:
        self.counts[kind] += 1
        if len(self.named[kind]) < NAMED:
            self.named[kind].append(name)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> dict[str, Any]:
        named = {kind: names for kind, names in self.named.items() if names}
        return {**self.counts, "held": self.held, "total": self.total, "named": named}


@dataclass(frozen=True)
class Sides:
    """Both sides, as they were read."""

    link: CvatLink
    tasks: Mapping[int, TaskSeen]
    jobs: Mapping[int, JobSeen]
    labels: Mapping[int, LabelSeen]
    batches: tuple[CvatBatch, ...]
    rows: tuple[CvatJob, ...]


def reconcile(link: CvatLink, cvat: Cvat, *, now: datetime) -> Findings:
    """Compare; nothing is changed but what is noted of the jobs as they were seen. A request for
    each hundred tasks and jobs, one for each task, another for each that labels came from.

    Raises CvatAway, CvatForbidden, CvatProtocol.
    """
    sides = _sides(link, cvat)
    note(link, sides.jobs.values(), Pulled())
    return _compared(sides, cvat, now=now)


def differences(link: CvatLink, cvat: Cvat, *, now: datetime) -> Findings:
    """Compare as `reconcile` does, and note nothing at all. Raises the same."""
    return _compared(_sides(link, cvat), cvat, now=now)


def _compared(sides: Sides, cvat: Cvat, *, now: datetime) -> Findings:
    link = sides.link
    findings = Findings(held=live_jobs(link).exclude(held_code="").count())
    for kind, name in _found(sides, cvat):
        findings.add(kind, name)
    for row in out_of_step(link, now=now):
        findings.add("out_of_step", str(row))
    for row in unfetched(link):
        findings.add("unfetched", str(row))
    return findings


def mend(link: CvatLink, cvat: Cvat, *, clock: Callable[[], datetime]) -> Findings:
    """Put right what can be, and look again: what is left is for a person.

    Raises CvatAway, CvatForbidden, CvatProtocol.
    """
    sides = _sides(link, cvat)
    for task in _orphans(sides):
        if task.size is None and OURS.fullmatch(task.name):
            _delete(cvat, task.id)
    # Asked one by one: a list leaves out what the token may no longer see.
    for row in _rows_gone(sides):
        if _is_gone(cvat.job, row.remote):
            lost(row, now=clock())
    gone = [batch.pk for batch in _batches_gone(sides) if _is_gone(cvat.task, batch.remote)]
    CvatBatch.objects.filter(pk__in=gone).update(state=CvatBatch.State.GONE)
    odd = [row.pk for row in _drawn_otherwise(sides, cvat)]
    CvatJob.objects.filter(pk__in=odd).update(fetched=None)
    pull(link, cvat, clock=clock, whole=True)
    send_out_of_step(link, now=clock())
    return reconcile(link, cvat, now=clock())


def _sides(link: CvatLink, cvat: Cvat) -> Sides:
    # The rows first: what is pushed meanwhile is then there and not known, never the other way.
    batches = tuple(CvatBatch.objects.filter(link=link))
    rows = tuple(live_jobs(link).select_related("task__campaign", "batch"))
    return Sides(
        link=link,
        tasks={each.id: each for each in cvat.tasks(link.project)},
        jobs={each.id: each for each in cvat.jobs(project=link.project)},
        labels={each.id: each for each in cvat.labels(link.project)},
        batches=batches,
        rows=rows,
    )


def _found(sides: Sides, cvat: Cvat) -> Iterator[tuple[str, str]]:
    yield from (("orphan_tasks", f"{task.name} ({task.id})") for task in _orphans(sides))
    yield from (("missing_tasks", str(batch)) for batch in _batches_gone(sides))
    yield from (("orphan_jobs", f"job {id}") for id in _jobs_unknown(sides))
    yield from (("missing_jobs", str(row)) for row in _rows_gone(sides))
    deleted = deleted_in(cvat, (each for each in sides.batches if each.remote in sides.tasks))
    yield from (("deleted_frames", str(row)) for row in without_image(sides.rows, deleted))
    yield from (("labels", words) for words in _labels_otherwise(sides))
    yield from (("shapes", str(row)) for row in _drawn_otherwise(sides, cvat))


def _orphans(sides: Sides) -> list[TaskSeen]:
    known = {each.remote for each in sides.batches if each.state != CvatBatch.State.GONE}
    known_names = {batch.name for batch in _pending(sides)}
    return [
        task
        for task in sides.tasks.values()
        if task.id not in known and task.name not in known_names
    ]


def _pending(sides: Sides) -> list[CvatBatch]:
    """Batches that are being made: they are looked up by name."""
    return [batch for batch in sides.batches if batch.remote is None]


def _batches_gone(sides: Sides) -> list[CvatBatch]:
    ready = [each for each in sides.batches if each.state == CvatBatch.State.READY]
    return [batch for batch in ready if batch.remote not in sides.tasks]


def _jobs_unknown(sides: Sides) -> list[int]:
    known = {row.remote for row in sides.rows}
    ready = {each.remote for each in sides.batches if each.state == CvatBatch.State.READY}
    return [id for id, job in sides.jobs.items() if job.task in ready and id not in known]


def _rows_gone(sides: Sides) -> list[CvatJob]:
    return [row for row in sides.rows if row.remote not in sides.jobs]


def _labels_otherwise(sides: Sides) -> Iterator[str]:
    link, there = sides.link, list(sides.labels.values())
    for code, id in link.labels.items():
        if id not in sides.labels:
            yield f"class {code}: label {id} is gone"
    yield from match(link.campaign, there, known=link.labels, guide=link.guide_label).drift


def _drawn_otherwise(sides: Sides, cvat: Cvat) -> Iterator[CvatJob]:
    """Jobs that were taken in and have no newer change, but other shapes. A request a task."""
    taken_in = [
        row
        for row in sides.rows
        if row.annotation_id and row.digest and row.remote in sides.jobs and not row.held_code
        and sides.jobs[row.remote].updated == row.fetched
    ]  # fmt: skip
    by_task: dict[int, list[CvatJob]] = {}
    for row in taken_in:
        by_task.setdefault(row.batch.remote or 0, []).append(row)
    for task, rows in by_task.items():
        whole = cvat.task_annotations(task)
        yield from (row for row in rows if digest_of(_of_frame(whole, row.frame)) != row.digest)


def _of_frame(whole: Mapping[str, Any], frame: int | None) -> dict[str, Any]:
    shapes = [each for each in whole["shapes"] if each.get("frame") == frame]
    return {"shapes": shapes, "tracks": [], "tags": []}


def _is_gone(ask: Callable[[int], object], id: int | None) -> bool:
    """Raises CvatForbidden for what is there and not ours to see."""
    try:
        ask(int(id or 0))
    except CvatGone:
        return True
    return False


def _delete(cvat: Cvat, task: int) -> None:
    try:
        cvat.delete_task(task)
    except CvatGone:
        return
