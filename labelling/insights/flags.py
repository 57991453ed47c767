"""What people flagged and skipped, and whether they skip most where the scores are high."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from labelling.errors import BadInput, NotFound
from labelling.models import Campaign, Flag, Round, Score, Task

from .paging import Order, page

LARGEST_PAGE = 200
BANDS = 5
BY_ID, NEWEST = Order("oldest", None), Order("newest", None, descending=True)
WAITING, RESOLVED = "waiting", "resolved"
DECIDED = (
    Task.State.SUBMITTED, Task.State.IN_REVIEW, Task.State.ACCEPTED, Task.State.REJECTED,
)  # fmt: skip
"""States of a task that somebody labelled."""


@dataclass(frozen=True)
class FlagRow:
    id: int
    task: uuid.UUID
    place: str
    datetime: datetime | None
    lane: str
    state: str
    """Of the task."""
    person: str
    skipped: bool
    reason: str
    note: str
    created: datetime
    outcome: str
    """Empty: nobody has decided yet."""
    resolved_by: str
    resolved: datetime | None


@dataclass(frozen=True)
class FlagPage:
    results: list[FlagRow]
    cursor: str | None


@dataclass(frozen=True)
class Band:
    """Tasks of a round between two scores."""

    low: float
    high: float
    labelled: int
    skipped: int
    by_reason: dict[str, int]
    """{reason code: skipped tasks}."""

    @property
    def rate(self) -> float | None:
        """0…1 of the tasks that somebody looked at; None before the first."""
        seen = self.labelled + self.skipped
        return self.skipped / seen if seen else None


@dataclass(frozen=True)
class SkipRates:
    round: int
    bands: list[Band]
    """From the lowest scores to the highest, each with about as many tasks opened."""


def flags(
    campaign: Campaign,
    *,
    state: str = WAITING,
    reason: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> FlagPage:
    """Flags that wait for a decision, oldest first, or those resolved, newest first. One query.

    Raises BadInput for a state or reason that there isn't.
    """
    if state not in (WAITING, RESOLVED):
        raise BadInput(f"{state!r} is no state of a flag.", field="state", help="waiting, resolved")
    if reason and reason not in Flag.Reason.values:
        known = ", ".join(Flag.Reason.values)
        raise BadInput(f"There is no reason {reason[:40]!r}.", field="reason", help=known)
    found = Flag.objects.filter(task__campaign=campaign).select_related(
        "task__acquisition__place", "person", "resolved_by"
    )
    found = found.filter(outcome="") if state == WAITING else found.exclude(outcome="")
    if reason:
        found = found.filter(reason=reason)
    order = BY_ID if state == WAITING else NEWEST
    rows, after = page(found, order, cursor=cursor, limit=limit)
    return FlagPage([flag_row(each) for each in rows], after)


def flag_row(flag: Flag) -> FlagRow:
    task = flag.task
    return FlagRow(
        id=flag.pk,
        task=task.uuid,
        place=task.acquisition.place.key,
        datetime=task.acquisition.taken,
        lane=task.lane,
        state=task.state,
        person=flag.person.username,
        skipped=flag.skipped,
        reason=flag.reason,
        note=flag.note,
        created=flag.created,
        outcome=flag.outcome,
        resolved_by=flag.resolved_by.username if flag.resolved_by else "",
        resolved=flag.resolved,
    )


def skip_rates(campaign: Campaign, *, round: int | None = None) -> SkipRates:
    """How often people skipped the tiles of a round (the newest finished one), by score.

    A strategy that picks what nobody can tell shows in the highest band. Bands are quantiles of the
    scores of the tiles that the round picked and opened; the ones of random slices count too. Three
    queries. Raises NotFound.
    """
    rounds = Round.objects.filter(campaign=campaign, state=Round.State.DONE)
    chosen = (rounds if round is None else rounds.filter(n=round)).order_by("-n").first()
    if chosen is None:
        which = "No round" if round is None else f"No round {round}"
        raise NotFound(f"{which} of {campaign.slug} has finished.", field="round")
    tasks = Task.objects.filter(campaign=campaign, round_no=chosen.n, parent=None)
    scored = Score.objects.filter(round=chosen, picked__isnull=False)
    scores = dict(scored.exclude(fractions={}).values_list("tile", "score"))
    skips = Flag.objects.filter(task=OuterRef("pk"), skipped=True)
    rows = tasks.annotate(was_skipped=Exists(skips)).values_list(
        "pk", "tile", "state", "was_skipped"
    )
    seen = [(pk, scores[tile], state, was) for pk, tile, state, was in rows if tile in scores]
    reasons = dict(
        Flag.objects.filter(task__in=tasks, skipped=True)
        .order_by("pk")
        .values_list("task", "reason")
    )
    return SkipRates(chosen.n, _bands(seen, reasons))


def _bands(seen: list[tuple[int, float, str, bool]], reasons: dict[int, str]) -> list[Band]:
    values = sorted(score for _, score, _, _ in seen)
    if not values:
        return []
    edges = [values[len(values) * k // BANDS] for k in range(1, BANDS)]
    inner = sorted({edge for edge in edges if edge > values[0]})
    labelled: Counter[int] = Counter()
    skipped: Counter[int] = Counter()
    why: dict[int, Counter[str]] = {band: Counter() for band in range(len(inner) + 1)}
    for pk, score, state, was_skipped in seen:
        band = bisect_right(inner, score)
        labelled[band] += state in DECIDED
        skipped[band] += was_skipped and state not in DECIDED
        if was_skipped and state not in DECIDED:
            why[band][reasons[pk]] += 1
    ends = [values[0], *inner, values[-1]]
    return [
        Band(ends[band], ends[band + 1], labelled[band], skipped[band], dict(why[band]))
        for band in range(len(inner) + 1)
    ]
