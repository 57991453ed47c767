"""Open a tile again whose label lost pixels when the classes changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max

from labelling.models import Annotation, Campaign, Event, Guidance, Task, Tile, record
from labelling.workflow.regions import hand_on
from labelling.workflow.review_rules import review_rules

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CLOSED = (Task.State.CLOSED, Task.State.SUPERSEDED, Task.State.REJECTED)


def open_again(label: Annotation, *, lane: str, who: User | None, now: datetime) -> Task | None:
    """The acquisition's task in `lane`; None where it has one that isn't over, or no tile to serve.

    Within the caller's transaction. In lane rework it is for the label's author first. It follows
    the label's task, so that whoever labelled that copy may take it, and no other copy's author.
    A label in regions is reworked in the same ones; in lane rereview, which shows nobody anything,
    the whole tile is asked for.
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
    if lane == Task.Lane.REWORK and label.kind == Annotation.Kind.REGION:
        _ask_for_the_regions(label, opened)
    record(
        Event.Verb.CREATED, opened, campaign=campaign, who=who, now=now,
        lane=lane, cause=opened.cause, of=str(label.uuid),
    )  # fmt: skip
    return opened


def _ask_for_the_regions(label: Annotation, opened: Task) -> None:
    """Have the label's regions, and nothing else, labelled anew.

    The pre-label comes along because guidance shows only beside one. All of it is kept back: its
    codes are those of the classes before.
    """
    task = label.task
    assert task is not None
    opened.prelabel_id, opened.arm = task.prelabel_id, task.arm
    opened.save(update_fields=["prelabel", "arm"])
    hand_on(task, opened)
    for guidance in Guidance.objects.filter(task=opened):
        guidance.regions = [{**each, "bare": True} for each in guidance.regions]
        guidance.save(update_fields=["regions"])


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
