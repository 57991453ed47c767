"""Who may take what: levels, a newcomer's first tiles, and limits on unfinished work."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeVar

from django.contrib.auth.models import User
from django.db.models import Max, Q

from labelling.errors import LimitReached
from labelling.models import Campaign, Membership, Reservation, Task
from labelling.workflow.mix import Past
from labelling.workflow.queue_rules import QueueRules

Key = TypeVar("Key")
LABELLERS = (Membership.Role.ANNOTATOR, Membership.Role.REVIEWER, Membership.Role.LEAD)
ANY_LEVEL = 32_767
"""The largest number in the column: no task takes more."""
UNREVIEWED = (Task.State.SUBMITTED, Task.State.IN_REVIEW)


def level_of(person: User, campaign: Campaign) -> int:
    """Up to which level the person may take tasks. Causes one query."""
    members = Membership.objects.filter(campaign=campaign, role__in=LABELLERS)
    levels = members.aggregate(mine=Max("level", filter=Q(user=person)), highest=Max("level"))
    return may_take(levels["mine"], levels["highest"])


def may_take(mine: int | None, highest: int | None) -> int:
    """The level of the tasks that somebody of level `mine` may take; None: he has no role.

    The highest in the campaign may take everything, so that a task that takes a level nobody has
    goes to the most proven there are, instead of waiting for ever; and superusers without a role.
    """
    if mine is None or highest is None or mine >= highest:
        return ANY_LEVEL
    return mine


def refuse_beyond_limit(person: User, campaign: Campaign, rules: QueueRules) -> None:
    """Raises LimitReached while too many of the person's labels wait for review."""
    if not rules.unreviewed:
        return
    sent = Reservation.objects.filter(
        person=person, how=Reservation.How.SUBMITTED, task__campaign=campaign
    )
    waiting = sent.filter(task__state__in=UNREVIEWED).values("task").distinct().count()
    if waiting >= rules.unreviewed:
        raise LimitReached(
            f"{waiting} of your labels wait for review; the limit is {rules.unreviewed}.",
            field="queue.unreviewed",
            help="Go on when some of them have been reviewed. A lead changes the limit.",
        )


def lane_before_all(
    person: User, campaign: Campaign, rules: QueueRules, *, waiting: Collection[str], past: Past
) -> str | None:
    """The lane that goes before the mix: a newcomer's gold tiles, or too many reworks.

    `waiting` are the lanes that have tasks. Causes at most one query.
    """
    if Task.Lane.GOLD in waiting and past.whole and past.count("gold") < rules.gold_first:
        return Task.Lane.GOLD.value
    if Task.Lane.REWORK in waiting and rules.reworks_first:
        mine = Task.objects.of(campaign).filter(
            meant_for=person, state=Task.State.OPEN, lane=Task.Lane.REWORK
        )
        if mine.count() >= rules.reworks_first:
            return Task.Lane.REWORK.value
    return None


def hard_levels(scores: Mapping[Key, float], rules: QueueRules) -> dict[Key, int]:
    """{name: the level it takes} of the hardest of a round's batch: its highest scores.

    `scores` are those of the tiles picked for their score. Of n tiles the floor of n × hard_share
    are hard; ties go to the ones that come first.
    """
    hardest = sorted(scores, key=lambda name: -scores[name])
    many = math.floor(len(scores) * rules.hard_share)
    return dict.fromkeys(hardest[:many], rules.hard_level)
