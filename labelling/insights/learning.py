"""What each round learnt, and from how many labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling.models import UNLABELLED, UNSURE, Campaign, Round

NOT_A_CLASS = {str(UNSURE), str(UNLABELLED)}

PAGE = 100


@dataclass(frozen=True)
class RoundRow:
    """A round on the learning curve. Until its snapshot is frozen it has no labels."""

    n: int
    state: str
    step: str
    """The step to do next; of a failed round the one that failed."""
    strategy: str
    batch: int
    labelled: int
    """Labelled tiles in the round's snapshot, of all splits."""
    labelled_pool: int
    """Of these, the ones that the model was fitted on."""
    labelled_pixels: int
    """Pixels that carry a class, in those of all splits."""
    created: datetime
    finished: datetime | None
    metrics: dict[str, Any] | None
    """{split, class_mean_iou, iou: {class name: 0…1 or None}}; None: no model was measured yet."""
    error: str
    model: str | None
    """First eight characters of the model's hash."""


@dataclass(frozen=True)
class RoundPage:
    results: list[RoundRow]
    cursor: int | None
    """Number of the last round here, for `before`; None: nothing comes after."""


def curve(campaign: Campaign) -> list[RoundRow]:
    """Every round, the first one first. Causes one query."""
    rounds = Round.objects.filter(campaign=campaign).select_related("snapshot", "model")
    return [row(each) for each in rounds.order_by("n")]


def newest_first(campaign: Campaign, *, before: int | None = None, size: int = PAGE) -> RoundPage:
    """At most `size` rounds, from the one before round `before` backwards. Causes one query."""
    rounds = Round.objects.filter(campaign=campaign).select_related("snapshot", "model")
    if before is not None:
        rounds = rounds.filter(n__lt=before)
    found = list(rounds.order_by("-n")[: size + 1])
    page = found[:size]
    return RoundPage(
        results=[row(each) for each in page],
        cursor=page[-1].n if len(found) > size else None,
    )


def row(round: Round) -> RoundRow:
    """The round as a row; needs `snapshot` and `model` loaded."""
    counts = round.snapshot.counts if round.snapshot else {}
    return RoundRow(
        n=round.n,
        state=round.state,
        step=round.step,
        strategy=round.strategy,
        batch=round.batch,
        labelled=counts.get("samples", 0),
        labelled_pool=counts.get("pool", 0),
        labelled_pixels=_class_pixels(counts.get("pixels", {})),
        created=round.created,
        finished=round.finished,
        metrics=(round.model.metrics or None) if round.model else None,
        error=round.error,
        model=round.model.hash[:8] if round.model else None,
    )


def _class_pixels(pixels: dict[str, int]) -> int:
    return sum(n for code, n in pixels.items() if code not in NOT_A_CLASS)
