"""Rankings: switched by one pointer, and the ranks that know which tasks wait."""

from __future__ import annotations

from contextlib import closing
from threading import Thread

import pytest
from django.db import connection, transaction

from labelling.models import Task, TaskRank
from labelling.workflow.claims import claim_next, release
from labelling.workflow.rankings import put_in_force, put_right
from labelling.workflow.sweep import sweep
from tests.factories import NOON, TaskFactory, person, rank


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


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_claims_go_on_by_the_old_ranking_until_the_new_one_is_committed():
    from tests.factories import CampaignFactory

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
