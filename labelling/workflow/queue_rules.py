"""What a campaign's lead may set about the queue, and what holds where nothing is set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from labelling.errors import BadInput
from labelling.models import Campaign, Event, Task, record
from labelling.workflow.rules import check_range, check_whole, merged, refuse_unknown, wrong

DEFAULT_SHARES: Mapping[str, float] = {
    "active": 0.40,
    "rework": 0.15,
    "control": 0.10,
    "reference": 0.10,
    "pick": 0.10,
    "gold": 0.08,
    "second": 0.05,
    "rereview": 0.02,
}
"""In this order lanes that are equally far behind are served."""
LARGEST_SHARE = 1000.0


@dataclass(frozen=True)
class QueueRules:
    """Read from Campaign.queue, `shares` from Campaign.lanes; every field may be left out."""

    lease_minutes: int = 30
    """How long a tile stays in somebody's hands without a sign of activity."""
    idle_minutes: int = 3
    """Without activity for so long, the page shows the time left; before, it renews by itself."""
    warn_minutes: int = 5
    """So long before the lease ends the page warns and offers to extend it."""
    held: int = 1
    """Tiles that a person may have fetched ahead, beside the one in work."""
    unreviewed: int = 0
    """Labels of one person that may wait for review before new tiles stop; 0: no limit."""
    reworks_first: int = 3
    """From so many reworks waiting for a person on, they go before everything; 0: never."""
    gold_first: int = 5
    """A newcomer's first tiles come from the gold lane, as long as some wait there for him."""
    hard_share: float = 0.2
    """0…1: share of a round's batch, its highest scores, that goes to proven people."""
    hard_level: int = 2
    """The level it takes for them. Where nobody has it, the highest there is will do."""
    shares: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SHARES)
    """{lane: its share of the tiles served}, every lane named, as they were given: only their
    proportions count. A lane of share 0 pauses."""

    def __post_init__(self) -> None:
        for name, (low, high) in COUNTS.items():
            check_whole(f"queue.{name}", getattr(self, name), low, high)
        check_range("queue.hard_share", self.hard_share, 0, 1)
        for name in ("idle_minutes", "warn_minutes"):
            if getattr(self, name) >= self.lease_minutes:
                wanted = f"less than lease_minutes, {self.lease_minutes}"
                raise wrong(f"queue.{name}", getattr(self, name), wanted)
        for lane, share in self.shares.items():
            check_range(f"lanes.{lane}", share, 0, LARGEST_SHARE)
        if not any(self.shares.values()):
            raise BadInput(
                "Every lane has the share 0: nothing would be served.",
                field="lanes",
                help="Give at least one lane a share above 0.",
            )

    @property
    def lease(self) -> timedelta:
        return timedelta(minutes=self.lease_minutes)

    @property
    def warning(self) -> timedelta:
        return timedelta(minutes=self.warn_minutes)


COUNTS = {
    "lease_minutes": (2, 24 * 60),
    "idle_minutes": (1, 24 * 60),
    "warn_minutes": (1, 24 * 60),
    "held": (0, 9),
    "unreviewed": (0, 10_000),
    "reworks_first": (0, 100),
    "gold_first": (0, 50),
    "hard_level": (1, 9),
}
"""{field: (smallest, largest)}"""


def queue_rules(campaign: Campaign) -> QueueRules:
    """The rules in force. Raises BadInput naming the field that can't be used."""
    return _rules(json.dumps([campaign.queue, campaign.lanes]))


@lru_cache(maxsize=256)
def _rules(given: str) -> QueueRules:
    # Asked by each claim and heartbeat; a refusal isn't kept.
    return rules_from(*json.loads(given))


def rules_from(queue: Mapping[str, Any], lanes: Mapping[str, Any]) -> QueueRules:
    """Raises BadInput for a field or a lane that there isn't, or a value out of its range."""
    known = [each.name for each in fields(QueueRules) if each.name != "shares"]
    refuse_unknown(queue, known, "queue", "queue setting")
    refuse_unknown(lanes, Task.Lane.values, "lanes", "lane")
    return QueueRules(**queue, shares={**DEFAULT_SHARES, **lanes})


@transaction.atomic
def change_rules(
    campaign: Campaign,
    *,
    queue: Mapping[str, Any],
    lanes: Mapping[str, Any],
    who: User | None,
    now: datetime,
) -> QueueRules:
    """Set what is named; null sets it back to its default. The rules from the next claim on.

    Raises BadInput naming the field, with nothing changed.
    """
    current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    wanted = merged(current.queue, queue), merged(current.lanes, lanes)
    rules = rules_from(*wanted)
    Campaign.objects.filter(pk=campaign.pk).update(queue=wanted[0], lanes=wanted[1])
    campaign.queue, campaign.lanes = wanted
    record(
        Event.Verb.CHANGED,
        campaign,
        campaign=campaign,
        who=who,
        now=now,
        queue=wanted[0],
        lanes=wanted[1],
    )
    return rules
