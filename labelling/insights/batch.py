"""The batch that is being labelled: which tiles, why these, and how far they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from labelling.models import Campaign, Round, Score, Task


@dataclass(frozen=True)
class PickedTile:
    tile: uuid.UUID
    place: str
    datetime: datetime | None
    rank: int
    """Place in the pick order, from 1."""
    score: float | None
    """None: the round had no model to score with."""
    slice: str
    """The part of the batch that it was picked for: informative, control, coverage or random."""
    why: str
    state: str
    """Of its task; empty: the round opened none for it."""
    synthetic: bool


@dataclass(frozen=True)
class Batch:
    round: int
    tiles: list[PickedTile]


def current_batch(campaign: Campaign) -> Batch | None:
    """What the newest finished round picked; None before the first. Causes two queries."""
    done = Round.objects.filter(campaign=campaign, state=Round.State.DONE)
    newest = done.order_by("-n").first()
    return Batch(round=newest.n, tiles=_picked(newest)) if newest else None


def _picked(round: Round) -> list[PickedTile]:
    opened = Task.objects.filter(
        campaign=round.campaign_id, round_no=round.n, tile=OuterRef("tile"), parent=None
    )
    scores = (
        Score.objects.filter(round=round, picked__isnull=False)
        .select_related("tile__scene", "tile__acquisition__place")
        .annotate(task_state=Subquery(opened.order_by("copy", "pk").values("state")[:1]))
    )
    return [
        PickedTile(
            tile=score.tile.uuid,
            place=score.tile.acquisition.place.key,
            datetime=score.tile.acquisition.taken,
            rank=score.picked,
            score=score.score if score.fractions else None,
            slice=score.slice,
            why=score.why,
            state=score.task_state or "",
            synthetic=score.tile.scene.synthetic,
        )
        for score in scores.order_by("picked")
    ]
