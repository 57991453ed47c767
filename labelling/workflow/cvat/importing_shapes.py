"""A job's shapes taken in as the label of its task; what can't be is held for a person.

A label goes the way of every other: it is handed in for a task that the person has in hand. Shapes
that were changed after that become the label's next version; after acceptance a flag asks a lead to
look, for snapshots and reviews then speak of an older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction

from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, NeedsConfirmation, NotYours
from labelling.imagery.drawings.annotations import Legend, Painting, Unusable, painting_of
from labelling.imagery.labelfile import UNLABELLED
from labelling.insights.cvat import WAITING
from labelling.models import Annotation, CvatJob, CvatLink, Event, Flag, Reservation, Task, record
from labelling.workflow.claims import claim_this
from labelling.workflow.cvat.drawings import AUTO
from labelling.workflow.cvat.labels import wishes
from labelling.workflow.cvat.options import options_of
from labelling.workflow.masking.layers import data_of
from labelling.workflow.numbering import numbered, place
from labelling.workflow.planes import NO_PROVENANCE, Planes
from labelling.workflow.regions import cut_to_regions
from labelling.workflow.review import label_in_review
from labelling.workflow.submission import (
    Ready,
    Work,
    checked,
    compare_later,
    done_or_in_hand,
    hand_in,
)

TOOL = "cvat"
CHECKS, NOBODY, NOT_THEIRS, CLOSED, UNCHANGED = (
    "checks", "nobody", "not_theirs", "closed", "unchanged",
)  # fmt: skip
"""Codes of what is held here, beside those of drawings/annotations.py."""
HANDED_IN = (Task.State.SUBMITTED, Task.State.ACCEPTED)
IN_HAND = (Task.State.OPEN, Task.State.RESERVED, Task.State.SUPERSEDED)
WARNED = "Drawn in CVAT, where these warnings aren't shown."
EDITED = (
    "Its shapes were edited in CVAT after the label had been accepted: look at the new version."
)


class Later(Exception):
    """The task's state doesn't allow it now, and will."""


def legend_of(link: CvatLink) -> Legend:
    """What the project's labels mean; the campaign's classes have priorities where the link says
    that they decide."""
    schema = link.campaign.schema
    assert schema is not None
    named = {int(each.code): each.name for each in wishes(link.campaign) if each.code}
    ids = {int(code): int(id) for code, id in link.labels.items()}
    by_class = options_of(link).order == "campaign"
    return Legend(
        names={id: named[code] for code, id in ids.items() if code in named},
        codes={named[code]: code for code in ids if code in named},
        priority={each["code"]: each["priority"] for each in schema.classes} if by_class else {},
    )


def planes_of(row: CvatJob, annotations: Mapping[str, Any], legend: Legend) -> Planes:
    """A job's shapes as planes of its tile; pixels without data aren't labelled. Raises Unusable.

    Outlines of the regions to draw, which the workbench put there, aren't shapes.
    """
    link, tile = row.batch.link, row.task.tile
    shapes = [each for each in annotations["shapes"] if not _is_guide(each, link)]
    painting: Painting = painting_of(
        {**annotations, "shapes": shapes},
        legend,
        frame=row.frame or 0,
        size=(tile.height, tile.width),
        background=options_of(link).background,
    )
    data = data_of(store(), tile)
    label = np.where(data, painting.label, UNLABELLED).astype(np.uint8)
    provenance = np.where(data, painting.provenance, NO_PROVENANCE).astype(np.uint8)
    return Planes(label, provenance)


def ready_label(
    row: CvatJob, planes: Planes, *, author: User | None, now: datetime
) -> Ready | Annotation:
    """The first half of taking the planes in as the label of the job's task, which writes no row:
    for before a transaction. An Annotation, if the task's label has these planes.

    Raises Unusable for what a person has to look at, Later.
    """
    task = row.task
    if task.state in WAITING:
        raise Later
    if author is None:
        raise Unusable(
            NOBODY,
            "Nobody knows who drew it: the job is assigned to nobody of ours.",
            field="assignee",
            help="Assign it in CVAT to who drew it, and map that person with cvat users.",
        )
    planes = cut_to_regions(planes, task)
    if task.state in HANDED_IN:
        return _next_version(task, planes, author, now=now)
    if task.state in IN_HAND:
        return _first_version(task, planes, author, now=now)
    state = task.get_state_display().lower()
    raise Unusable(
        CLOSED,
        f"Its task is {state}, so its label isn't taken in.",
        field="task",
        help="Reopen the tile here, or delete the job in CVAT.",
    )


def take_in(row: CvatJob, made: Ready | Annotation, *, now: datetime) -> Annotation:
    """The second half: the rows. Raises Unusable and Later for what changed in between."""
    if isinstance(made, Annotation):
        return made
    if row.task.state in HANDED_IN:
        return numbered(made.label, made.planes, lambda: _keep(made.label, now=now))
    return _hand_in(row.task, made, now=now)


def drawn_elsewhere(row: CvatJob, annotations: Mapping[str, Any], *, same: bool) -> bool:
    """Whether the task's label was drawn here, and nothing in its job: it holds no shape but the
    pre-label's, or is the `same` as when the label before a rework was taken in."""
    if row.task.state not in HANDED_IN:
        return False
    if row.annotation is not None:
        return row.annotation.task_id != row.task_id and same
    return not annotations["tracks"] and all(
        each.get("source") == AUTO for each in annotations["shapes"]
    )


