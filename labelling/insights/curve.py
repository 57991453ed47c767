"""The learning curve: what each round's model reached, after how many labels and how much work."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Sum, Value, When

from labelling.models import Campaign, Reservation, Round

from .foreseen import CHOSEN, UNIFORM, Interval, foresights, mean_iou_by_round
from .work import LABELLING


@dataclass(frozen=True)
class Figure:
    """An IoU, 0…1."""

    value: float | None
    """None: the split has no pixel of it."""
    low: float | None
    high: float | None
    """Ends of the interval over scenes; None where there were too few, or nobody computed it."""


@dataclass(frozen=True)
class Point:
    round: int
    strategy: str
    labels: int
    """Labelled tiles of the pool that the round learnt from."""
    hours: float
    """Active hours that people had spent on labelling when the round began."""
    mean: Figure
    """Over classes."""
    iou: dict[str, Figure]
    """{class name: its own}"""
    control: Figure
    """Class-mean IoU on the round's control tiles, as its model saw them before they were labelled:
    what it is worth on the pool."""
    active: Figure
    """The same on the tiles that it chose, which are hard by choice."""


@dataclass(frozen=True)
class Curve:
    points: list[Point]
    """Rounds that were measured, the first one first."""
    split: str
    """What they were measured on; empty: nothing was."""
    level: float | None
    """Coverage of the intervals."""
    scenes: int | None
    """That the newest was measured on."""


def learning_curve(campaign: Campaign) -> Curve:
    """Causes four queries, one of them over all spells of work; one where nothing was measured."""
    rounds = Round.objects.filter(campaign=campaign, model__isnull=False)
    loaded = rounds.select_related("snapshot", "model").order_by("n")
    measured = [each for each in loaded if each.model and each.model.metrics]
    hours = hours_until(campaign, [each.created for each in measured])
    lanes = _by_lane(campaign) if measured else {}
    last = measured[-1].model if measured else None
    newest: Mapping[str, Any] = last.metrics if last else {}
    intervals = newest.get("intervals") or {}
    return Curve(
        points=[_point(each, spent, lanes) for each, spent in zip(measured, hours, strict=True)],
        split=newest.get("split", ""),
        level=intervals.get("level"),
        scenes=intervals.get("scenes"),
    )


def _by_lane(campaign: Campaign) -> dict[str, dict[int, Interval]]:
    return {
        "control": mean_iou_by_round(foresights(campaign, UNIFORM, unaided=True)),
        "active": mean_iou_by_round(foresights(campaign, CHOSEN)),
    }


def _point(round: Round, hours: float, lanes: Mapping[str, Mapping[int, Interval]]) -> Point:
    metrics: Mapping[str, Any] = round.model.metrics if round.model else {}
    intervals = metrics.get("intervals") or {}
    by_class = intervals.get("iou") or {}
    return Point(
        round=round.n,
        strategy=round.strategy,
        labels=round.snapshot.counts.get("pool", 0) if round.snapshot else 0,
        hours=hours,
        mean=_figure(metrics.get("class_mean_iou"), intervals.get("class_mean_iou")),
        iou={
            name: _figure(value, by_class.get(name))
            for name, value in (metrics.get("iou") or {}).items()
        },
        **{lane: _foreseen(found.get(round.n)) for lane, found in lanes.items()},
    )


def _foreseen(found: Interval | None) -> Figure:
    return Figure(found.value, found.low, found.high) if found else Figure(None, None, None)


def _figure(value: float | None, interval: Sequence[float] | None) -> Figure:
    low, high = interval or (None, None)
    return Figure(value, low, high)


def hours_until(campaign: Campaign, moments: Sequence[datetime]) -> list[float]:
    """Active hours of labelling that had ended by each of these moments. One query."""
    if not moments:
        return []
    ordered = sorted(set(moments))
    before = [When(ended__lte=moment, then=Value(at)) for at, moment in enumerate(ordered)]
    spells = Reservation.objects.filter(
        LABELLING, task__campaign=campaign, ended__lte=ordered[-1]
    ).annotate(step=Case(*before, output_field=IntegerField()))
    seconds = dict(spells.order_by().values_list("step").annotate(n=Sum("active_seconds")))
    spent, so_far = [], 0
    for at in range(len(ordered)):
        so_far += seconds.get(at) or 0
        spent.append(so_far / 3600)
    return [spent[bisect_left(ordered, moment)] for moment in moments]
