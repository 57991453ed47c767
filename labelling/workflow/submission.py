"""Handing in a finished label."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from numpy.typing import NDArray

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict
from labelling.imagery.tilefile import write_label
from labelling.models import Acquisition, Annotation, Event, Reservation, Task, record
from labelling.workflow.claims import (
    end,
    live_reservation,
    not_yours,
    one_at_a_time,
    promote_held,
)
from labelling.workflow.planes import Planes, check_planes

TRIES = 20
"""Copies of one acquisition handed in at the same moment that number themselves one by one."""


class Work(TypedDict):
    """What a person hands in."""

    label: NDArray[np.uint8]
    """(height, width) class codes, 254 unsure, 255 not labelled."""
    provenance: NDArray[np.uint8]
    """(height, width) how each pixel came about, 0 exactly where nothing is labelled."""
    schema_version: int
    tool: str


def submit(*, task: Task, person: User, now: datetime, **work: Unpack[Work]) -> Annotation:
    """Hand in `person`'s label of `task`; the tile held ahead, if any, becomes the active one.

    A lease that ran out doesn't matter while nobody else has taken the tile: finished work is never
    thrown away. The same label handed in again gives the same annotation. The blob is written
    before the row; a crash in between leaves a blob that nothing refers to.

    Raises LabelRejected, BadInput (tool), NotYours, and Conflict (another schema version is in
    force, or the person has handed in another label of this task).
    """
    planes = Planes(work["label"], work["provenance"])
    if done := _handed_in_before(task, person, planes.sha256):
        return done
    _check_in_hand(task, person)
    _check_version(task, work["schema_version"])
    _check_tool(work["tool"])
    check_planes(planes, tile=task.tile, codes=task.campaign.schema.codes)
    for _ in range(TRIES):
        draft = _draft(task, person, planes, tool=work["tool"], now=now)
        try:
            return _hand_in(draft, now=now)
        except IntegrityError:
            if not _number_taken(draft):
                raise
    raise Conflict("Others hand in labels of this tile all the time.", help="Submit again.")


def _check_tool(tool: str) -> None:
    if not tool or not tool.isprintable() or len(tool) > 40:
        raise BadInput(
            f"{tool[:60]!r} can't name a tool.", field="tool", help="Use 1 to 40 characters."
        )


def _check_version(task: Task, version: int) -> None:
    current = task.campaign.schema.version
    if version != current:
        raise Conflict(
            f"The label uses version {version} of the classes; version {current} is in force.",
            field="schema_version",
            help="Reload the page to get the classes in force.",
        )


def _handed_in_before(task: Task, person: User, sha256: str) -> Annotation | None:
    """The same label, if the person has handed it in. Raises Conflict for another one."""
    done = Annotation.objects.filter(task=task, author=person).order_by("pk").last()
    if done is None or live_reservation(task, person):
        return None
    if done.sha256 != sha256:
        raise Conflict(
            "You have submitted another label of this tile already.",
            field="label",
            help="The first one stands. Take the next tile.",
        )
    return done


def _check_in_hand(task: Task, person: User) -> None:
    # Asked again where it counts; here it spares writing a blob for nothing.
    last = _last_spell(task, person)
    if last is None or last.how not in ("", Reservation.How.EXPIRED):
        raise not_yours(task)


def _last_spell(task: Task, person: User) -> Reservation | None:
    return task.reservations.filter(person=person).order_by("n").last()


def _draft(task: Task, person: User, planes: Planes, *, tool: str, now: datetime) -> Annotation:
    """An annotation with the next number, its blob written, not yet in the database."""
    schema = task.campaign.schema
    acquisition = Acquisition.objects.select_related("place").get(pk=task.acquisition_id)
    numbers = Annotation.objects.filter(acquisition=acquisition, schema=schema)
    n = (numbers.aggregate(last=Max("n"))["last"] or 0) + 1
    key = label_key(acquisition, n=n, sha256=planes.sha256)
    store().write_with(key, lambda path: write_label(path, planes.label, planes.provenance))
    return Annotation(
        acquisition=acquisition,
        schema=schema,
        n=n,
        task=task,
        author=person,
        tool=tool,
        source="campaign",
        parent=Annotation.objects.filter(task=task.parent_id or 0).order_by("pk").last(),
        raster=key,
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        created=now,
    )


def label_key(acquisition: Acquisition, *, n: int, sha256: str) -> str:
    return f"labels/{acquisition.key}/{n}-{sha256[:16]}.tif"


@transaction.atomic
def _hand_in(draft: Annotation, *, now: datetime) -> Annotation:
    task, person = draft.task, draft.author
    one_at_a_time(person)
    if done := _handed_in_before(task, person, draft.sha256):
        return done
    if not _leave(task, person, now=now):
        task.refresh_from_db()
        raise not_yours(task)
    draft.save(force_insert=True)
    record(
        Event.Verb.SUBMITTED,
        task,
        campaign=task.campaign,
        who=person,
        now=now,
        after=draft.sha256,
        annotation=str(draft.uuid),
    )
    promote_held(person, now=now)
    return draft


def _leave(task: Task, person: User, *, now: datetime) -> bool:
    """End the person's spell with the task submitted; False if it isn't in his hands."""
    spell = live_reservation(task, person)
    if spell is None:
        return _take_back(task, person, now=now)
    if not task.leave(by=person, to=Task.State.SUBMITTED):
        return False
    end(spell, how=Reservation.How.SUBMITTED, now=now)
    return True


def _take_back(task: Task, person: User, *, now: datetime) -> bool:
    """Submit a task whose lease ran out, if nobody has it and the person didn't give it up."""
    last = _last_spell(task, person)
    if last is None or last.how != Reservation.How.EXPIRED:
        return False
    if last.assignment.root_id != (task.root_id or task.pk):
        return False  # superseded, and the person has since been given the tile's new task
    states = [last.returns_to, Task.State.SUPERSEDED]
    if not Task.objects.filter(pk=task.pk, state__in=states).update(state=Task.State.SUBMITTED):
        return False
    Reservation.objects.create(
        task=task,
        n=task.reservations.count() + 1,
        person=person,
        assignment_id=last.assignment_id,
        returns_to=last.returns_to,
        started=now,
        heartbeat=now,
        ended=now,
        how=Reservation.How.SUBMITTED,
    )
    return True


def _number_taken(draft: Annotation) -> bool:
    return Annotation.objects.filter(
        acquisition=draft.acquisition, schema=draft.schema, n=draft.n
    ).exists()