def check_changed(row: CvatJob, digest: str) -> None:
    """Raise Unusable for a rework that is handed in as it was when it was rejected."""
    if row.annotation and row.annotation.task_id != row.task_id and row.digest == digest:
        raise Unusable(
            UNCHANGED,
            "It was handed in again as it was when it was rejected.",
            field="shapes",
            help="Ask its author to mend it, or draw it in the workbench.",
        )


def _is_guide(shape: Mapping[str, Any], link: CvatLink) -> bool:
    return link.guide_label is not None and shape.get("label_id") == link.guide_label


def _work(task: Task, planes: Planes) -> Work:
    assert task.campaign.schema is not None
    return {
        "label": planes.label,
        "provenance": planes.provenance,
        "schema_version": task.campaign.schema.version,
        "tool": TOOL,
    }


def _first_version(
    task: Task, planes: Planes, author: User, *, now: datetime
) -> Ready | Annotation:
    try:
        # One that is open is claimed when it is handed in.
        if task.state != Task.State.OPEN and (done := done_or_in_hand(task, author, planes)):
            return done
    except (NotYours, Conflict) as other:
        raise _not_theirs(author, other) from other
    return _placed(task, planes, author, now=now)


def _hand_in(task: Task, made: Ready, *, now: datetime) -> Annotation:
    author = made.label.author
    assert author is not None
    if task.state == Task.State.OPEN:
        # A rework is shown to its author there before he takes it here; and a lead may hand out
        # tiles there. Where he may not take it, submitting refuses.
        claim_this(task=task, person=author, now=now)
    try:
        label = hand_in(made, now=now)
    except (NotYours, Conflict) as other:
        raise _not_theirs(author, other) from other
    # Heartbeats came from no page, so they tell nothing; the estimate stands with the job.
    spells = Reservation.objects.filter(task=task, person=author, how=Reservation.How.SUBMITTED)
    spells.update(active_seconds=0, idle_seconds=0)
    return label


def _next_version(task: Task, planes: Planes, author: User, *, now: datetime) -> Ready | Annotation:
    before = label_in_review(task)
    if before.sha256 == planes.sha256:
        return before
    made = _placed(task, planes, author, now=now)
    made.label.parent = before
    return made


def _placed(task: Task, planes: Planes, author: User, *, now: datetime) -> Ready:
    """The label with number and blob. Raises Unusable for one that can't stand."""
    try:
        try:
            label = checked(task, author, planes, _work(task, planes), now=now)
        except NeedsConfirmation as warned:
            label = checked(task, author, planes, _overruled(task, planes, warned), now=now)
    except BadInput as wrong:
        raise _unfit(wrong) from wrong
    except Conflict as other:
        raise _not_theirs(author, other) from other
    place(label, planes)
    return Ready(label, planes)


@transaction.atomic
def _keep(label: Annotation, *, now: datetime) -> Annotation:
    """Save the next version. Raises Later when a reviewer took the label or mended it meanwhile."""
    assert label.task is not None
    assert label.parent is not None
    # Locked: no reviewer opens it, none decides, between the question and the answer.
    task = Task.objects.select_for_update().get(pk=label.task.pk)
    if task.state not in HANDED_IN or label_in_review(task) != label.parent:
        raise Later
    label.save(force_insert=True)
    accepted = task.state == Task.State.ACCEPTED
    record(
        Event.Verb.CHANGED, task, campaign=label.schema.campaign, who=label.author, now=now,
        before=label.parent.sha256, after=label.sha256, annotation=str(label.uuid), tool=TOOL,
        alert="edited after acceptance" if accepted else "",
    )  # fmt: skip
    if accepted:
        _flag(task, label, now=now)
    compare_later(label)
    return label


def _flag(task: Task, label: Annotation, *, now: datetime) -> None:
    """One flag until a lead has looked, however often it is edited."""
    assert label.author is not None
    Flag.objects.get_or_create(
        task=task, person=label.author, reason=Flag.Reason.TECHNICAL, note=EDITED, outcome="",
        skipped=False, defaults={"created": now},
    )  # fmt: skip


def _overruled(task: Task, planes: Planes, warned: NeedsConfirmation) -> Work:
    """The work once more: nobody can be asked about warnings in CVAT, so that they are kept."""
    codes = [each["code"] for each in warned.findings]
    return {**_work(task, planes), "overrule": codes, "note": WARNED}


def _unfit(wrong: BadInput) -> Unusable:
    help = wrong.help or "Mend the shapes in CVAT."
    return Unusable(CHECKS, str(wrong), field=wrong.field, help=help)


def _not_theirs(author: User, other: NotYours | Conflict) -> Unusable:
    return Unusable(
        NOT_THEIRS,
        f"{author.username} drew it, but doesn't have the tile in hand here: {other}",
        field="task",
        help="Let the person take the tile here, or assign the job to who has it.",
    )
