"""Labels that a model doubts, drawn anew by somebody else: lane rereview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet

from labelling.models import (
    Annotation,
    Assignment,
    Campaign,
    Event,
    Place,
    Task,
    Tile,
    record,
)
from labelling.workflow.pool import servable_tiles

LONGEST_CAUSE = 80
WAITING = (Task.State.OPEN, Task.State.RESERVED)
BEING_REVIEWED = (Task.State.SUBMITTED, Task.State.IN_REVIEW)
DRAWN_ANEW = (Task.Lane.REWORK, Task.Lane.REREVIEW)

Row = Mapping[str, Any]
"""Of a mining's ranking: {annotation: UUID, doubtfulness, pairs, …}."""


@dataclass
class Opening:
    """What became of a ranking's rows."""

    tasks: list[Task] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    """{why: rows}, of those before the last one opened."""


@transaction.atomic
def open_rereviews(
    *, campaign: Campaign, rows: Sequence[Row], top: int, who: User | None, now: datetime
) -> Opening:
    """Open a task for each of the first `top` rows whose label can be drawn anew.

    Not for a label that was doubted before, that has been replaced since, that waits for review or
    that is being drawn anew for another reason; nor for any outside the pool: validation and test
    are drawn by chance, never by what a model says. Whoever drew the label can't take its task.
    """
    # The row is locked so that two openings at once don't choose the same labels.
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    doubtful = [row for row in rows if row["doubtfulness"] > 0]
    state = State.of(locked, doubtful)
    opening = Opening()
    for row in doubtful:
        if len(opening.tasks) >= top:
            break
        label = state.labels.get(str(row["annotation"]))
        if why := state.why_not(label):
            opening.passed_over[why] += 1
            continue
        assert label is not None
        opening.tasks.append(_open(locked, label, state, row, who=who, now=now))
        state.waiting.add(label.acquisition_id)
    return opening


@dataclass(frozen=True)
class State:
    """How things stand with the labels of a ranking."""

    labels: dict[str, Annotation]
    """{UUID: a label of the pool under the classes in force}."""
    doubted: set[int]
    """Ids of labels that were doubted before."""
    speaking: dict[int, int]
    """{acquisition: id of the label that has the say}."""
    waiting: set[int]
    """Acquisitions that are being drawn anew."""
    tiles: dict[int, Tile]
    """{acquisition: the raster to show}."""

    @classmethod
    def of(cls, campaign: Campaign, rows: Sequence[Row]) -> State:
        """Five queries."""
        found = Annotation.objects.filter(
            uuid__in=[row["annotation"] for row in rows],
            schema=campaign.schema_id,
            acquisition__place__split=Place.Split.POOL,
        )
        labels = {str(each.uuid): each for each in found.select_related("task", "author")}
        acquisitions = {each.acquisition_id for each in labels.values()}
        waiting = Task.objects.of(campaign).filter(
            acquisition__in=acquisitions, lane__in=DRAWN_ANEW, state__in=WAITING
        )
        doubted = Task.objects.filter(doubts__in=[each.pk for each in labels.values()])
        return cls(
            labels=labels,
            doubted=set(doubted.values_list("doubts", flat=True)),
            speaking=dict(_by_say(campaign, acquisitions)),
            waiting=set(waiting.values_list("acquisition", flat=True)),
            tiles={
                tile.acquisition_id: tile
                for tile in servable_tiles(campaign).filter(acquisition__in=acquisitions)
            },
        )

    def why_not(self, label: Annotation | None) -> str:
        """Why the label isn't drawn anew; empty where it can be."""
        if label is None:
            return "no label of the pool under the classes in force"
        if label.pk in self.doubted:
            return "doubted before"
        if self.speaking.get(label.acquisition_id) != label.pk:
            return "replaced since"
        if label.task and label.task.state in BEING_REVIEWED:
            return "waits for review"
        if label.acquisition_id in self.waiting:
            return "being drawn anew"
        return "" if label.acquisition_id in self.tiles else "tile not served"


def _by_say(campaign: Campaign, acquisitions: set[int]) -> QuerySet[Annotation, tuple[int, int]]:
    """(acquisition, label): of several of an acquisition the one that has the say comes last."""
    labels = Annotation.objects.usable(campaign.schema_id).filter(acquisition__in=acquisitions)
    return labels.by_say().values_list("acquisition", "pk")


def _open(
    campaign: Campaign,
    label: Annotation,
    state: State,
    row: Row,
    *,
    who: User | None,
    now: datetime,
) -> Task:
    key = {
        "campaign": campaign,
        "acquisition_id": label.acquisition_id,
        "lane": Task.Lane.REREVIEW,
        "round_no": 0,
    }
    last = Task.objects.filter(**key).aggregate(last=Max("copy"))["last"]
    task = Task.objects.create(
        **key,
        copy=0 if last is None else last + 1,
        tile=state.tiles[label.acquisition_id],
        level=label.task.level if label.task else 0,
        doubts=label,
        cause=cause_of(row),
        created=now,
    )
    _keep_from_author(label, task)
    record(
        Event.Verb.CREATED, task, campaign=campaign, who=who, now=now,
        lane=task.lane, cause=task.cause, of=str(label.uuid),
    )  # fmt: skip
    return task


def _keep_from_author(label: Annotation, task: Task) -> None:
    """Whoever has a copy of an acquisition is never given another: that of the label's task, which
    most authors have already."""
    if label.author is None:
        return
    own = label.task
    assert own is not None
    Assignment.objects.get_or_create(
        campaign=task.campaign,
        acquisition_id=label.acquisition_id,
        person=label.author,
        defaults={"root_id": own.root_id or own.pk},
    )


def cause_of(row: Row) -> str:
    """Such as "label error 0.31: 1240 px cloud labelled clear", of the commonest mistake."""
    worst = row["pairs"][0]
    text = (
        f"label error {row['doubtfulness']:.2g}: {worst['pixels']} px {worst['seen']} labelled "
        f"{worst['given']}"
    )
    return text[:LONGEST_CAUSE]
