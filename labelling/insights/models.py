"""The models of a campaign: who is champion, what was decided about each, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from labelling.insights import paging
from labelling.insights.comparison import opened_before
from labelling.models import Campaign, Model, Round

ORDER = paging.Order("models", None, descending=True)


@dataclass(frozen=True)
class ModelRow:
    hash: str
    state: str
    round: int | None
    """Number of the round that trained it first; None: no round of this campaign did."""
    snapshot: str | None
    """Hash of what it learnt from."""
    created: datetime
    class_mean_iou: float | None
    """On validation, as its card has it."""
    features: str | None
    """What it sees."""
    decided: datetime | None
    decision: dict[str, Any] | None
    """As workflow/promotion_verdict.py writes it; None: nothing has been decided yet."""


@dataclass(frozen=True)
class ModelPage:
    results: list[ModelRow]
    """The newest first."""
    cursor: str | None
    champion: ModelRow | None
    test_openings: int
    """How often the frozen test was opened, for whatever model."""


def models_of(campaign: Campaign, *, cursor: str | None = None, limit: int = 20) -> ModelPage:
    """A page of the campaign's models, with the champion beside it. Three queries.

    Raises BadInput for a cursor that isn't from such a page.
    """
    rows, further = paging.page(_rows(campaign), ORDER, cursor=cursor, limit=limit)
    champion = _rows(campaign).filter(state=Model.State.CHAMPION).first()
    return ModelPage(
        results=[row(each) for each in rows],
        cursor=further,
        champion=row(champion) if champion else None,
        test_openings=opened_before(campaign),
    )


def row_of(model: Model) -> ModelRow:
    """One query."""
    return row(_rows(model.campaign).get(pk=model.pk))


def row(model: Model) -> ModelRow:
    """Of a model with `trained_in` and its snapshot; no query."""
    return ModelRow(
        hash=model.hash,
        state=model.state,
        round=model.trained_in,
        snapshot=model.snapshot.hash if model.snapshot else None,
        created=model.created,
        class_mean_iou=model.metrics.get("class_mean_iou"),
        features=(model.card.get("features") or {}).get("set"),
        decided=model.decided,
        decision=model.decision or None,
    )


def _rows(campaign: Campaign) -> QuerySet[Any]:
    first = Round.objects.filter(model=OuterRef("pk"), campaign=campaign).order_by("n")
    models = Model.objects.filter(campaign=campaign).select_related("snapshot")
    return models.annotate(trained_in=Subquery(first.values("n")[:1]))
