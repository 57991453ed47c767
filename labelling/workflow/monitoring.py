"""The monitor as a whole, by the campaign's own settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from labelling.errors import BadInput
from labelling.insights.costs import Cost, cost
from labelling.insights.monitor import Control, Random, control, random
from labelling.insights.stopping import Stopping, stopping
from labelling.models import Campaign
from labelling.workflow.picking_rules import LEAST_WORTH, MOST_WORTH, picking_rules


@dataclass(frozen=True)
class Monitor:
    control: Control
    random: Random
    stopping: Stopping
    cost: Cost


def monitor(campaign: Campaign, *, worth: float | None, now: datetime) -> Monitor:
    """worth: minutes that a point is worth; None: what the campaign says."""
    paid = cost(campaign)
    price = picking_rules(campaign).worth_minutes if worth is None else worth
    return Monitor(
        control=control(campaign),
        random=random(campaign, now=now),
        stopping=stopping(campaign, paid, worth=price),
        cost=paid,
    )


def check_worth(told: str | None) -> float | None:
    """A number of minutes from text; None stays. Raises BadInput (worth)."""
    if told is None:
        return None
    try:
        worth = float(told)
    except ValueError:
        worth = float("nan")
    if not LEAST_WORTH <= worth <= MOST_WORTH:
        raise BadInput(
            f"worth must be a number of minutes from {LEAST_WORTH:g} to {MOST_WORTH:g}, "
            f"not {told[:40]!r}.",
            field="worth",
        )
    return worth
