"""How full the queue is, and whether its lanes get their shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q

from labelling.models import Annotation, Campaign, Reservation, Task
from labelling.models.task import IN_HAND

Counts = dict[str, int]
"""{task state: tasks}, every state named."""
LATELY = timedelta(days=7)
"""What was served in this time is held against the shares."""


@dataclass(frozen=True)
class QueueHealth:
    states: Counts
    lanes: dict[str, Counts]
    """The same for each lane that has tasks."""


@dataclass(frozen=True)
class LaneCounts:
    """What was counted of one lane."""

    lane: str
    waiting: int
    """Open tasks."""
    oldest: datetime | None
    """When the oldest open task was made; None: none is open."""
    in_hand: int
    """Being labelled or reviewed."""
    kept: int
    """Of the waiting ones, those kept for one person or for people of some level."""
    served: int
    """Tiles served lately that weren't given back."""
    expired: int
    """Tiles taken back lately because nobody worked on them."""
    per_day: float
    """Tiles served a day, of the time since the first of them; at least a day."""

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "oldest": self.oldest.isoformat() if self.oldest else None}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> LaneCounts:
        oldest = told["oldest"]
        # Counts that were kept by an earlier version lack the last two.
        told = {"expired": 0, "per_day": told["served"] / LATELY.days, **told}
        return cls(**{**told, "oldest": datetime.fromisoformat(oldest) if oldest else None})


@dataclass(frozen=True)
class LaneHealth(LaneCounts):
    """One lane as a lead sees it."""

    share: float
    """0…1: what the lane is to get of the tiles served, while all lanes have tasks."""
    served_share: float | None
    """0…1 of all served lately; None: nothing was."""
    empty_in_days: float | None
    """Until nothing waits, were tiles served as lately and none added; None: at no time."""


@dataclass(frozen=True)
class ReviewBacklog:
    waiting: int
    """Labels that nobody has begun to review."""
    in_hand: int
    oldest: datetime | None
    """When the first of those that wait came in."""


def review_backlog(campaign: Campaign) -> ReviewBacklog:
    """What reviewers have before them. Causes two queries."""
    at = Task.State
    counted = Task.objects.of(campaign).filter(state__in=[at.SUBMITTED, at.IN_REVIEW])
    states = Counter(dict(counted.order_by().values_list("state").annotate(n=Count("pk"))))
    labels = Annotation.objects.filter(task__campaign=campaign, task__state=at.SUBMITTED)
    oldest = labels.aggregate(oldest=Min("created"))["oldest"] if states[at.SUBMITTED] else None
    return ReviewBacklog(states[at.SUBMITTED], states[at.IN_REVIEW], oldest)


def queue_health(campaign: Campaign) -> QueueHealth:
    """The campaign's tasks by state, and by lane and state. Causes one query."""
    states, lanes = _nothing(), {}
    counted = Task.objects.of(campaign).values_list("lane", "state").annotate(n=Count("pk"))
    for lane, state, n in counted.order_by("lane", "state"):
        states[state] += n
        lanes.setdefault(lane, _nothing())[state] = n
    return QueueHealth(states=states, lanes=lanes)


def lane_health(counted: Iterable[LaneCounts], *, shares: Mapping[str, float]) -> list[LaneHealth]:
    """Every lane that `shares` names, in their order."""
    counts = {each.lane: each for each in counted}
    served = sum(each.served for each in counts.values())
    total = sum(shares.values())
    return [
        LaneHealth(
            **vars(counts[lane]),
            share=share / total,
            served_share=counts[lane].served / served if served else None,
            empty_in_days=_empty_in(counts[lane]),
        )
        for lane, share in shares.items()
    ]


def lane_counts(campaign: Campaign, *, now: datetime) -> list[LaneCounts]:
    """Every lane there is. Causes three queries."""
    tasks = Task.objects.of(campaign)
    waiting = {row["lane"]: row for row in tasks.filter(state=Task.State.OPEN)
        .order_by("lane").values("lane").annotate(
            n=Count("pk"), oldest=Min("created"),
            kept=Count("pk", filter=Q(meant_for__isnull=False) | Q(level__gt=0)),
        )}  # fmt: skip
    held = Counter(tasks.filter(state__in=IN_HAND).values_list("lane", flat=True).order_by("pk"))
    spells = _spells(campaign, now=now)
    return [
        LaneCounts(
            lane=lane,
            waiting=waiting.get(lane, {}).get("n", 0),
            oldest=waiting.get(lane, {}).get("oldest"),
            in_hand=held[lane],
            kept=waiting.get(lane, {}).get("kept", 0),
            **spells[lane],
        )
        for lane in Task.Lane.values
    ]


def _spells(campaign: Campaign, *, now: datetime) -> dict[str, dict[str, Any]]:
    """{lane: served, expired and per_day} of the tiles given out lately to label."""
    back = [Reservation.How.RELEASED, Reservation.How.EXPIRED]
    spells = Reservation.objects.filter(
        task__campaign=campaign, started__gte=now - LATELY, assignment__isnull=False
    )
    rows = {row["task__lane"]: row for row in spells.values("task__lane").annotate(
        served=Count("pk", filter=~Q(how__in=back)),
        expired=Count("pk", filter=Q(how=Reservation.How.EXPIRED)),
        first=Min("started"),
    ).order_by()}  # fmt: skip
    found = {}
    for lane in Task.Lane.values:
        row = rows.get(lane, {"served": 0, "expired": 0, "first": now})
        days = max((now - row["first"]) / timedelta(days=1), 1.0)
        told = {"served": row["served"], "expired": row["expired"]}
        found[lane] = {**told, "per_day": row["served"] / days}
    return found


def _empty_in(lane: LaneCounts) -> float | None:
    if not lane.waiting:
        return 0.0
    return lane.waiting / lane.per_day if lane.per_day else None


def _nothing() -> Counts:
    return dict.fromkeys(Task.State.values, 0)
