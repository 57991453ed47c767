"""Whether a campaign would train now, because of what, or why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from labelling.models import Campaign, Schedule
from labelling.workflow.cron import next_after
from labelling.workflow.schedule_evidence import (
    COUNTED,
    History,
    accepted_since,
    drifted_since,
    has_validation,
    history_of,
    labels_up_to,
)

MOST_FAILURES = 3
"""Rounds that fail one after the other: then a person has to look before the next."""


@dataclass(frozen=True)
class Verdict:
    train: bool
    because: list[str]
    """The rules that are met."""
    why_not: list[str]
    """What is in the way, and while no rule is met, how far from it each is."""
    fresh: int
    """Labels accepted since the last round, counted up to COUNTED."""
    next_due: datetime | None
    """When it is looked at again by the clock; None: only new labels or an alarm make it due."""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "next_due": self.next_due.isoformat() if self.next_due else None}


@dataclass(frozen=True)
class Look:
    """A schedule at a moment, with what its rules ask for."""

    campaign: Campaign
    schedule: Schedule
    history: History
    fresh: int
    now: datetime


@dataclass(frozen=True)
class Rule:
    met: bool
    words: str
    due: datetime | None = None
    """When the clock alone makes it met."""


def verdict(campaign: Campaign, *, now: datetime) -> Verdict:
    """Of a row of `with_history`. One query while no rule is met; else two more, three with drift.

    Nothing is changed.
    """
    history = history_of(campaign)
    fresh = accepted_since(campaign, history.since)
    look = Look(campaign, schedule_of(campaign, now=now), history, fresh, now)
    rules = [rule for ask in RULES if (rule := ask(look))]
    because = [rule.words for rule in rules if rule.met]
    asked = BLOCKS + COSTLY if because else BLOCKS
    in_the_way = [words for ask in asked if (words := ask(look))]
    missing = [] if because else [rule.words for rule in rules]
    why_not = in_the_way + missing
    return Verdict(
        train=bool(because) and not why_not,
        because=because,
        why_not=why_not,
        fresh=fresh,
        next_due=_next_due(look, rules),
    )


def schedule_of(campaign: Campaign, *, now: datetime) -> Schedule:
    """The campaign's; one that isn't saved, and is off, where it never had one."""
    kept: Schedule | None = getattr(campaign, "schedule", None)
    return kept or Schedule(campaign=campaign, looked=now)


def _next_due(look: Look, rules: list[Rule]) -> datetime | None:
    dues = [rule.due for rule in rules if rule.due]
    if not look.schedule.on or not dues:
        return None
    return max(min(dues), gap_ends(look) or look.now)


def gap_ends(look: Look) -> datetime | None:
    """When the pause after the last round is over; None: there was none."""
    if look.history.ended is None:
        return None
    return look.history.ended + timedelta(hours=look.schedule.gap_hours)


def by_labels(look: Look) -> Rule | None:
    wanted = look.schedule.labels
    if wanted is None:
        return None
    told = f"{look.fresh}{'+' if look.fresh == COUNTED else ''} of {wanted} new labels"
    return Rule(look.fresh >= min(wanted, COUNTED), told)


def by_clock(look: Look) -> Rule | None:
    cron = look.schedule.cron
    if not cron:
        return None
    # A look that lies in the future is from before the clock was set back.
    due = next_after(cron, min(look.schedule.looked, look.now))
    met = due <= look.now
    words = f"it was due at {_told(due)} ({cron})" if met else f"not before {_told(due)} ({cron})"
    return Rule(met, words, next_after(cron, look.now))


def by_quiet(look: Look) -> Rule | None:
    days = look.schedule.quiet_days
    if days is None:
        return None
    due = look.history.since + timedelta(days=days)
    met = due <= look.now and look.fresh > 0
    if met:
        words = f"{days} days without a round, and {look.fresh} new labels"
    else:
        words = f"{days} days of quiet are over at {_told(due)}, if labels come in"
    return Rule(met, words, due if look.fresh else None)


def by_drift(look: Look) -> Rule | None:
    if not look.schedule.drift:
        return None
    people = drifted_since(look.campaign, look.history.since)
    words = f"the drift alarm of {people} people" if people else "no drift alarm"
    return Rule(people > 0, words)


RULES: tuple[Callable[[Look], Rule | None], ...] = (by_labels, by_clock, by_quiet, by_drift)


def switched_off(look: Look) -> str:
    return "" if look.schedule.on else "the schedule is off"


def running(look: Look) -> str:
    n = look.history.running
    return "" if n is None else f"round {n} is under way"


def too_soon(look: Look) -> str:
    ends = gap_ends(look)
    return f"the gap after the last round ends at {_told(ends)}" if ends and ends > look.now else ""


def failing(look: Look) -> str:
    if look.history.failed < MOST_FAILURES:
        return ""
    return f"the last {look.history.failed} rounds failed: mend the cause, then start one by hand"


def nothing_new(look: Look) -> str:
    return "" if look.fresh else "no label was accepted since the last round"


def too_few(look: Look) -> str:
    least = look.schedule.least_labels
    if least == 0:
        return ""
    there = labels_up_to(look.campaign, least)
    return f"{there} labels in all, of the {least} it takes" if there < least else ""


def unjudgeable(look: Look) -> str:
    if has_validation(look.campaign):
        return ""
    return "no tile of the validation split has a label: nothing could be judged"


Block = Callable[[Look], str]
"""Says what is in the way, or nothing."""
BLOCKS: tuple[Block, ...] = (switched_off, running, too_soon, failing, nothing_new)
COSTLY: tuple[Block, ...] = (too_few, unjudgeable)
"""Looked at once a rule is met."""


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"


def by_itself(verdict: Verdict) -> str:
    """For a person: would train because …, or why not."""
    if verdict.train:
        return f"The schedule would train now because: {'; '.join(verdict.because)}."
    met = f" (met: {'; '.join(verdict.because)})" if verdict.because else ""
    return f"The schedule would not train now: {'; '.join(verdict.why_not)}{met}."
