"""The queue as one person meets it: lane after lane, and in each lane the best task first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from labelling.models import Campaign, CampaignTile, Membership, Task, TaskRank
from labelling.models.prepared import prepared
from labelling.models.task import TaskQuerySet
from labelling.workflow.mix import order, past_of
from labelling.workflow.pool import allowed_scopes
from labelling.workflow.qualification import LABELLERS, lane_before_all, may_take
from labelling.workflow.queue_rules import queue_rules

FIRST_LOOK = 16
"""Tasks looked at in one go; the next go looks at LONGER times as many."""
LONGER = 8
NO_RANKING = 0
"""Stands for the ranking of a campaign that has none: no id is 0."""
Listed = QuerySet[Any, tuple[int, int]]
"""(key, task id) in the order of the key."""


@dataclass(frozen=True)
class Claimant:
    """Who asks, when, and what he may take."""

    person: int
    now: datetime
    level: int
    """He may take tasks up to this one."""


def waiting_for(campaign: Campaign, person: User, *, now: datetime) -> Iterator[int]:
    """Ids of open tasks that `person` may take, in the order to try them.

    Lanes come in the order of the mix, tasks of a lane by their rank in the ranking in force, then
    the unranked ones, the oldest first. Whoever comes too late for one takes the next: what was
    passed over had been taken. Each step is read when it is asked for, in at most four queries,
    however long the queue is.
    """
    lanes, level = lanes_with_tasks(campaign, person)
    if not lanes:
        return
    rules, past = queue_rules(campaign), past_of(person, campaign)
    tried = order(rules.shares, past, waiting=lanes, seed=f"{campaign.slug} {person.username}")
    first = lane_before_all(person, campaign, rules, waiting=tried, past=past)
    claimant = Claimant(person.pk, now, level)
    for lane in sorted(tried, key=lambda lane: lane != first):
        yield from _of_lane(campaign, lane, claimant)


def lanes_with_tasks(campaign: Campaign, person: User) -> tuple[list[str], int]:
    """Lanes that have an open task, and the level up to which `person` may take tasks.

    One query, which brings `campaign` up to date as well: its ranking, the rules of its queue and
    its scope.
    """
    found = _standing.one(campaign=campaign.pk, person=person.pk)
    campaign.ranking_id, campaign.queue = found["ranking_id"], found["queue"]
    campaign.lanes, campaign.scope = found["lanes"], found["scope"]
    lanes = [lane for lane in Task.Lane.values if found[f"has_{lane}"]]
    return lanes, may_take(found["mine"], found["highest"])


@prepared
def _standing(campaign: int, person: int) -> QuerySet[Campaign, dict[str, Any]]:
    tasks = Task.objects.filter(campaign=OuterRef("pk"), state=Task.State.OPEN)
    members = Membership.objects.filter(campaign=OuterRef("pk"), role__in=LABELLERS)
    asked: dict[str, Any] = {
        f"has_{lane}": Exists(tasks.filter(lane=lane)) for lane in Task.Lane.values
    }
    asked["mine"] = Subquery(members.filter(user=person).values("level")[:1])
    asked["highest"] = Subquery(members.order_by("-level").values("level")[:1])
    told = Campaign.objects.filter(pk=campaign).annotate(**asked)
    return told.values("ranking_id", "queue", "lanes", "scope", *asked)


def servable(campaign: Campaign) -> TaskQuerySet:
    """The campaign's tasks whose tile is in scope and not kept back."""
    return _in_scope(*allowed_scopes(campaign)).of(campaign)


def _in_scope(*scopes: str) -> TaskQuerySet:
    enrolled = CampaignTile.objects.filter(
        campaign=OuterRef("campaign"), tile=OuterRef("tile"), fence="", scope__in=scopes
    )
    return Task.objects.filter(Exists(enrolled))


def _of_lane(campaign: Campaign, lane: str, claimant: Claimant) -> Iterator[int]:
    ranking = campaign.ranking_id or NO_RANKING
    best = _best(ranking=ranking, lane=lane)
    yield from _of_the_best(campaign, lane, claimant, [task for _, task in best])
    may = servable(campaign).filter(lane=lane)
    if len(best) == FIRST_LOOK:
        yield from _fitting(may, _ranked(ranking, lane), claimant, after=best[-1][0])
    # Against the ranking in force now: what one that has just been inserted ranks isn't unranked.
    ranked = TaskRank.objects.filter(task=OuterRef("pk"), ranking=OuterRef("campaign__ranking"))
    tasks = Task.objects.of(campaign).filter(lane=lane, state=Task.State.OPEN)
    by_age = tasks.order_by("pk").annotate(key=F("pk")).values_list("key", "pk")
    yield from _fitting(may.exclude(Exists(ranked)), by_age, claimant)


def _of_the_best(
    campaign: Campaign, lane: str, claimant: Claimant, ids: list[int]
) -> Iterator[int]:
    if ids:
        fit = set(_fit(lane=lane, ids=ids, scope=allowed_scopes(campaign)[-1], **vars(claimant)))
        yield from (task for task in ids if task in fit)


@partial(prepared, ids=FIRST_LOOK)
def _fit(
    lane: str, ids: list[int], scope: str, person: int, now: datetime, level: int
) -> QuerySet[Task, int]:
    """Of these tasks those that the person may take; `scope` is allowed beside what is in scope."""
    may = _in_scope(CampaignTile.Scope.IN, scope).filter(lane=lane, pk__in=ids)
    return may.claimable(by=person, now=now, level=level).values_list("pk", flat=True)


@prepared
def _best(ranking: int, lane: str) -> Listed:
    return _ranked(ranking, lane).filter(key__gt=0)[:FIRST_LOOK]


def _ranked(ranking: int, lane: str) -> Listed:
    ranks = TaskRank.objects.filter(ranking=ranking, lane=lane)
    return ranks.order_by("waits_at").annotate(key=F("waits_at")).values_list("key", "task")


def _fitting(
    may: TaskQuerySet, listed: Listed, claimant: Claimant, *, after: int = 0
) -> Iterator[int]:
    """Ids of the list's tasks, in its order, that the claimant may take.

    Two plain queries instead of one: the list is an index walk whatever the planner thinks, and the
    conditions are asked of a handful of tasks.
    """
    look = FIRST_LOOK
    while page := list(listed.filter(key__gt=after)[:look]):
        ids = [task for _, task in page]
        fit = may.filter(pk__in=ids).claimable(
            by=claimant.person, now=claimant.now, level=claimant.level
        )
        found = set(fit.values_list("pk", flat=True))
        yield from (task for task in ids if task in found)
        if len(page) < look:
            return
        after, look = page[-1][0], look * LONGER
