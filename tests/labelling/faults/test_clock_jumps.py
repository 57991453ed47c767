"""A clock that is set an hour back or forward while tiles are in hand: nobody gets another's tile,
no work counts less than nothing, and what one holds can be given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.errors import NotYours
from labelling.models import Reservation, Task
from labelling.workflow.claims import claim_next, heartbeat, release, return_expired
from tests.factories import NOON, TaskFactory, rank

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
JUMPS = pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["back", "forward"])


@pytest.fixture
def tasks(campaign):
    tasks = [TaskFactory(campaign=campaign) for _ in range(2)]
    rank(campaign, *tasks)
    return tasks


@JUMPS
def test_a_tile_is_in_one_persons_hands_after_a_jump(campaign, ana, ben, tasks, jump):
    later = NOON + jump
    mine = claim_next(campaign=campaign, person=ana, now=NOON)

    returned = [return_expired(now=later), return_expired(now=later)]
    theirs = claim_next(campaign=campaign, person=ben, now=later)
    again = claim_next(campaign=campaign, person=ana, now=later)

    expired = int(jump > timedelta())
    assert returned == [expired, 0]
    assert theirs.task == tasks[1 - expired]
    assert again.task == tasks[expired]
    assert (again.pk == mine.pk) == (not expired)
    assert Reservation.objects.filter(ended=None).count() == 2
    assert set(Task.objects.values_list("holder", flat=True)) == {ana.pk, ben.pk}


@JUMPS
def test_what_is_in_hand_is_kept_and_given_back_after_a_jump(campaign, ana, tasks, jump):
    later = NOON + jump
    task = claim_next(campaign=campaign, person=ana, now=NOON).task

    if jump < timedelta():
        assert heartbeat(task=task, person=ana, now=later) > later
        release(task=task, person=ana, now=later)
    else:
        with pytest.raises(NotYours):
            heartbeat(task=task, person=ana, now=later)
        return_expired(now=later)

    spell = Reservation.objects.get()
    assert spell.ended == later
    assert spell.active_seconds == 0
    assert spell.idle_seconds >= 0
    assert Task.objects.get(pk=task.pk).holder is None
