"""Rankings: switched by one pointer, and the ranks that know which tasks wait."""

from __future__ import annotations

from contextlib import closing
from threading import Thread

import pytest
from django.db import connection, transaction

from labelling.errors import Conflict
from labelling.models import Campaign, Task, TaskRank
from labelling.workflow import rankings
from labelling.workflow.claims import claim_next, release
from labelling.workflow.rankings import clear_away, put_in_force, put_right
from labelling.workflow.sweep import sweep
from tests.factories import NOON, CampaignFactory, TaskFactory, person, rank


@pytest.fixture
def tasks(campaign):
    made = [TaskFactory(campaign=campaign) for _ in range(3)]
    rank(campaign, *made)
    return made


def waiting() -> list[bool]:
    return list(TaskRank.objects.order_by("ranking", "rank").values_list("waiting", flat=True))


@pytest.mark.django_db
def test_a_rank_waits_as_long_as_its_task_is_open_whatever_code_changes_it(campaign, tasks):
    Task.objects.filter(pk=tasks[0].pk).update(state="superseded")
    tasks[1].state = "closed"
    tasks[1].save()
    assert waiting() == [False, False, True]

    Task.objects.filter(pk=tasks[0].pk).update(state="open")
    assert waiting() == [True, False, True]


@pytest.mark.django_db
def test_a_rank_follows_its_task_into_another_lane(campaign, tasks):
    Task.objects.filter(pk=tasks[0].pk).update(lane="control")

    assert TaskRank.objects.get(task=tasks[0]).lane == "control"


@pytest.mark.django_db
def test_rankings_of_the_past_are_left_as_they_are(campaign, tasks):
    rank(campaign, *tasks)

    Task.objects.filter(pk=tasks[0].pk).update(state="closed")

    assert waiting() == [True, True, True, False, True, True]


@pytest.mark.django_db
def test_a_new_ranking_takes_its_order_and_the_pointer(campaign, tasks, ana):
    ranking = put_in_force(campaign, [(task.pk, task.lane) for task in reversed(tasks)], now=NOON)

    campaign.refresh_from_db()
    assert (campaign.ranking, ranking.n) == (ranking, 2)
    assert claim_next(campaign=campaign, person=ana, now=NOON).task == tasks[2]


@pytest.mark.django_db
def test_a_task_taken_while_its_ranking_was_inserted_is_not_served(campaign, tasks, ana, ben):
    claim_next(campaign=campaign, person=ana, now=NOON)
    put_in_force(campaign, [(task.pk, task.lane) for task in tasks], now=NOON)

    assert claim_next(campaign=campaign, person=ben, now=NOON).task == tasks[1]


@pytest.mark.django_db
def test_the_sweep_marks_ranks_of_tasks_that_had_been_taken(campaign, tasks, ana):
    claim_next(campaign=campaign, person=ana, now=NOON)
    put_in_force(campaign, [(task.pk, task.lane) for task in tasks], now=NOON)

    assert sweep(now=NOON)["ranks"] == 1
    assert waiting()[3:] == [False, True, True]
    assert put_right(campaign) == 0

    release(task=tasks[0], person=ana, now=NOON)
    assert waiting()[3:] == [True, True, True]


class Interrupted(Exception):
    pass


def cut_off(tasks, *, after: int):
    """The order of these tasks, from a process that dies after so many."""
    yield from [(task.pk, task.lane) for task in tasks[:after]]
    raise Interrupted


@pytest.mark.django_db
def test_a_ranking_cut_off_is_never_served_and_removed_after_a_day(
    campaign, tasks, ana, monkeypatch
):
    monkeypatch.setattr(rankings, "CHUNK", 1)
    with pytest.raises(Interrupted):
        put_in_force(campaign, cut_off(list(reversed(tasks)), after=2), now=NOON)
    half = campaign.rankings.get(n=2)
    assert half.ranks.count() == 2

    assert claim_next(campaign=campaign, person=ana, now=NOON).task == tasks[0]
    assert sweep(now=NOON + rankings.GIVEN_UP)["past_ranks"] == 0
    assert sweep(now=NOON + 2 * rankings.GIVEN_UP)["past_ranks"] == 2
    assert list(campaign.rankings.values_list("n", flat=True)) == [1]


