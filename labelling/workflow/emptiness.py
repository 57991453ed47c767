"""Why a person gets no tile, in words that say what will change it."""

from __future__ import annotations

from django.contrib.auth.models import User

from labelling.models import Campaign, Round, Task
from labelling.models.task import TaskQuerySet
from labelling.workflow.pool import kept_back, servable_tiles

LABELLED = [
    Task.State.SUBMITTED, Task.State.IN_REVIEW, Task.State.ACCEPTED, Task.State.REJECTED,
    Task.State.SKIPPED,
]  # fmt: skip


def why_empty(campaign: Campaign, person: User, servable: TaskQuerySet) -> str:
    """A sentence or more; `servable` are the campaign's tasks in scope. Causes six queries."""
    tasks = Task.objects.of(campaign)
    waiting = tasks.filter(state=Task.State.OPEN).count()
    reachable = servable.filter(state=Task.State.OPEN).count()
    elsewhere = tasks.filter(state=Task.State.RESERVED).exclude(holder=person).count()
    reasons = [
        _counted(reachable, "waiting {} {} a second copy of what you have had already"),
        _counted(waiting - reachable, "waiting {} {} out of scope or kept back"),
        _counted(elsewhere, "{} {} in other people's hands"),
    ]
    told = [reason for reason in reasons if reason] or [_nothing_open(campaign, tasks)]
    if waiting > reachable or not servable_tiles(campaign).exists():
        told.append(_kept_back(campaign))
    return " ".join(told).strip()


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
    return f"{count} {words.format(noun, verb)}." if count else ""
