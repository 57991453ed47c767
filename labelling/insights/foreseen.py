"""What models had said of tiles before people labelled them, by how the tiles were drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q

from al_engine.monitor import prequential
from labelling.models import Annotation, Campaign, Foresight, Task

UNIFORM = ("control", "random")
"""Slices whose tiles were drawn uniformly."""
CHOSEN = ("informative", "coverage")
NEWEST = 12
"""Rounds that get an interval of their own."""
MOST = 5000
"""Tiles that are looked at: the newest."""
SEED = 20
"""Of the bootstrap: the same tiles give the same interval."""


@dataclass(frozen=True)
class Interval:
    """95 %, 0…1."""

    value: float
    low: float
    high: float


def foresights(
    campaign: Campaign, slices: Sequence[str], *, unaided: bool = False
) -> list[Foresight]:
    """The newest, oldest first, under the classes in force, whose label counts. One query.

    unaided: only labels of whole tiles whose author didn't start from the model's own mask. Which
    of the tiles of strategy `random` those are is a draw too (workflow/hints.py).
    """
    codes = campaign.schema.codes if campaign.schema else []
    usable = Annotation.objects.usable(campaign.schema_id).values("pk")
    found = Foresight.objects.filter(
        round__campaign=campaign, slice__in=slices, annotation__in=usable
    ).select_related("round__ranked_by", "round__snapshot", "tile")
    if unaided:
        aided = Q(annotation__task__arm=Task.Arm.HINTED, annotation__task__prelabel__isnull=False)
        found = found.filter(annotation__kind=Annotation.Kind.FULL).exclude(aided)
    newest = found.order_by("-round__n", "tile")[:MOST]
    return [each for each in reversed(newest) if each.codes == codes]


def rounds_of(rows: Iterable[Foresight]) -> dict[int, list[Foresight]]:
    """{round: its own}"""
    found: dict[int, list[Foresight]] = {}
    for row in rows:
        found.setdefault(row.round.n, []).append(row)
    return found


def mean_iou_by_round(rows: Iterable[Foresight]) -> dict[int, Interval]:
    """{round: class-mean IoU on its tiles} of the newest rounds whose labels name a class."""
    by_round = rounds_of(rows)
    found = {n: figures(by_round[n])["mean_iou"] for n in sorted(by_round)[-NEWEST:]}
    return {n: interval for n, interval in found.items() if interval}


def figures(rows: Sequence[Foresight]) -> dict[str, Any]:
    """{tiles, products, accuracy, mean_iou}; tiles whose label names no class that the model could
    have named count for nothing."""
    confusions = np.array([row.confusion for row in rows], dtype=np.float64)
    products = np.array([row.tile.scene_id for row in rows])
    chances = np.array([row.probability or 1.0 for row in rows])
    estimates = {
        name: _interval(confusions, products, chances, name) for name in ("accuracy", "mean_iou")
    }
    return {"tiles": len(rows), "products": len(np.unique(products)), **estimates}


def _interval(
    confusions: np.ndarray, products: np.ndarray, chances: np.ndarray, figure: str
) -> Interval | None:
    if not confusions.sum():
        return None
    rng = np.random.default_rng(SEED)
    found = prequential(confusions, products, probabilities=chances, figure=figure, rng=rng)
    return Interval(*(round(each, 5) for each in (found.value, found.low, found.high)))
