"""Claiming: who gets which tile, in which order, and how it comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.errors import AlreadyHolding, Conflict, NotYours, QueueEmpty
from labelling.models import (
    LEASE,
    Annotation,
    Assignment,
    CampaignTile,
    Event,
    Reservation,
    Round,
    Task,
)
from labelling.workflow.claims import claim_next, heartbeat, release, return_expired
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person, rank

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tasks(campaign):
    """Three ranked tasks, the best first; made in another order than they are ranked."""
    third, first, second = (TaskFactory(campaign=campaign) for _ in range(3))
    rank(campaign, first, second, third)
    return [first, second, third]


def test_the_highest_ranked_task_goes_first(campaign, ana, ben, tasks):
    first = claim_next(campaign=campaign, person=ana, now=NOON)
    second = claim_next(campaign=campaign, person=ben, now=NOON)

    assert [first.task, second.task] == tasks[:2]


def test_a_claim_gives_a_lease_and_leaves_a_trace(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    task = Task.objects.get(pk=tasks[0].pk)
    assert (task.state, task.holder, task.lease_ends) == ("reserved", ana, NOON + LEASE)
    event = Event.objects.about(task).get()
    assert (event.verb, event.who, event.when) == ("claimed", ana, NOON)


def test_iteration_ten_is_served_by_its_rank_not_by_its_name(campaign, ana):
    tasks = [TaskFactory(campaign=campaign, round_no=round_no) for round_no in (9, 10)]
    rank(campaign, *tasks)

    assert claim_next(campaign=campaign, person=ana, now=NOON).task == tasks[0]


def test_the_served_batch_is_the_ranking_itself(campaign, tasks):
    people = [person(name, campaign=campaign) for name in ("ana", "ben", "rita")]

    served = [claim_next(campaign=campaign, person=each, now=NOON).task for each in people]

    assert served == tasks


def test_unranked_tasks_come_last_and_oldest_first(campaign, ana, ben):
    old, new, ranked = (TaskFactory(campaign=campaign) for _ in range(3))
    rank(campaign, ranked)

    served = [
        claim_next(campaign=campaign, person=each, now=NOON).task
        for each in (ana, ben, person("rita", campaign=campaign))
    ]

    assert served == [ranked, old, new]


def test_a_new_ranking_counts_from_the_next_claim_on(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    rank(campaign, tasks[2], tasks[1])

    assert claim_next(campaign=campaign, person=ben, now=NOON).task == tasks[2]


def test_asking_again_returns_what_is_in_hand_with_a_fresh_lease(campaign, ana, tasks):
    first = claim_next(campaign=campaign, person=ana, now=NOON)
    again = claim_next(campaign=campaign, person=ana, now=NOON + 5 * MINUTE)

    assert again == first
    assert again.task.lease_ends == NOON + 5 * MINUTE + LEASE
    assert Reservation.objects.count() == 1


def test_asking_again_after_the_lease_ran_out_still_returns_it(campaign, ana, tasks):
    first = claim_next(campaign=campaign, person=ana, now=NOON)

    again = claim_next(campaign=campaign, person=ana, now=NOON + 2 * LEASE)

    assert again == first
    assert return_expired(now=NOON + 2 * LEASE) == 0


def test_one_tile_can_be_held_ahead(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    held = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")
    again = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    assert (held.task, held.kind) == (tasks[1], "held")
    assert again == held


def test_nothing_is_held_ahead_by_someone_with_empty_hands(campaign, ana, tasks):
    with pytest.raises(Conflict, match="Nothing is in hand"):
        claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    assert not Reservation.objects.exists()


def test_the_held_tile_becomes_the_active_one_when_that_is_given_back(campaign, ana, tasks):
    active = claim_next(campaign=campaign, person=ana, now=NOON)
    held = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")
    release(task=active.task, person=ana, now=NOON)

    promoted = claim_next(campaign=campaign, person=ana, now=NOON + MINUTE)

    assert (promoted, promoted.kind) == (held, "active")
    assert promoted.task.lease_ends == NOON + MINUTE + LEASE


def test_the_held_tile_is_promoted_when_the_active_one_expired(campaign, ana, tasks):
    active = claim_next(campaign=campaign, person=ana, now=NOON)
    held = claim_next(campaign=campaign, person=ana, now=NOON + MINUTE, hold="held")
    return_expired(now=NOON + LEASE + MINUTE / 2)
    active.refresh_from_db()

    promoted = claim_next(campaign=campaign, person=ana, now=NOON + LEASE + MINUTE)

    assert active.how == "expired"
    assert (promoted, promoted.kind) == (held, "active")


def test_an_unknown_kind_of_hold_is_refused(campaign, ana, tasks):
    with pytest.raises(Conflict, match="'forever'"):
        claim_next(campaign=campaign, person=ana, now=NOON, hold="forever")


def test_a_tile_of_another_campaign_in_hand_is_named(campaign, ana, tasks):
    south = CampaignFactory(slug="south", name="Southern Europe")
    TaskFactory(campaign=south)
    claim_next(campaign=south, person=ana, now=NOON)

    with pytest.raises(AlreadyHolding, match=r"south \(Southern Europe\)"):
        claim_next(campaign=campaign, person=ana, now=NOON)


def test_nobody_gets_a_second_blind_copy(campaign, ana, ben):
    tile = TileFactory()
    copies = [TaskFactory(campaign=campaign, tile=tile, copy=copy) for copy in (0, 1)]
    rank(campaign, *copies)
    claim_next(campaign=campaign, person=ana, now=NOON)

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    assert "1 waiting tile is a second copy" in refusal.value.help
    assert claim_next(campaign=campaign, person=ben, now=NOON).task == copies[1]


def test_a_copy_given_back_may_be_taken_again_but_not_the_other_one(campaign, ana):
    tile = TileFactory()
    copies = [TaskFactory(campaign=campaign, tile=tile, copy=copy) for copy in (0, 1)]
    rank(campaign, *copies)
    claim_next(campaign=campaign, person=ana, now=NOON)
    release(task=copies[0], person=ana, now=NOON)
    rank(campaign, *reversed(copies))

    again = claim_next(campaign=campaign, person=ana, now=NOON + MINUTE)

    assert (again.task, again.n) == (copies[0], 2)


def test_the_author_may_rework_his_own_copy(campaign, ana):
    rejected = TaskFactory(campaign=campaign, state="rejected")
    Assignment.objects.create(
        campaign=campaign, acquisition=rejected.acquisition, person=ana, root=rejected
    )
    rework = TaskFactory(
        campaign=campaign, tile=rejected.tile, lane="rework", root=rejected, parent=rejected
    )

    assert claim_next(campaign=campaign, person=ana, now=NOON).task == rework


def test_a_tile_given_back_and_superseded_can_be_taken_when_a_later_round_opens_it(campaign, ana):
    old = TaskFactory(campaign=campaign, round_no=1)
    claim_next(campaign=campaign, person=ana, now=NOON)
    release(task=old, person=ana, now=NOON)
    Task.objects.filter(pk=old.pk).update(state="superseded")
    new = TaskFactory(campaign=campaign, tile=old.tile, round_no=2)

    assert claim_next(campaign=campaign, person=ana, now=NOON).task == new
    assert Assignment.objects.get(person=ana).root == new


@pytest.mark.parametrize("kept_back", [{"scope": "out"}, {"fence": "crosses a split border"}])
def test_a_tile_out_of_scope_or_fenced_is_not_served(campaign, ana, kept_back):
    task = TaskFactory(campaign=campaign)
    CampaignTile.objects.filter(tile=task.tile).update(**kept_back)

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "1 waiting tile is out of scope or kept back." in refusal.value.help


def test_a_tile_of_unknown_scope_is_kept_where_the_campaign_forbids_it(campaign, ana):
    TaskFactory(campaign=campaign)
    campaign.scope = {"allow_unknown": False}
    campaign.save()

    with pytest.raises(QueueEmpty):
        claim_next(campaign=campaign, person=ana, now=NOON)


def test_an_empty_queue_says_that_no_round_has_run(campaign, ana):
    with pytest.raises(QueueEmpty, match="No tile is waiting") as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "No round has opened tiles yet" in refusal.value.help


def test_an_empty_queue_says_that_a_round_is_running(campaign, ana):
    Round.objects.create(
        campaign=campaign, n=1, strategy="auto", batch=1, seed=0, state="running", created=NOON
    )

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "A round is running" in refusal.value.help


def test_an_empty_queue_counts_what_others_hold(campaign, ana, ben):
    TaskFactory(campaign=campaign)
    claim_next(campaign=campaign, person=ben, now=NOON)

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert refusal.value.help == "1 tile is in other people's hands."


def test_an_empty_queue_says_that_all_is_labelled(campaign, ana):
    TaskFactory(campaign=campaign, state="submitted")
    TaskFactory(campaign=campaign, state="accepted")

    with pytest.raises(QueueEmpty) as refusal:
        claim_next(campaign=campaign, person=ana, now=NOON)

    assert "All that was opened is labelled (2)" in refusal.value.help


def test_a_heartbeat_lengthens_the_lease_and_counts_the_work(campaign, ana, tasks):
    reservation = claim_next(campaign=campaign, person=ana, now=NOON)

    heartbeat(task=tasks[0], person=ana, now=NOON + 2 * MINUTE)
    ends = heartbeat(task=tasks[0], person=ana, now=NOON + 3 * MINUTE)

    reservation.refresh_from_db()
    tasks[0].refresh_from_db()
    assert ends == tasks[0].lease_ends == NOON + 3 * MINUTE + LEASE
    assert reservation.active_seconds == 180


def test_a_pause_is_not_counted_as_work(campaign, ana, tasks):
    reservation = claim_next(campaign=campaign, person=ana, now=NOON)

    heartbeat(task=tasks[0], person=ana, now=NOON + 2 * MINUTE + timedelta(seconds=1))

    reservation.refresh_from_db()
    assert reservation.active_seconds == 0


def test_a_heartbeat_keeps_the_held_tile_too_but_counts_no_work_on_it(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    held = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    heartbeat(task=tasks[0], person=ana, now=NOON + MINUTE)

    held.refresh_from_db()
    assert held.task.lease_ends == NOON + MINUTE + LEASE
    assert held.active_seconds == 0


def test_only_the_holder_has_a_heartbeat(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    with pytest.raises(NotYours):
        heartbeat(task=tasks[0], person=ben, now=NOON)


def test_a_lease_that_ran_out_has_no_heartbeat(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    with pytest.raises(NotYours, match="You don't hold this tile"):
        heartbeat(task=tasks[0], person=ana, now=NOON + LEASE + MINUTE)


def test_a_tile_given_back_is_the_next_one_served(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    returned = release(task=tasks[0], person=ana, now=NOON + MINUTE)

    spell = Reservation.objects.get(task=tasks[0])
    assert (returned.state, returned.holder) == ("open", None)
    assert (spell.how, spell.ended, spell.active_seconds) == ("released", NOON + MINUTE, 60)
    assert claim_next(campaign=campaign, person=ben, now=NOON + MINUTE).task == tasks[0]


def test_only_the_holder_can_give_a_tile_back(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    with pytest.raises(NotYours):
        release(task=tasks[0], person=ben, now=NOON)

    assert Reservation.objects.get().ended is None


def test_the_sweep_returns_what_expired_and_nothing_else(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    claim_next(campaign=campaign, person=ben, now=NOON + 10 * MINUTE)

    returned = return_expired(now=NOON + LEASE + MINUTE)

    states = list(Task.objects.order_by("ranks__rank").values_list("state", "holder__username"))
    assert returned == 1
    assert states == [("open", None), ("reserved", "ben"), ("open", None)]
    assert Reservation.objects.get(person=ana).how == "expired"
    event = Event.objects.about(tasks[0]).get(verb="expired")
    assert (event.who, event.detail) == (None, {"person": "ana"})


def test_a_second_sweep_finds_nothing(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    return_expired(now=NOON + LEASE + MINUTE)

    assert return_expired(now=NOON + LEASE + 2 * MINUTE) == 0


def test_an_expired_task_returns_to_the_state_it_had(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    Reservation.objects.update(returns_to="submitted")

    return_expired(now=NOON + LEASE + MINUTE)

    tasks[0].refresh_from_db()
    assert tasks[0].state == "submitted"


def test_reservations_of_a_task_are_numbered(campaign, ana, ben, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)
    return_expired(now=NOON + LEASE + MINUTE)
    claim_next(campaign=campaign, person=ben, now=NOON + LEASE + MINUTE)

    assert list(tasks[0].reservations.order_by("n").values_list("n", "person__username")) == [
        (1, "ana"),
        (2, "ben"),
    ]


def test_a_claim_makes_no_label(campaign, ana, tasks):
    claim_next(campaign=campaign, person=ana, now=NOON)

    assert not Annotation.objects.exists()


@pytest.mark.parametrize("more", [0, 20])
def test_a_claim_is_fifteen_queries_however_long_the_queue_is(
    campaign, ana, tasks, more, django_assert_max_num_queries
):
    rank(campaign, *tasks, *(TaskFactory(campaign=campaign) for _ in range(more)))
    assert campaign.schema is not None  # as a request has loaded it

    with django_assert_max_num_queries(15 + 2):  # and a savepoint
        claim_next(campaign=campaign, person=ana, now=NOON)
