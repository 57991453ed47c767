"""What a round would do now: told, not done."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from labelling.models import Campaign, Round
from labelling.workflow.pool import eligible_tiles, known_tiles
from labelling.workflow.rounds import check_plan
from labelling.workflow.schedule import weigh
from labelling.workflow.schedule_verdict import by_itself


def plan_of(
    campaign: Campaign,
    *,
    now: datetime,
    strategy: str | None = None,
    batch: int | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """The schedule's verdict with the round's size: {train, because, why_not, fresh, next_due,
    words, can_start, strategy, batch, pool, known, minutes}. Raises BadInput as `plan_round`."""
    strategy = strategy or campaign.strategy
    batch = campaign.batch_size if batch is None else batch
    check_plan(strategy, batch, seed)
    _, verdict = weigh(campaign, now=now)
    unfinished = [Round.State.PLANNED, Round.State.RUNNING]
    pool = eligible_tiles(campaign).count()
    return {
        **asdict(verdict),
        "words": by_itself(verdict),
        "can_start": not campaign.rounds.filter(state__in=unfinished).exists(),
        "strategy": strategy,
        "batch": min(batch, pool),
        "pool": pool,
        "known": known_tiles(campaign).count(),
        "minutes": minutes_of_last(campaign),
    }


def minutes_of_last(campaign: Campaign) -> float | None:
    """From the first step's beginning to the end of the newest round that was done."""
    last = campaign.rounds.filter(state=Round.State.DONE).order_by("-n").first()
    begun = last.steps.get(Round.Step.FREEZE.value, {}).get("started") if last else None
    if not last or not last.finished or not begun:
        return None
    return round((last.finished - datetime.fromisoformat(begun)).total_seconds() / 60, 1)
