"""The queue as one person meets it: lane after lane, and in each lane the best task first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from labelling.models import Campaign, CampaignTile, Task, TaskRank
from labelling.models.task import TaskQuerySet
from labelling.workflow.mix import order, past_of
from labelling.workflow.pool import allowed_scopes
from labelling.workflow.qualification import lane_before_all, level_of
from labelling.workflow.queue_rules import queue_rules

FIRST_LOOK = 16
"""Tasks looked at in one go; the next go looks at LONGER times as many."""
LONGER = 8


@dataclass(frozen=True)
class Claimant:
    """Who asks, when, and what he may take."""

    person: User
    now: datetime
    level: int | None
    """None: any."""


def waiting_for(campaign: Campaign, person: User, *, now: datetime) -> Iterator[int]:
    """Ids of open tasks that `person` may take, in the order to try them.

    Lanes come in the order of the mix, tasks of a lane by their rank in the ranking in force, then
    the unranked ones, the oldest first. Whoever comes too late for one takes the next: what was
    passed over had been taken. Each step is read when it is asked for, in at most four queries,
    however long the queue is.
    """
    lanes = lanes_with_tasks(campaign)
    if not lanes:
        return
    rules, past = queue_rules(campaign), past_of(person, campaign)
    tried = order(rules.shares, past, waiting=lanes, seed=f"{campaign.slug} {person.username}")
    first = lane_before_all(person, campaign, rules, waiting=tried, past=past)
    claimant = Claimant(person, now, level_of(person, campaign))
    for lane in sorted(tried, key=lambda lane: lane != first):
        yield from _of_lane(campaign, lane, claimant)


def lanes_with_tasks(campaign: Campaign) -> list[str]:
    """Lanes that have an open task. One query, which brings `campaign` up to date as well: its
    ranking, the rules of its queue and its scope."""
    tasks = Task.objects.filter(campaign=OuterRef("pk"), state=Task.State.OPEN)
    asked = {f"has_{lane}": Exists(tasks.filter(lane=lane)) for lane in Task.Lane.values}
    found = Campaign.objects.annotate(**asked).get(pk=campaign.pk)
    campaign.ranking_id, campaign.queue = found.ranking_id, found.queue
    campaign.lanes, campaign.scope = found.lanes, found.scope
    return [lane for lane in Task.Lane.values if getattr(found, f"has_{lane}")]


def servable(campaign: Campaign) -> TaskQuerySet:
    """The campaign's tasks whose tile is in scope and not kept back."""
    enrolled = CampaignTile.objects.filter(
        campaign=campaign, tile=OuterRef("tile"), fence="", scope__in=allowed_scopes(campaign)
    )
    return Task.objects.of(campaign).filter(Exists(enrolled))


def _of_lane(campaign: Campaign, lane: str, claimant: Claimant) -> Iterator[int]:
    ranks = TaskRank.objects.filter(ranking=campaign.ranking_id, lane=lane)
    by_rank = ranks.order_by("waits_at").values_list("waits_at", "task")
    yield from _fitting(campaign, lane, claimant, by_rank, "waits_at")
    # Against the ranking in force now: what one that has just been inserted ranks isn't unranked.
    ranked = TaskRank.objects.filter(task=OuterRef("pk"), ranking=OuterRef("campaign__ranking"))
    tasks = Task.objects.of(campaign).filter(lane=lane, state=Task.State.OPEN)
    by_age = tasks.order_by("pk").values_list("pk", "pk")
    yield from _fitting(campaign, lane, claimant, by_age, "pk", ~Q(Exists(ranked)))


def _fitting(
    campaign: Campaign,
    lane: str,
    claimant: Claimant,
    listed: QuerySet[Task, tuple[int, int]] | QuerySet[TaskRank, tuple[int, int]],
    key: str,
    *conditions: Q,
) -> Iterator[int]:
    """Ids of the list's tasks, in its order, that the claimant may take.

    Two plain queries instead of one: the list is an index walk whatever the planner thinks, and the
    conditions are asked of a handful of tasks. `listed` has (`key`, task id).
    """
    look, after = FIRST_LOOK, 0
    may = servable(campaign).filter(*conditions, lane=lane)
    while page := list(listed.filter(**{f"{key}__gt": after})[:look]):
        ids = [task for _, task in page]
        found = set(
            may.filter(pk__in=ids)
            .claimable(by=claimant.person, now=claimant.now, level=claimant.level)
            .values_list("pk", flat=True)
        )
        yield from (pk for pk in ids if pk in found)
        if len(page) < look:
            return
        after, look = page[-1][0], look * LONGER
