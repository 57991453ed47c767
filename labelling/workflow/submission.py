"""Handing in a finished label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from labelling import enqueue
from labelling.errors import BadInput, Conflict
from labelling.models import Annotation, Event, Reservation, Task, record
from labelling.models.prepared import prepared
from labelling.workflow.checking import Said, check_label
from labelling.workflow.drafts import drop_draft
from labelling.workflow.numbering import numbered, place
from labelling.workflow.outbox import follow
from labelling.workflow.planes import Planes
from labelling.workflow.regions import cut_to_regions, region_numbers
from labelling.workflow.sampling import is_drawn, review_rate
from labelling.workflow.spells import (
    end,
    not_yours,
    one_at_a_time,
    promote_held,
)

LABELLING = (Reservation.Kind.ACTIVE, Reservation.Kind.HELD)


class Work(TypedDict):
    """What a person hands in."""

    label: NDArray[np.uint8]
    """(height, width) class codes, 254 unsure, 255 not labelled."""
    provenance: NDArray[np.uint8]
    """(height, width) how each pixel came about, 0 exactly where nothing is labelled."""
    schema_version: int
    tool: str
    overrule: NotRequired[Collection[str]]
    """Codes of warnings that the author stands by; the note says why."""
    note: NotRequired[str]
    difficulty: NotRequired[int | None]
    """1 easy … 5 a guess."""


@dataclass(frozen=True)
class Ready:
    """A label that passed its checks and whose blob is written; its row is not."""

    label: Annotation
    planes: Planes


def submit(*, task: Task, person: User, now: datetime, **work: Unpack[Work]) -> Annotation:
    """Hand in `person`'s label of `task`; the tile held ahead, if any, becomes the active one.

    Of a task in regions what lies outside of them is left out. It waits for review, or is accepted
    at once where the draw leaves it out. A lease that ran out
    doesn't matter while nobody else has taken the tile: finished work is never thrown away. The
    same label handed in again gives the same annotation. The blob is written before the row; a
    crash in between leaves a blob that nothing refers to.

    Raises LabelRejected, NeedsConfirmation (warnings that weren't overruled), BadInput (tool, note,
    difficulty, overrule), NotYours, and Conflict (another schema version is in force, or the
    person has handed in another label of this task).
    """
    return hand_in(ready(task=task, person=person, now=now, **work), now=now)


def ready(*, task: Task, person: User, now: datetime, **work: Unpack[Work]) -> Ready | Annotation:
    """The first half of `submit`, which writes no row: for before a transaction. An Annotation, if
    the person has handed in this label already. Raises as `submit`."""
    planes = cut_to_regions(Planes(work["label"], work["provenance"]), task)
    if done := done_or_in_hand(task, person, planes):
        return done
    label = checked(task, person, planes, work, now=now)
    place(label, planes)
    return Ready(label, planes)


def hand_in(made: Ready | Annotation, *, now: datetime) -> Annotation:
    """The second half: the rows. Raises NotYours and Conflict for what changed in between."""
    if isinstance(made, Annotation):
        return made
    return numbered(made.label, made.planes, lambda: _hand_in(made.label, now=now))


def checked(task: Task, person: User, planes: Planes, work: Work, *, now: datetime) -> Annotation:
    """The label as an annotation without number and blob, if it passes all checks."""
    check_version(task, work["schema_version"])
    _check_tool(work["tool"])
    said = Said(work.get("overrule", ()), work.get("note", ""), work.get("difficulty"))
    overruled = check_label(planes, task=task, said=said)
    return Annotation(
        acquisition=task.tile.acquisition,
        schema=task.campaign.schema,
        task=task,
        author=person,
        tool=work["tool"],
        source="campaign",
        parent=_reworked(task),
        kind=_kind(task),
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        difficulty=said.difficulty,
        note=said.note.strip(),
        checks=overruled,
        created=now,
    )


def _kind(task: Task) -> str:
    return Annotation.Kind.FULL if region_numbers(task) is None else Annotation.Kind.REGION


def _reworked(task: Task) -> Annotation | None:
    """The rejected label that a label of this task takes the place of; None for a first label.

    What its author took back isn't one: whoever hands in anew is measured by what then stands.
    """
    if task.parent_id is None:
        return None
    made = Annotation.objects.filter(task=task.parent_id, author__isnull=False)
    return made.filter(schema=task.campaign.schema).order_by("pk").last()


def compare_later(label: Annotation) -> None:
    """Have the label held against gold, pre-label and other people's once it is committed."""
    enqueue.enqueue(enqueue.Job.COMPARE_LABEL, annotation_id=label.pk)


