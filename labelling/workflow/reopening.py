"""Open a tile again whose label lost pixels when the classes changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max

from labelling.models import Annotation, Campaign, Event, Task, Tile, record
from labelling.workflow.review_rules import review_rules

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CLOSED = (Task.State.CLOSED, Task.State.SUPERSEDED, Task.State.REJECTED)


def open_again(label: Annotation, *, lane: str, who: User | None, now: datetime) -> Task | None:
    """The acquisition's task in `lane`; None where it has one that isn't over, or no tile to serve.

    Within the caller's transaction. In lane rework it is for the label's author first. It follows
    the label's task, so that whoever labelled that copy may take it, and no other copy's author.
    """
    campaign, task = label.schema.campaign, label.task
    waiting = Task.objects.of(campaign).filter(acquisition=label.acquisition_id, lane=lane)
    if waiting.exclude(state__in=[*CLOSED, Task.State.ACCEPTED]).exists():
        return None
    tile = task.tile_id if task else served_tile(campaign, label.acquisition_id)
    if tile is None:
        return None
    kept = label.author_id if lane == Task.Lane.REWORK else None
    days = review_rules(campaign).rework_days
    opened = Task.objects.create(
        campaign=campaign,
        acquisition_id=label.acquisition_id,
        tile_id=tile,
        lane=lane,
        copy=(waiting.filter(round_no=0).aggregate(last=Max("copy"))["last"] or 0) + 1,
        root_id=(task.root_id or task.pk) if task else None,
        parent=task,
        level=task.level if task else 0,
        meant_for_id=kept,
        meant_until=now + timedelta(days=days) if kept else None,
        cause=cause(label),
        created=now,
    )
    record(
        Event.Verb.CREATED, opened, campaign=campaign, who=who, now=now,
        lane=lane, cause=opened.cause, of=str(label.uuid),
    )  # fmt: skip
    return opened


def served_tile(campaign: Campaign, acquisition: int) -> int | None:
    """Of several rasters the one that a round would serve."""
    enrolled = Tile.objects.filter(enrolments__campaign=campaign, enrolments__fence="")
    found = enrolled.filter(acquisition=acquisition).order_by("level", "-baseline", "pk")
    return found.values_list("pk", flat=True).first()


def cause(label: Annotation) -> str:
    """Which classes' pixels are to be labelled anew."""
    schema = label.schema
    assert schema.parent is not None
    gone = [
        each["name"]
        for each in schema.parent.classes
        if schema.mapping.get(str(each["code"])) is None and each_occurs(label, each["code"])
    ]
    return f"classes {schema.version}: {', '.join(gone)} anew"[:80]


def each_occurs(label: Annotation, code: int) -> bool:
    return label.parent is not None and bool(label.parent.pixels.get(str(code)))
