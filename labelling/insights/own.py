"""What a person did since some moment, and what reviewers said of his labels."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from labelling.errors import NotFound
from labelling.models import (
    Annotation,
    Campaign,
    Reservation,
    Review,
    Task,
    Tile,
    campaigns_of,
)

from .paging import Order, page

NEWEST = Order("own feedback", None, descending=True)


@dataclass(frozen=True)
class Done:
    """In one campaign, since the moment asked for."""

    labels: int
    """Handed in; a tile handed in twice counts once."""
    reviews: int
    active_seconds: int
    """Worked, labelling and reviewing; of spells that ended or are still running since then."""


@dataclass(frozen=True)
class Said:
    """A verdict on a label of one's own."""

    id: int
    annotation: uuid.UUID
    tile: Tile
    """With scene, acquisition and place loaded."""
    reviewer: str
    verdict: str
    reason: str
    note: str
    created: datetime
    rework: str
    """State of the task in which the label is drawn anew; empty: there is none."""


def done_since(campaign: Campaign, person: User, moment: datetime) -> Done:
    """One query."""
    spells = Reservation.objects.filter(task__campaign=campaign, person=person)
    submitted, reviewed = Q(how=Reservation.How.SUBMITTED), Q(how=Reservation.How.REVIEWED)
    found = spells.filter(Q(ended__isnull=True) | Q(ended__gte=moment)).aggregate(
        labels=Count("task", distinct=True, filter=submitted),
        reviews=Count("task", distinct=True, filter=reviewed),
        active_seconds=Sum("active_seconds", default=0),
    )
    return Done(**found)


def said_of(
    campaign: Campaign, person: User, *, cursor: str | None = None, limit: int = 20
) -> tuple[list[Said], str | None]:
    """Verdicts on the person's labels, the newest first, and the next page's cursor.

    Three queries, however many. Raises BadInput for a cursor of another list.
    """
    found = Review.objects.filter(annotation__author=person, annotation__task__campaign=campaign)
    related = found.select_related("annotation__task", "reviewer")
    rows, after = page(related, NEWEST, cursor=cursor, limit=limit)
    tasks = [row.annotation.task_id for row in rows]
    tiles = _tiles(tasks)
    reworks = dict(
        Task.objects.filter(parent__in=tasks, lane=Task.Lane.REWORK)
        .order_by("pk")
        .values_list("parent", "state")
    )
    return [_said(row, tiles, reworks) for row in rows], after


def fixed_pair(review: int, person: User) -> tuple[Annotation, Annotation]:
    """The person's label as it was handed in, and as the reviewer fixed it. Two queries.

    Raises NotFound where the verdict isn't on a label of his, or fixed nothing.
    """
    found = Review.objects.filter(
        pk=review,
        annotation__author=person,
        annotation__schema__campaign__in=campaigns_of(person),
        verdict=Review.Verdict.FIXED,
    ).select_related("annotation")
    verdict = found.first() if review < 2**63 else None
    fixed = verdict and verdict.annotation.children.filter(author=verdict.reviewer).order_by("pk")
    after = fixed.last() if fixed else None
    if verdict is None or after is None:
        raise NotFound(f"No label of yours was fixed in review {review}.", field="id")
    return verdict.annotation, after


def _tiles(tasks: Iterable[int | None]) -> dict[int, Tile]:
    related = ("tile__scene", "tile__acquisition__place")
    rows = Task.objects.filter(pk__in=list(tasks)).select_related(*related)
    return {task.pk: task.tile for task in rows}


def _said(row: Review, tiles: dict[int, Tile], reworks: dict[int, str]) -> Said:
    task = row.annotation.task_id
    assert task is not None  # only labels of tasks are asked for
    return Said(
        id=row.pk,
        annotation=row.annotation.uuid,
        tile=tiles[task],
        reviewer=row.reviewer.username,
        verdict=row.verdict,
        reason=row.reason,
        note=row.note,
        created=row.created,
        rework=reworks.get(task, ""),
    )
