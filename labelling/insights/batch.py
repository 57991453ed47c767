"""The batch that is being labelled: which tiles, why these, and how far they are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, OuterRef, Subquery, When

from labelling.models import Campaign, Model, Round, Score, Task

SHOWN = 48
"""Tiles of a batch that the page shows: it may have ten thousand, and is asked for often."""


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
    quota: str
    """Class whose share of the batch brought it in; empty: none did."""
    noise: float | None
    """What chance added to its score."""
    standing: int | None
    """Its place by score alone, without noise, quotas and caps."""
    probability: float | None
    """Chance that it had of being drawn, where that was uniform."""
    nearest: uuid.UUID | None
    """The labelled tile most like it, by the model's embedding."""
    likeness: float | None
    """Cosine of the two, -1…1."""


@dataclass(frozen=True)
class Batch:
    round: int
    size: int
    slices: dict[str, int]
    """{part of the batch: tiles}, the largest first."""
    tiles: list[PickedTile]
    """The first SHOWN in pick order."""
    ranked_by: str
    """Hash of the model that chose; empty: the round had none."""
    outdated: bool
    """Whether another model would choose now: the champion, or the newest while there is none."""


def current_batch(campaign: Campaign) -> Batch | None:
    """What the newest finished round picked; None before the first. Causes three queries."""
    done = Round.objects.filter(campaign=campaign, state=Round.State.DONE)
    ranking = done.select_related("ranked_by").annotate(ranks_now=_ranks_now(campaign))
    newest = ranking.order_by("-n").first()
    if newest is None:
        return None
    picked = Score.objects.filter(round=newest, picked__isnull=False)
    slices = dict(picked.order_by().values_list("slice").annotate(n=Count("pk")))
    ordered = sorted(slices.items(), key=lambda each: (-each[1], each[0]))
    return Batch(
        round=newest.n,
        size=sum(slices.values()),
        slices=dict(ordered),
        tiles=_picked(newest),
        ranked_by=newest.ranked_by.hash if newest.ranked_by else "",
        outdated=newest.ranks_now != newest.ranked_by_id,
    )


def _ranks_now(campaign: Campaign) -> Subquery:
    """Id of the model that a round begun now would rank by, were it to train none."""
    first = Case(When(state=Model.State.CHAMPION, then=0), default=1)
    ranking = Model.objects.filter(campaign=campaign).order_by(first, "-pk")
    return Subquery(ranking.values("pk")[:1])


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
            quota=score.drawn.get("quota") or "",
            noise=score.drawn.get("noise"),
            standing=score.drawn.get("standing"),
            probability=score.drawn.get("probability"),
            nearest=_uuid(score.drawn.get("nearest")),
            likeness=score.drawn.get("likeness"),
        )
        for score in scores.order_by("picked")[:SHOWN]
    ]


def _uuid(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