@pytest.mark.django_db
def test_of_a_ranking_replaced_only_ranks_that_were_served_are_kept(campaign, tasks, ana):
    in_order = [(task.pk, task.lane) for task in tasks]
    first = put_in_force(campaign, in_order, now=NOON)
    claim_next(campaign=campaign, person=ana, now=NOON)
    second = put_in_force(campaign, in_order, now=NOON)

    swept = sweep(now=NOON)

    assert swept["past_ranks"] == 2
    assert list(first.ranks.values_list("task", "rank")) == [(tasks[0].pk, 1)]
    assert second.ranks.count() == 3
    assert sweep(now=NOON)["past_ranks"] == 0


@pytest.mark.django_db
def test_a_sweep_that_began_before_a_switch_leaves_the_new_ranking_whole(campaign, tasks):
    order = [(task.pk, task.lane) for task in tasks]
    old = put_in_force(campaign, order, now=NOON)
    known = Campaign.objects.get(pk=campaign.pk)  # as a sweep read it, a minute ago
    new = put_in_force(campaign, order, now=NOON)

    assert clear_away(known, now=NOON) == 3
    assert (old.ranks.count(), new.ranks.count()) == (0, 3)


@pytest.mark.django_db
@pytest.mark.parametrize(("at_once", "before_piece"), [(1, 3), (25, 3), (25, 4)])
def test_a_ranking_given_up_while_it_is_inserted_is_never_put_in_force(
    campaign, tasks, monkeypatch, at_once, before_piece
):
    """As when its worker slept for a day: a part is swept away, or all, or all after the end."""
    monkeypatch.setattr(rankings, "CHUNK", 1)
    monkeypatch.setattr(rankings, "AT_ONCE", at_once)
    old = campaign.ranking

    def slow():
        for piece, task in enumerate([*tasks, None], start=1):
            if piece == before_piece:
                assert clear_away(campaign, now=NOON + 2 * rankings.GIVEN_UP) > 0
            if task:
                yield task.pk, task.lane

    with pytest.raises(Conflict, match="given up"):
        put_in_force(campaign, slow(), now=NOON)

    campaign.refresh_from_db()
    assert campaign.ranking == old


@pytest.mark.django_db
def test_a_ranking_begun_earlier_never_takes_the_place_of_a_later_one(campaign, tasks):
    def overtaken():
        yield from [(task.pk, task.lane) for task in tasks]
        later.append(put_in_force(campaign, [(tasks[2].pk, "active")], now=NOON))

    later: list = []
    with pytest.raises(Conflict, match="newer ranking"):
        put_in_force(campaign, overtaken(), now=NOON)

    campaign.refresh_from_db()
    assert campaign.ranking == later[0]


@pytest.mark.django_db(transaction=True)
def test_a_long_ranking_is_committed_in_pieces_with_rests_between(monkeypatch):
    campaign = CampaignFactory()
    tasks = [TaskFactory(campaign=campaign) for _ in range(5)]
    monkeypatch.setattr(rankings, "CHUNK", 2)
    rests, inserted = [], []

    def rest(seconds: float) -> None:
        assert not connection.in_atomic_block
        campaign.refresh_from_db()
        assert campaign.ranking is None
        rests.append(seconds)
        inserted.append(TaskRank.objects.count())

    order = [(task.pk, task.lane) for task in tasks]
    ranking = put_in_force(campaign, order, now=NOON, rest=rest)

    assert inserted == [2, 4]
    assert min(rests) > 0
    assert list(ranking.ranks.order_by("rank").values_list("task", "lane", "rank")) == [
        (task, lane, place) for place, (task, lane) in enumerate(order, start=1)
    ]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_claims_go_on_by_the_old_ranking_until_the_new_one_is_committed():
    campaign = CampaignFactory()
    tasks = [TaskFactory(campaign=campaign) for _ in range(3)]
    rank(campaign, *tasks)
    ana, ben = (person(name, campaign=campaign) for name in ("ana", "ben"))
    got = []

    def claim_meanwhile() -> None:
        with closing(connection):
            got.append(claim_next(campaign=campaign, person=ana, now=NOON).task)

    with transaction.atomic():
        put_in_force(campaign, [(task.pk, task.lane) for task in reversed(tasks)], now=NOON)
        meanwhile = Thread(target=claim_meanwhile)
        meanwhile.start()
        meanwhile.join()

    assert got == [tasks[0]]
    assert claim_next(campaign=campaign, person=ben, now=NOON).task == tasks[2]
