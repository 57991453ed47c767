"""Lanes: which is next, what waits in it, and who may take it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from labelling.errors import Conflict, LimitReached, QueueEmpty
from labelling.models import LEASE, Membership, Reservation, Task
from labelling.workflow.claims import claim_next, extend, heartbeat, release, return_expired
from labelling.workflow.lanes import waiting_for
from labelling.workflow.mix import MOST_OWED, SPREAD, Past, order
from labelling.workflow.qualification import hard_levels
from labelling.workflow.queue_rules import DEFAULT_SHARES, QueueRules
from tests.factories import NOON, TaskFactory, rank

MINUTE = timedelta(minutes=1)
TWO = {"active": 0.8, "control": 0.2}


def served(shares, times, *, waiting=None, seed="ana", before=()):
    """The lanes of `times` tiles, one after the other."""
    lanes = list(before)
    for _ in range(times):
        past = Past(lanes[-100:], last=len(lanes))
        lanes.append(order(shares, past, waiting=waiting or shares, seed=seed)[0])
    return lanes[len(before) :]


@pytest.mark.parametrize("seed", ["ana", "ben", "rita"])
def test_each_lane_gets_its_share_within_two_tiles_at_any_time(seed):
    lanes = served(TWO, 200, seed=seed)

    for many in range(1, 201):
        control = lanes[:many].count("control")
        assert abs(control - 0.2 * many) <= MOST_OWED + SPREAD


def test_all_eight_lanes_get_their_shares():
    found = Counter(served(DEFAULT_SHARES, 400))

    assert {lane: round(found[lane] / 400, 1) for lane in ("active", "control")} == {
        "active": 0.4,
        "control": 0.1,
    }
    assert all(abs(found[lane] - 400 * share) <= 8 for lane, share in DEFAULT_SHARES.items())


def test_an_empty_lane_gives_way_and_one_of_share_zero_is_not_served():
    shares = TWO | {"gold": 0}

    assert set(served(shares, 20, waiting=["active", "gold"])) == {"active"}


def test_a_lane_that_was_empty_for_long_does_not_come_all_at_once():
    lanes = served(TWO, 10, before=["active"] * 100)

    assert 1 <= lanes.count("control") <= 4


def test_the_order_is_the_same_for_the_same_past_and_differs_from_person_to_person():
    assert served(TWO, 50, seed="ana") == served(TWO, 50, seed="ana")
    assert served(TWO, 50, seed="ana") != served(TWO, 50, seed="ben")


def test_a_tiles_place_in_the_stream_does_not_tell_its_lane():
    gaps = Counter()
    places = [at for at, lane in enumerate(served(TWO, 500)) if lane == "control"]
    for first, second in pairwise(places):
        gaps[second - first] += 1

    assert max(gaps.values()) < 0.6 * sum(gaps.values())  # every fifth would be one gap only


def test_the_highest_scores_of_a_batch_take_a_level():
    scores = {"a": 0.9, "b": 0.1, "c": 0.8, "d": 0.5, "e": 0.7}

    assert hard_levels(scores, QueueRules(hard_share=0.4, hard_level=3)) == {"a": 3, "c": 3}
    assert hard_levels(scores, QueueRules(hard_share=0)) == {}


def upcoming(campaign, who, now=NOON) -> list[Task]:
    found = list(waiting_for(campaign, who, now=now))
    return [Task.objects.get(pk=pk) for pk in found]


def set_level(who, level: int) -> None:
    Membership.objects.filter(user=who).update(level=level)


@pytest.mark.django_db
def test_a_lane_is_served_by_rank_then_unranked_tasks_the_oldest_first(campaign, ana):
    old, new, second, first = (TaskFactory(campaign=campaign) for _ in range(4))
    rank(campaign, first, second)

    assert upcoming(campaign, ana) == [first, second, old, new]


@pytest.mark.django_db
def test_many_tasks_that_a_person_may_not_take_are_stepped_over(campaign, ana, ben):
    kept = [TaskFactory(campaign=campaign, meant_for=ben) for _ in range(20)]
    free = TaskFactory(campaign=campaign)
    rank(campaign, *kept, free)

    assert upcoming(campaign, ana) == [free]


@pytest.mark.django_db
def test_a_task_meant_for_one_person_goes_to_others_only_after_its_time(campaign, ana, ben):
    task = TaskFactory(campaign=campaign, lane="rework", meant_for=ben, meant_until=NOON + MINUTE)

    assert upcoming(campaign, ana) == []
    assert upcoming(campaign, ben) == [task]
    assert upcoming(campaign, ana, NOON + MINUTE) == [task]


@pytest.mark.django_db
def test_a_hard_task_waits_for_somebody_proven(campaign, ana, ben):
    hard = TaskFactory(campaign=campaign, level=2)
    set_level(ben, 2)

    assert upcoming(campaign, ana) == []
    assert upcoming(campaign, ben) == [hard]


@pytest.mark.django_db
def test_where_nobody_is_proven_a_hard_task_goes_to_anybody(campaign, ana):
    hard = TaskFactory(campaign=campaign, level=2)

    assert upcoming(campaign, ana) == [hard]


@pytest.mark.django_db
def test_a_newcomer_starts_with_gold_tiles(campaign, ana):
    for _ in range(8):
        TaskFactory(campaign=campaign)
        TaskFactory(campaign=campaign, lane="gold")

    lanes = [label_next(campaign, ana).lane for _ in range(8)]

    assert lanes[:5] == ["gold"] * 5
    assert "active" in lanes[5:]


def label_next(campaign, who) -> Task:
    """Claim a tile and hand it in, as far as the queue knows."""
    spell = claim_next(campaign=campaign, person=who, now=NOON)
    assert spell.task.leave(by=who, to="submitted")
    Reservation.objects.filter(pk=spell.pk).update(ended=NOON, how="submitted")
    return spell.task


@pytest.mark.django_db
def test_three_reworks_go_before_everything(campaign, ana):
    TaskFactory.create_batch(3, campaign=campaign)
    reworks = TaskFactory.create_batch(3, campaign=campaign, lane="rework", meant_for=ana)

    assert label_next(campaign, ana) == reworks[0]


@pytest.mark.django_db
def test_a_paused_lane_is_named_as_waiting_without_its_name(campaign, ana):
    TaskFactory(campaign=campaign, lane="control")
    campaign.lanes = {"control": 0}
    campaign.save()

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert refusal.value.help == "1 waiting tile is paused by a lead."


@pytest.mark.django_db
def test_an_empty_queue_says_what_is_kept_for_others(campaign, ana, ben):
    TaskFactory(campaign=campaign, meant_for=ben)
    TaskFactory(campaign=campaign, level=2)
    set_level(ben, 2)

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert refusal.value.help == "2 waiting tiles are kept for somebody else."


@pytest.mark.django_db
def test_a_tile_given_back_does_not_count_as_served(campaign, ana):
    TaskFactory.create_batch(4, campaign=campaign)
    TaskFactory.create_batch(4, campaign=campaign, lane="control")

    first = claim_next(campaign=campaign, person=ana, now=NOON)
    release(task=first.task, person=ana, now=NOON)
    again = claim_next(campaign=campaign, person=ana, now=NOON)

    assert again.task == first.task


@pytest.mark.django_db
def test_the_campaigns_lease_is_the_one_that_is_given_and_renewed(campaign, ana):
    task = TaskFactory(campaign=campaign)
    campaign.queue = {"lease_minutes": 10}
    campaign.save()

    claim_next(campaign=campaign, person=ana, now=NOON)
    task.refresh_from_db()
    assert task.lease_ends == NOON + 10 * MINUTE

    assert heartbeat(task=task, person=ana, now=NOON + MINUTE) == NOON + 11 * MINUTE


@pytest.mark.django_db
def test_a_campaign_may_let_people_hold_two_tiles_ahead(campaign, ana):
    TaskFactory.create_batch(4, campaign=campaign)
    campaign.queue = {"held": 2}
    campaign.save()
    claim_next(campaign=campaign, person=ana, now=NOON)

    held = [claim_next(campaign=campaign, person=ana, now=NOON, hold="held") for _ in range(3)]

    assert [each.slot for each in held[:2]] == [0, 1]
    assert held[2] == held[0]


@pytest.mark.django_db
def test_where_nothing_may_be_held_ahead_that_is_said(campaign, ana):
    TaskFactory.create_batch(2, campaign=campaign)
    campaign.queue = {"held": 0}
    campaign.save()
    claim_next(campaign=campaign, person=ana, now=NOON)

    with pytest.raises(Conflict, match="no tile is held ahead"):
        claim_next(campaign=campaign, person=ana, now=NOON, hold="held")


@pytest.mark.django_db
def test_too_many_unreviewed_labels_stop_new_tiles_but_not_the_one_in_hand(campaign, ana):
    TaskFactory.create_batch(4, campaign=campaign)
    campaign.queue = {"unreviewed": 2}
    campaign.save()
    for _ in range(2):
        label_next(campaign, ana)

    with pytest.raises(LimitReached, match="2 of your labels wait for review; the limit is 2"):
        claim_next(campaign=campaign, person=ana, now=NOON)

    Task.objects.filter(state="submitted").update(state="accepted")
    assert claim_next(campaign=campaign, person=ana, now=NOON)


@pytest.mark.django_db
def test_extending_counts_the_pause_and_leaves_a_trace(campaign, ana):
    task = TaskFactory(campaign=campaign)
    spell = claim_next(campaign=campaign, person=ana, now=NOON)

    ends = extend(task=task, person=ana, now=NOON + 20 * MINUTE)

    spell.refresh_from_db()
    assert ends == NOON + 20 * MINUTE + LEASE
    assert (spell.active_seconds, spell.idle_seconds) == (0, 1200)
    assert task.campaign.events.get(verb="extended").who == ana


@pytest.mark.django_db
def test_a_review_that_ran_out_goes_back_to_the_labels_that_wait(campaign, ana):
    task = TaskFactory(campaign=campaign, state="in_review", holder=ana, lease_ends=NOON)
    Reservation.objects.create(
        task=task, n=1, person=ana, kind="review", returns_to="submitted", started=NOON,
        heartbeat=NOON,
    )  # fmt: skip

    assert return_expired(now=NOON + MINUTE) == 1

    task.refresh_from_db()
    assert (task.state, task.holder) == ("submitted", None)
