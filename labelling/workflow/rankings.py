"""A new order of tasks: inserted beside the old one, and put in force by one pointer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.db import transaction

from labelling.models import Campaign, Ranking, Task, TaskRank

CHUNK = 2000
"""Ranks inserted by one statement."""
STALE = 500
"""Ranks of a lane looked at in one go."""


@transaction.atomic
def switch_ranking(campaign: Campaign, batch: Iterable[Task], *, now: datetime) -> Ranking:
    """A new ranking: first what older rounds left to do (the control slice), then the batch.

    A control tile in somebody's hands keeps its place too: it may come back, and a control slice
    of which some tiles are never served is no random sample.
    """
    left = Task.objects.of(campaign).exclude(lane=Task.Lane.ACTIVE).order_by("ranks__rank")
    left = left.filter(
        state__in=[Task.State.OPEN, Task.State.RESERVED],
        ranks__ranking=campaign.ranking_id,
        ranks__isnull=False,  # before the first ranking, too
    )
    return put_in_force(campaign, _placed([*left, *batch]), now=now)


@transaction.atomic
def put_in_force(campaign: Campaign, order: Iterable[tuple[int, str]], *, now: datetime) -> Ranking:
    """A ranking of the tasks in this order, (task id, lane) each, and the campaign's pointer on it.

    Nothing that people claim from is updated but the pointer: claims go on by the old ranking until
    this transaction is committed. A task of which `order` says the wrong lane, or that is taken
    meanwhile, isn't served by mistake: a claim asks the task too.
    """
    last = campaign.rankings.order_by("-n").first()
    ranking = Ranking.objects.create(campaign=campaign, n=last.n + 1 if last else 1, created=now)
    ranks = (
        TaskRank(ranking=ranking, task_id=task, lane=lane, rank=place)
        for place, (task, lane) in enumerate(order, start=1)
    )
    while chunk := list(islice(ranks, CHUNK)):
        TaskRank.objects.bulk_create(chunk)
    Campaign.objects.filter(pk=campaign.pk).update(ranking=ranking)
    campaign.ranking = ranking
    return ranking


def put_right(campaign: Campaign) -> int:
    """Mark the ranks that say a task waits which was taken while its ranking was inserted, among
    the first of each lane; how many.

    Claims pass them over anyway; marked, they needn't look at them. The tasks are locked first, in
    the order everybody locks them, so that none opens again between the look and the mark.
    """
    return sum(_put_lane_right(campaign, lane) for lane in Task.Lane.values)


@transaction.atomic
def _put_lane_right(campaign: Campaign, lane: str) -> int:
    ranks = TaskRank.objects.filter(ranking=campaign.ranking_id, lane=lane, waits_at__gt=0)
    first = list(ranks.order_by("waits_at").values_list("task", flat=True)[:STALE])
    stale = Task.objects.filter(pk__in=first).exclude(state=Task.State.OPEN).order_by("pk")
    taken = list(stale.select_for_update(no_key=True).values_list("pk", flat=True))
    return ranks.filter(task__in=taken).update(waiting=False) if taken else 0


def _placed(tasks: Iterable[Task]) -> Iterator[tuple[int, str]]:
    return ((task.pk, task.lane) for task in tasks)
