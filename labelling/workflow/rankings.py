"""A new order of tasks: inserted beside the old one, and put in force by one pointer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from labelling.errors import Conflict
from labelling.models import Campaign, Ranking, Task, TaskRank
from labelling.models.commits import may_be_lost

CHUNK = 2000
"""Ranks inserted, or removed, by one statement."""
STALE = 500
"""Ranks of a lane looked at in one go."""
GIVEN_UP = timedelta(days=1)
"""A ranking that isn't in force so long after it was begun never will be."""
AT_ONCE = 25
"""Chunks of old ranks that one sweep removes."""
INSERT = f"""INSERT INTO {TaskRank._meta.db_table} (ranking_id, task_id, lane, rank, waiting)
    SELECT %s, task, lane, %s + place, true
    FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS given (task, lane, place)"""
Placed = tuple[int, str]
"""A task's id and its lane."""


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


def put_in_force(
    campaign: Campaign,
    order: Iterable[Placed],
    *,
    now: datetime,
    rest: Callable[[float], object] = time.sleep,
) -> Ranking:
    """A ranking of the tasks in this order, and the campaign's pointer on it.

    It is inserted in pieces, each committed by itself unless a transaction surrounds this, with a
    rest after each as long as it took: a million ranks take a minute or two, and neither of the
    machine's time nor of the database's do they take more than half from people who claim. Claims
    go on by the old ranking until the pointer is switched, the only row they read that changes. A
    task of which `order` says the wrong lane, or that is taken meanwhile, isn't served by mistake:
    a claim asks the task too. What a crash leaves behind is never served, and the sweep removes it.

    Raises Conflict when a ranking begun later is in force already, and when the sweep has given
    this one up meanwhile.
    """
    ranking = _begun(campaign, now=now)
    nested = connection.in_atomic_block
    pieces, first, took = iter(order), 0, 0.0
    while piece := list(islice(pieces, CHUNK)):
        if first and not nested:
            rest(took)
        began = time.monotonic()
        with transaction.atomic():
            if not nested:
                may_be_lost()  # nobody reads them before the pointer's commit, which waits
            _check_wanted(ranking)
            _insert(ranking, piece, first=first)
        first, took = first + len(piece), time.monotonic() - began
    _point_at(campaign, ranking, ranks=first, now=now)
    return ranking


@transaction.atomic
def _begun(campaign: Campaign, *, now: datetime) -> Ranking:
    # Locked, so that two at once don't take the same number.
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    last = campaign.rankings.order_by("-n").first()
    return Ranking.objects.create(campaign=campaign, n=last.n + 1 if last else 1, created=now)


def _check_wanted(ranking: Ranking) -> None:
    """Raise Conflict if the sweep removed it; else it stays until the transaction ends."""
    if not Ranking.objects.select_for_update(no_key=True).filter(pk=ranking.pk).exists():
        raise _given_up(ranking)


def _given_up(ranking: Ranking) -> Conflict:
    return Conflict(
        f"Ranking {ranking.n} took too long to insert: it was given up.",
        field="ranking",
        help="Rank the tasks again.",
    )


def _insert(ranking: Ranking, piece: Sequence[Placed], *, first: int) -> None:
    """The ranks `first` + 1, + 2 … of a ranking."""
    if connection.vendor == "postgresql":
        tasks, lanes = zip(*piece, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [ranking.pk, first, list(tasks), list(map(str, lanes))])
        return
    TaskRank.objects.bulk_create(
        TaskRank(ranking=ranking, task_id=task, lane=lane, rank=place)
        for place, (task, lane) in enumerate(piece, start=first + 1)
    )


@transaction.atomic
def _point_at(campaign: Campaign, ranking: Ranking, *, ranks: int, now: datetime) -> None:
    older = Q(ranking=None) | Q(ranking__n__lt=ranking.n)
    if not Campaign.objects.filter(older, pk=campaign.pk).update(ranking=ranking):
        raise Conflict(
            f"A newer ranking of campaign {campaign.slug} than {ranking.n} is in force already.",
            field="ranking",
            help="Rank the tasks again if they aren't in the right order.",
        )
    # The campaign is locked now, so no more of it is removed; the first rank goes first.
    _check_wanted(ranking)
    if ranks and not ranking.ranks.filter(rank=1).exists():
        raise _given_up(ranking)
    ranking.in_force = now
    ranking.save(update_fields=["in_force"])
    campaign.ranking = ranking


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


def clear_away(campaign: Campaign, *, now: datetime) -> int:
    """Remove ranks that nothing reads any more, AT_ONCE pieces at most; how many.

    Those of rankings that were given up, and of rankings that were replaced the ranks of tasks that
    nobody took while they were in force. A rank by which a task was served stays: it tells why
    this tile came before others.
    """
    # By the pointer as it is in the database: since `campaign` was read it may have moved on, never
    # back.
    pointed = Campaign.objects.filter(pk=campaign.pk)
    waited = TaskRank.objects.filter(ranking=OuterRef("pk"), waits_at__gt=0)
    replaced = campaign.rankings.filter(
        Exists(waited), n__lt=Subquery(pointed.values("ranking__n")), in_force__isnull=False
    )
    given_up = campaign.rankings.filter(in_force=None, created__lt=now - GIVEN_UP)
    given_up = given_up.exclude(pk__in=pointed.filter(ranking__isnull=False).values("ranking"))
    removed = 0
    for ranking in replaced.order_by("n"):
        ranks = ranking.ranks.filter(waits_at__gt=0).order_by("lane", "waits_at")
        removed += _remove(partial(_remove_piece, ranks), at_most=AT_ONCE * CHUNK - removed)
    for ranking in given_up.order_by("n"):
        removed += _remove(partial(_give_up_piece, ranking), at_most=AT_ONCE * CHUNK - removed)
    return removed


def _remove(piece: Callable[[], int], *, at_most: int) -> int:
    removed = 0
    while removed < at_most and (gone := piece()):
        removed += gone
    return removed


@transaction.atomic
def _remove_piece(ranks: QuerySet[TaskRank]) -> int:
    # Without waiting for a claim that changes one of them: it may be about to change another.
    free = ranks.select_for_update(skip_locked=True)
    piece = list(free.values_list("pk", flat=True)[:CHUNK])
    return TaskRank.objects.filter(pk__in=piece).delete()[0]


@transaction.atomic
def _give_up_piece(ranking: Ranking) -> int:
    """Remove the first ranks of a ranking, and the ranking after its last, unless it was put in
    force after all: that takes the same lock, and asks whether the first is still there."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=ranking.campaign_id)
    if campaign.ranking_id == ranking.pk:
        return 0
    gone = _remove_piece(ranking.ranks.order_by("rank"))
    if not ranking.ranks.exists():
        Ranking.objects.filter(pk=ranking.pk).delete()
    return gone


def _placed(tasks: Iterable[Task]) -> Iterator[Placed]:
    return ((task.pk, task.lane) for task in tasks)