def check_version(task: Task, version: int) -> None:
    """Raise Conflict unless this version of the classes is the one in force."""
    current = task.campaign.schema.version
    if version != current:
        raise Conflict(
            f"The label uses version {version} of the classes; version {current} is in force.",
            field="schema_version",
            help="Reload the page to get the classes in force.",
        )


def _check_tool(tool: str) -> None:
    if not tool or not tool.isprintable() or len(tool) > 40:
        raise BadInput(
            f"{tool[:60]!r} can't name a tool.", field="tool", help="Use 1 to 40 characters."
        )


def done_or_in_hand(task: Task, person: User, planes: Planes) -> Annotation | None:
    """The same label, if the person has handed it in; None, if he may now. Raises NotYours, and
    Conflict where he has handed in another one.

    Asked again where it counts; here it spares writing a blob for nothing.
    """
    last = last_spell(task, person)
    if done := _handed_in_before(task, person, planes.sha256, last):
        return done
    if last is None or last.how not in ("", Reservation.How.EXPIRED):
        raise not_yours(task)
    return None


def _handed_in_before(
    task: Task, person: User, sha256: str, last: Reservation | None
) -> Annotation | None:
    """The same label, if the person has handed it in. Raises Conflict for another one."""
    if last is None or last.how != Reservation.How.SUBMITTED:
        return None
    done = Annotation.objects.filter(task=task, author=person).order_by("pk").last()
    if done is None or done.sha256 == sha256:
        return done
    if task.state == Task.State.REJECTED:
        help = "It was rejected since: take the next tile, the rework of this one comes first."
    else:
        help = "The first one stands. Take it back to change it, or take the next tile."
    raise Conflict(
        "You have submitted another label of this tile already.", field="label", help=help
    )


def last_spell(task: Task, person: User) -> Reservation | None:
    """The person's last time with the task to label it."""
    return _last_spell.one(task=task.pk, person=person.pk)


@prepared
def _last_spell(task: int, person: int) -> QuerySet[Reservation]:
    mine = Reservation.objects.filter(task=task, person=person, kind__in=LABELLING)
    return mine.select_related("assignment").order_by("-n")[:1]


@transaction.atomic
def _hand_in(label: Annotation, *, now: datetime) -> Annotation:
    task, person = label.task, label.author
    one_at_a_time(person)
    last = last_spell(task, person)
    if done := _handed_in_before(task, person, label.sha256, last):
        return done
    rate = review_rate(task, person)
    state = Task.State.SUBMITTED if is_drawn(task, rate) else Task.State.ACCEPTED
    if not _leave(task, last, to=state, now=now):
        task.refresh_from_db()
        raise not_yours(task)
    label.save(force_insert=True)
    drop_draft(task, person)
    _tell(label, accepted=state == Task.State.ACCEPTED, rate=rate, now=now)
    promote_held(person, now=now)
    compare_later(label)
    follow(task, now=now)
    return label


def _tell(label: Annotation, *, accepted: bool, rate: float, now: datetime) -> None:
    """Record the submission and, where no review follows, by which rule it was accepted."""
    task = label.task
    detail = {"annotation": str(label.uuid)}
    if label.checks:
        detail["overruled"] = [each["code"] for each in label.checks]
    record(
        Event.Verb.SUBMITTED,
        task,
        campaign=task.campaign,
        who=label.author,
        now=now,
        after=label.sha256,
        **detail,
    )
    if accepted:
        record(
            Event.Verb.REVIEWED,
            task,
            campaign=task.campaign,
            who=None,
            now=now,
            verdict="accepted",
            rule="not drawn for review",
            rate=rate,
            **detail,
        )


def _leave(task: Task, last: Reservation | None, *, to: str, now: datetime) -> bool:
    """End the person's last spell with the task in state `to`; False if it isn't in his hands."""
    if last is None:
        return False
    if last.ended is None and task.leave(by=last.person_id, to=to):
        end(last, how=Reservation.How.SUBMITTED, now=now)
        return True
    return _take_up(task, last, to=to, now=now)


def _take_up(task: Task, last: Reservation, *, to: str, now: datetime) -> bool:
    """Hand in a task whose lease ran out, if nobody has it and the person didn't give it up."""
    if last.ended is None:
        last.refresh_from_db()  # the sweep may have come in between
    if last.how != Reservation.How.EXPIRED:
        return False
    if last.assignment.root_id != (task.root_id or task.pk):
        return False  # superseded, and the person has since been given the tile's new task
    states = [last.returns_to, Task.State.SUPERSEDED]
    if not Task.objects.filter(pk=task.pk, state__in=states).update(state=to):
        return False
    Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person_id=last.person_id,
        assignment_id=last.assignment_id,
        returns_to=last.returns_to,
        started=now,
        heartbeat=now,
        ended=now,
        how=Reservation.How.SUBMITTED,
    )
    return True
