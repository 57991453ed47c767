"""What labels take, in minutes, and what might have told so before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q, Sum

from labelling.models import Campaign, LabelCost, Reservation, Round

NEWEST = 5000
"""Labels that are looked at."""
LAST = 100
"""Rounds on the curve."""
LEAST = 10
"""Labels with a figure that a correlation takes."""
LABELLING = (Reservation.Kind.ACTIVE, Reservation.Kind.HELD)


@dataclass(frozen=True)
class Minutes:
    median: float
    low: float
    high: float
    """Quartiles."""


@dataclass(frozen=True)
class Figure:
    name: str
    labels: int
    correlation: float
    """Spearman's, -1…1, of the minutes with it."""


@dataclass(frozen=True)
class CurvePoint:
    round: int
    labelled: int
    minutes: float
    """Active ones that the team had worked when the round's snapshot was frozen."""
    mean_iou: float | None
    """On validation."""


@dataclass(frozen=True)
class Cost:
    labels: int
    minutes_per_tile: Minutes | None
    figures: list[Figure]
    """The strongest first."""
    curve: list[CurvePoint]


def cost(campaign: Campaign) -> Cost:
    """Three queries."""
    newest = LabelCost.objects.filter(campaign=campaign).order_by("-pk")
    rows = list(newest.values_list("seconds", "figures")[:NEWEST])
    minutes = np.array([seconds / 60 for seconds, _ in rows])
    return Cost(
        labels=len(rows),
        minutes_per_tile=_quartiles(minutes) if len(rows) else None,
        figures=_figures(minutes, [told for _, told in rows]),
        curve=curve(campaign),
    )


def _quartiles(minutes: np.ndarray) -> Minutes:
    low, median, high = (round(float(each), 2) for each in np.quantile(minutes, [0.25, 0.5, 0.75]))
    return Minutes(median, low, high)


def _figures(minutes: np.ndarray, told: Sequence[dict[str, Any]]) -> list[Figure]:
    # Here, not above: it is the slowest import of all, and web's start would wait for it.
    from scipy.stats import spearmanr

    found = []
    for name in sorted({name for each in told for name in each}):
        known = [row for row, each in enumerate(told) if each.get(name) is not None]
        values = np.array([float(told[row][name]) for row in known])
        if len(known) < LEAST or np.ptp(values) == 0 or np.ptp(minutes[known]) == 0:
            continue
        rho = float(spearmanr(values, minutes[known]).statistic)
        found.append(Figure(name, len(known), round(rho, 3)))
    return sorted(found, key=lambda each: (-abs(each.correlation), each.name))


def curve(campaign: Campaign) -> list[CurvePoint]:
    """The learning curve in labels and minutes, by the last finished rounds that trained a model.
    Two queries."""
    found = Round.objects.filter(
        campaign=campaign, state=Round.State.DONE, model__isnull=False, snapshot__isnull=False
    ).select_related("model", "snapshot")
    rounds = list(reversed(found.order_by("-n")[:LAST]))
    minutes = _minutes_until(campaign, rounds) if rounds else {}
    return [
        CurvePoint(
            round=each.n,
            labelled=int(each.snapshot.counts.get("pool", 0)) if each.snapshot else 0,
            minutes=minutes[each.n],
            mean_iou=each.model.metrics.get("class_mean_iou") if each.model else None,
        )
        for each in rounds
    ]


def _minutes_until(campaign: Campaign, rounds: Sequence[Round]) -> dict[int, float]:
    """{number of a round: active minutes of the spells begun before it}, in one pass."""
    spells = Reservation.objects.filter(task__campaign=campaign, kind__in=LABELLING)
    sums = spells.aggregate(
        **{
            f"until_{each.n}": Sum("active_seconds", filter=Q(started__lt=each.created))
            for each in rounds
        }
    )
    return {each.n: round((sums[f"until_{each.n}"] or 0) / 60, 1) for each in rounds}
