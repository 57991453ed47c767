"""Why a person gets no tile, in words that say what will change it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from labelling.models import Campaign, Round, Task
from labelling.models.task import TaskQuerySet
from labelling.workflow.lanes import servable
from labelling.workflow.pool import kept_back, servable_tiles
from labelling.workflow.qualification import level_of
from labelling.workflow.queue_rules import queue_rules

LABELLED = [
    Task.State.SUBMITTED, Task.State.IN_REVIEW, Task.State.ACCEPTED, Task.State.REJECTED,
    Task.State.SKIPPED,
]  # fmt: skip


def why_empty(campaign: Campaign, person: User, *, now: datetime) -> str:
    """A sentence or more, which never tells a lane. Causes at most eleven queries."""
    tasks = Task.objects.of(campaign)
    waiting = tasks.filter(state=Task.State.OPEN)
    reachable = servable(campaign).filter(state=Task.State.OPEN)
    counts = {
        "waiting {} {} a second copy of what you have had already": _second_copies(
            reachable, person
        ),
        "waiting {} {} kept for somebody else": _kept_for_others(campaign, reachable, person, now),
        "waiting {} {} out of scope or kept back": waiting.count() - reachable.count(),
        "{} {} in other people's hands": tasks.filter(state=Task.State.RESERVED)
        .exclude(holder=person)
        .count(),
    }
    told = [_counted(count, words) for words, count in counts.items() if count > 0]
    told += _paused(campaign, reachable)
    told = told or [_nothing_open(campaign, tasks)]
    if waiting.count() > reachable.count() or not servable_tiles(campaign).exists():
        told.append(_kept_back(campaign))
    return " ".join(told).strip()


def _second_copies(reachable: TaskQuerySet, person: User) -> int:
    return reachable.count() - reachable.of_other_copies(by=person).count()


def _kept_for_others(
    campaign: Campaign, reachable: TaskQuerySet, person: User, now: datetime
) -> int:
    """Meant for another person, or for people of a higher level."""
    mine, level = reachable.of_other_copies(by=person), level_of(person, campaign)
    return mine.count() - mine.claimable(by=person, now=now, level=level).count()


def _paused(campaign: Campaign, reachable: TaskQuerySet) -> list[str]:
    shares = queue_rules(campaign).shares
    paused = [lane for lane, share in shares.items() if not share]
    if not paused or not (count := reachable.filter(lane__in=paused).count()):
        return []
    return [_counted(count, "waiting {} {} paused by a lead")]


def _nothing_open(campaign: Campaign, tasks: TaskQuerySet) -> str:
    if Round.objects.filter(campaign=campaign, state__in=["planned", "running"]).exists():
        return "A round is running; it opens tiles when it is done."
    done = tasks.filter(state__in=LABELLED).count()
    if not done:
        return "No round has opened tiles yet; a lead starts one."
    return f"All that was opened is labelled ({done}); the next round opens more."


def _kept_back(campaign: Campaign) -> str:
    """What keeps tiles from the queue, and who can change it; empty when nothing does."""
    reasons = kept_back(campaign)
    if not reasons:
        return ""
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    return (
        f"Kept back of the campaign's tiles: {told}. A lead sees them by `tiles fences` and "
        "changes the rule by `campaign scope`."
    )


def _counted(count: int, words: str) -> str:
    noun, verb = ("tile", "is") if count == 1 else ("tiles", "are")
    return f"{count} {words.format(noun, verb)}."
