"""Taking a label back: while no review has opened, with what was in hand put aside."""

from __future__ import annotations

import pytest

from labelling.errors import AlreadyHolding, Conflict, NotYours
from labelling.insights import standing
from labelling.insights.growth import newest_labels
from labelling.models import LEASE, Annotation, Event, Reservation, Task
from labelling.workflow.claims import claim_next, return_expired
from labelling.workflow.review import accept
from labelling.workflow.review_queue import claim_review, release_review
from labelling.workflow.submission import submit
from labelling.workflow.withdrawal import withdraw
from tests.factories import NOON, CampaignFactory, TaskFactory, person, rank
from tests.labelling.handing_in import MINUTE, at_level, claimed, drawn, fresh, handed_in

pytestmark = pytest.mark.django_db
LATE = NOON + LEASE + MINUTE


@pytest.fixture
def rita(campaign):
    return person("rita", campaign=campaign, role="reviewer")


@pytest.fixture
def task(campaign, ana) -> Task:
    """Ana's label of it is submitted."""
    return handed_in(campaign, ana).task


def taken_back(task: Task, who, *, now=NOON + MINUTE) -> Reservation:
    return withdraw(task=fresh(task), person=who, now=now)


def test_a_label_taken_back_puts_the_tile_into_its_authors_hands(campaign, ana, task):
    spell = taken_back(task, ana)

    again = fresh(task)
    assert (again.state, again.holder, again.lease_ends) == ("reserved", ana, NOON + MINUTE + LEASE)
    assert (spell.kind, spell.n, spell.returns_to) == ("active", 2, "open")
    assert claimed(campaign, ana) == task
    assert Event.objects.about(task).get(verb="withdrew").who == ana


def test_the_label_stays_in_the_history_and_teaches_no_more(campaign, ana, task):
    taken_back(task, ana)

    assert Annotation.objects.count() == 1
    assert not newest_labels(campaign).exists()


def test_what_is_handed_in_then_is_what_stands_and_measures_its_author(campaign, ana, task):
    taken_back(task, ana)

    second = submit(task=fresh(task), person=ana, now=NOON + MINUTE, **drawn(9))

    assert (second.n, second.parent) == (2, None)
    assert list(Annotation.objects.exclude(standing.taken_back())) == [second]
    assert list(Annotation.objects.usable(campaign.schema_id)) == [second]


def test_the_same_label_may_be_handed_in_again(campaign, ana, task):
    taken_back(task, ana)

    again = submit(task=fresh(task), person=ana, now=NOON + MINUTE, **drawn())

    assert again.n == 2
    assert fresh(task).state == "submitted"


def test_the_tile_in_work_is_held_ahead_and_the_one_held_ahead_goes_back(campaign, ana, task):
    for hold in ("active", "held"):
        rank(campaign, TaskFactory(campaign=campaign))
        claim_next(campaign=campaign, person=ana, now=NOON, hold=hold)

    taken_back(task, ana)

    live = Reservation.objects.filter(ended__isnull=True).order_by("kind")
    assert [(each.kind, each.task.round_no) for each in live] == [("active", 1), ("held", 1)]
    assert live[0].task == task
    assert sorted(Task.objects.values_list("state", flat=True)) == ["open", "reserved", "reserved"]


def test_once_its_review_has_opened_it_stays(campaign, ana, rita, task):
    claim_review(campaign=campaign, reviewer=rita, now=NOON)

    with pytest.raises(Conflict, match="in review"):
        taken_back(task, ana)

    release_review(task=fresh(task), reviewer=rita, now=NOON)
    assert taken_back(task, ana).kind == "active"


def test_a_reviewed_label_stays(campaign, ana, rita, task):
    claim_review(campaign=campaign, reviewer=rita, now=NOON)
    accept(task=fresh(task), reviewer=rita, now=NOON)

    with pytest.raises(Conflict, match="accepted"):
        taken_back(task, ana)


def test_a_label_accepted_at_once_can_be_taken_back_just_the_same(campaign, ana):
    campaign.review = {"rates": [1, 1, 0]}
    campaign.save()
    at_level(campaign, ana, 2)
    task = handed_in(campaign, ana).task
    assert fresh(task).state == "accepted"

    taken_back(task, ana)

    assert fresh(task).state == "reserved"


def test_after_an_hour_it_stays(ana, task):
    with pytest.raises(Conflict, match="more than 60 minutes"):
        taken_back(task, ana, now=NOON + 61 * MINUTE)

    assert fresh(task).state == "submitted"


def test_only_its_author_takes_it_back_and_only_once(ana, ben, task):
    with pytest.raises(NotYours):
        taken_back(task, ben)
    taken_back(task, ana)
    with pytest.raises(NotYours):
        taken_back(task, ana)


def test_a_tile_of_another_campaign_in_hand_is_finished_first(ana, task):
    alps = CampaignFactory(slug="alps")
    person("ana", campaign=alps)
    rank(alps, TaskFactory(campaign=alps))
    claimed(alps, ana)

    with pytest.raises(AlreadyHolding, match="alps"):
        taken_back(task, ana)


def test_a_tile_taken_back_and_left_goes_to_the_queue(campaign, ana, ben, task):
    taken_back(task, ana)
    return_expired(now=LATE + MINUTE)

    assert claimed(campaign, ben, now=LATE + MINUTE) == task


def test_and_its_author_may_hand_it_in_late(campaign, ana, task):
    taken_back(task, ana)
    return_expired(now=LATE + MINUTE)

    label = submit(task=fresh(task), person=ana, now=LATE + MINUTE, **drawn())

    assert (label.n, fresh(task).state) == (2, "submitted")
