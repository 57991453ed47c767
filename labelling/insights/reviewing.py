"""What waits for review, what reviewers said, and what they saw when they said it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery

from labelling.errors import BadInput
from labelling.models import Annotation, Campaign, Review, Task

from .paging import Order, page

LARGEST_PAGE = 200
LONGEST_CHAIN = 100


@dataclass(frozen=True)
class WaitingRow:
    """A label that waits for review, or is being reviewed."""

    task: uuid.UUID
    annotation: uuid.UUID
    place: str
    datetime: datetime | None
    lane: str
    state: str
    author: str
    submitted: datetime
    reviewer: str
    """Who has it in hand; empty: nobody."""
    labelled_share: float
    difficulty: int | None
    overruled: list[str]
    """Codes of warnings that the author stands by."""
    note: str
    own: bool
    """Whether it is the label of the person who asks."""


@dataclass(frozen=True)
class WaitingPage:
    results: list[WaitingRow]
    cursor: str | None


@dataclass(frozen=True)
class ReviewRow:
    id: int
    task: uuid.UUID | None
    annotation: uuid.UUID
    place: str
    author: str
    reviewer: str
    verdict: str
    reason: str
    note: str
    created: datetime


@dataclass(frozen=True)
class ReviewPage:
    results: list[ReviewRow]
    cursor: str | None


@dataclass(frozen=True)
class Feedback:
    """What a reviewer said of a label, for its author."""

    annotation: uuid.UUID
    reviewer: str
    verdict: str
    reason: str
    note: str
    created: datetime


def waiting(
    campaign: Campaign, *, asked_by: User | None, cursor: str | None = None, limit: int = 50
) -> WaitingPage:
    """Labels to review, by when their task's newest label came in, oldest first. Two queries."""
    labels = Annotation.objects.filter(task=OuterRef("pk"), author__isnull=False).order_by("-pk")
    tasks = Task.objects.filter(
        campaign=campaign, state__in=[Task.State.SUBMITTED, Task.State.IN_REVIEW]
    ).select_related("holder", "acquisition__place")
    order = Order("waiting", Subquery(labels.values("pk")[:1]))
    rows, after = page(tasks, order, cursor=cursor, limit=limit)
    newest = Annotation.objects.filter(pk__in=[each.sort for each in rows]).select_related("author")
    by_pk = {label.pk: label for label in newest}
    found = [(task, by_pk[task.sort]) for task in rows if task.sort in by_pk]
    return WaitingPage([_waiting_row(task, label, asked_by) for task, label in found], after)


def _waiting_row(task: Task, label: Annotation, asked_by: User | None) -> WaitingRow:
    return WaitingRow(
        task=task.uuid,
        annotation=label.uuid,
        place=task.acquisition.place.key,
        datetime=task.acquisition.taken,
        lane=task.lane,
        state=task.state,
        author=label.author.username if label.author else "",
        submitted=label.created,
        reviewer=task.holder.username if task.holder else "",
        labelled_share=label.labelled_share,
        difficulty=label.difficulty,
        overruled=[each["code"] for each in label.checks],
        note=label.note,
        own=asked_by is not None and label.author_id == asked_by.pk,
    )


def reviews(
    campaign: Campaign, *, verdict: str = "", cursor: str | None = None, limit: int = 50
) -> ReviewPage:
    """Verdicts, the newest first. One query. Raises BadInput for a verdict that there isn't."""
    if verdict and verdict not in Review.Verdict.values:
        known = ", ".join(Review.Verdict.values)
        raise BadInput(f"There is no verdict {verdict[:40]!r}.", field="verdict", help=known)
    found: QuerySet[Review] = Review.objects.filter(
        annotation__schema__campaign=campaign
    ).select_related(
        "reviewer", "annotation__author", "annotation__task", "annotation__acquisition__place"
    )
    if verdict:
        found = found.filter(verdict=verdict)
    order = Order("reviews", None, descending=True)
    rows, after = page(found, order, cursor=cursor, limit=limit)
    return ReviewPage([_review_row(each) for each in rows], after)


def _review_row(review: Review) -> ReviewRow:
    label = review.annotation
    return ReviewRow(
        id=review.pk,
        task=label.task.uuid if label.task else None,
        annotation=label.uuid,
        place=label.acquisition.place.key,
        author=label.author.username if label.author else "",
        reviewer=review.reviewer.username,
        verdict=review.verdict,
        reason=review.reason,
        note=review.note,
        created=review.created,
    )


def authors(label: Annotation) -> list[str]:
    """Who made the label: the first version's author first, each once.

    One query a version of the label.
    """
    found: list[str] = []
    version: Annotation | None = label
    for _ in range(LONGEST_CHAIN):
        if version is None:
            break
        if version.author and version.author.username not in found:
            found.append(version.author.username)
        parents = Annotation.objects.select_related("author").filter(pk=version.parent_id or 0)
        version = parents.first()
    return found[::-1]


def feedback(task: Task, person: User, *, everything: bool) -> list[Feedback]:
    """What was said of the labels of the task and of the one that it reworks, the newest first.

    The person's own labels only, unless he may see `everything`. One query.
    """
    found = Review.objects.filter(annotation__task__in=[task.pk, task.parent_id or task.pk])
    if not everything:
        found = found.filter(annotation__author=person)
    rows = found.select_related("annotation", "reviewer").order_by("-pk")
    return [
        Feedback(
            annotation=each.annotation.uuid,
            reviewer=each.reviewer.username,
            verdict=each.verdict,
            reason=each.reason,
            note=each.note,
            created=each.created,
        )
        for each in rows
    ]
