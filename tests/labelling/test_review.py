"""Review: who may look at what, the three verdicts, and what comes of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.errors import (
    AlreadyHolding,
    BadInput,
    Conflict,
    NeedsConfirmation,
    NotYours,
    QueueEmpty,
)
from labelling.insights.reviewing import authors, feedback, reviews, waiting
from labelling.models import (
    LEASE,
    Annotation,
    Assignment,
    Draft,
    Event,
    Reservation,
    Review,
    Task,
)
from labelling.workflow.claims import claim_next, heartbeat, release, return_expired
from labelling.workflow.drafts import Drawn, save_draft
from labelling.workflow.review import accept, fix, reject
from labelling.workflow.review_queue import claim_review, release_review
from labelling.workflow.submission import submit
from labelling.workflow.withdrawal import withdraw
from tests.factories import NOON, CampaignFactory, TaskFactory, TileFactory, person, rank
from tests.labelling.handing_in import (
    MINUTE,
    claimed,
    drawn,
    fresh,
    half_done,
    handed_in,
    planes,
)

pytestmark = pytest.mark.django_db
LATE = NOON + LEASE + MINUTE


@pytest.fixture
def rita(campaign):
    return person("rita", campaign=campaign, role="reviewer")


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


@pytest.fixture
def label(campaign, ana) -> Annotation:
    """Ana's, submitted."""
    return handed_in(campaign, ana)


def looked_at(campaign, who, *, now=NOON) -> Task:
    return fresh(claim_review(campaign=campaign, reviewer=who, now=now).task)


def test_the_label_that_has_waited_longest_is_reviewed_first(campaign, ana, ben, rita):
    first, second = handed_in(campaign, ben), handed_in(campaign, ana)

    spell = claim_review(campaign=campaign, reviewer=rita, now=NOON)

    assert spell.task == first.task
    assert (spell.kind, spell.returns_to, spell.assignment) == ("review", "submitted", None)
    assert (spell.task.state, spell.task.holder) == ("in_review", rita)
    assert fresh(second.task).state == "submitted"


def test_asking_again_gives_the_same_label_with_a_fresh_lease(campaign, label, rita):
    first = claim_review(campaign=campaign, reviewer=rita, now=NOON)

    again = claim_review(campaign=campaign, reviewer=rita, now=NOON + 20 * MINUTE)

    assert again == first
    assert again.task.lease_ends == NOON + 20 * MINUTE + LEASE
    assert Reservation.objects.filter(kind="review").count() == 1


def test_two_reviewers_never_get_the_same_label(campaign, label, rita, lea):
    looked_at(campaign, rita)

    with pytest.raises(QueueEmpty) as refusal:
        claim_review(campaign=campaign, reviewer=lea, now=NOON)

    assert "1 in other reviewers' hands" in refusal.value.help


def test_nobody_reviews_his_own_label(campaign, rita):
    own = handed_in(campaign, rita)

    with pytest.raises(QueueEmpty):
        claim_review(campaign=campaign, reviewer=rita, now=NOON)
    with pytest.raises(NotYours, match="your own"):
        claim_review(campaign=campaign, reviewer=rita, now=NOON, task=own.task)
    with pytest.raises(NotYours, match="your own"):
        accept(task=own.task, reviewer=rita, now=NOON)


def test_whoever_labels_one_copy_does_not_see_the_other(campaign, ana, rita):
    tile = TileFactory()
    other = handed_in(campaign, ana, tile=tile)
    rank(campaign, TaskFactory(campaign=campaign, tile=tile, copy=1))
    claimed(campaign, rita)

    with pytest.raises(NotYours, match="another copy"):
        claim_review(campaign=campaign, reviewer=rita, now=NOON, task=other.task)


def test_whoever_has_reviewed_one_copy_labels_no_other(campaign, ana, rita):
    tile = TileFactory()
    handed_in(campaign, ana, tile=tile)
    looked_at(campaign, rita)
    rank(campaign, TaskFactory(campaign=campaign, tile=tile, copy=1))

    with pytest.raises(QueueEmpty):
        claim_next(campaign=campaign, person=rita, now=NOON)


def test_one_reviewer_may_review_both_copies(campaign, ana, ben, rita):
    tile = TileFactory()
    for copy, who in enumerate((ana, ben)):
        handed_in(campaign, who, tile=tile, copy=copy)

    for _ in range(2):
        accept(task=looked_at(campaign, rita), reviewer=rita, now=NOON)

    assert set(Task.objects.values_list("state", flat=True)) == {"accepted"}
    assert Assignment.objects.filter(person=rita).count() == 1


def test_a_reviewer_may_have_a_tile_of_his_own_in_hand(campaign, label, rita):
    rank(campaign, TaskFactory(campaign=campaign))
    mine = claimed(campaign, rita)

    reviewed = looked_at(campaign, rita)

    assert {mine.state, reviewed.state} == {"reserved", "in_review"}
    assert claimed(campaign, rita) == mine


def test_a_review_of_another_campaign_in_hand_is_finished_first(campaign, label, rita):
    looked_at(campaign, rita)
    alps = CampaignFactory(slug="alps")

    with pytest.raises(AlreadyHolding, match="north"):
        claim_review(campaign=alps, reviewer=rita, now=NOON)


def test_accepting_closes_the_task_and_counts_the_time_as_review(campaign, label, rita):
    task = looked_at(campaign, rita)
    heartbeat(task=task, person=rita, now=NOON + MINUTE)

    review = accept(task=task, reviewer=rita, note="clean", now=NOON + 2 * MINUTE)

    spell = Reservation.objects.get(kind="review")
    assert (fresh(task).state, fresh(task).holder) == ("accepted", None)
    assert (review.annotation, review.verdict, review.note) == (label, "accepted", "clean")
    assert (spell.how, spell.active_seconds) == ("reviewed", 120)
    event = Event.objects.about(task).get(verb="reviewed")
    assert (event.who, event.before, event.detail["verdict"]) == (rita, label.sha256, "accepted")


def test_a_verdict_stands(campaign, label, rita, lea):
    task = looked_at(campaign, rita)
    accept(task=task, reviewer=rita, now=NOON)

    for reviewer in (rita, lea):
        with pytest.raises(Conflict, match="accepted already") as refusal:
            reject(task=fresh(task), reviewer=reviewer, reason="borders", now=NOON)
        assert "re-review" in refusal.value.help
        with pytest.raises(Conflict):
            claim_review(campaign=campaign, reviewer=reviewer, now=NOON, task=fresh(task))

    assert Review.objects.count() == 1


def test_a_label_that_somebody_else_reviews_or_nobody_does_is_not_yours(campaign, label, rita, lea):
    with pytest.raises(NotYours, match="submitted"):
        accept(task=fresh(label.task), reviewer=lea, now=NOON)
    task = looked_at(campaign, rita)
    with pytest.raises(NotYours, match="in review"):
        accept(task=task, reviewer=lea, now=NOON)


def test_a_review_given_back_waits_again(campaign, label, rita, lea):
    release_review(task=looked_at(campaign, rita), reviewer=rita, now=NOON)

    assert fresh(label.task).state == "submitted"
    assert looked_at(campaign, lea) == label.task


def test_a_review_that_ran_out_waits_again_and_a_late_verdict_still_counts(campaign, label, rita):
    task = looked_at(campaign, rita)
    assert return_expired(now=LATE) == 1
    assert fresh(task).state == "submitted"

    accept(task=fresh(task), reviewer=rita, now=LATE + MINUTE)

    hows = Reservation.objects.filter(kind="review").order_by("n").values_list("how", flat=True)
    assert list(hows) == ["expired", "reviewed"]
    assert fresh(task).state == "accepted"


def test_but_not_once_somebody_else_has_taken_it(campaign, label, rita, lea):
    task = looked_at(campaign, rita)
    return_expired(now=LATE)
    looked_at(campaign, lea, now=LATE)

    with pytest.raises(NotYours):
        accept(task=fresh(task), reviewer=rita, now=LATE)


def test_a_late_verdict_never_falls_on_a_label_the_reviewer_has_not_seen(
    campaign, label, ana, rita
):
    task = looked_at(campaign, rita)
    return_expired(now=LATE)
    withdraw(task=fresh(task), person=ana, now=LATE)
    submit(task=fresh(task), person=ana, now=LATE, **drawn(9))

    with pytest.raises(NotYours, match="aren't reviewing"):
        accept(task=fresh(task), reviewer=rita, now=LATE)

    assert fresh(task).state == "submitted"


def test_a_verdict_stands_when_the_sweep_comes_in_between(campaign, label, rita, monkeypatch):
    task = looked_at(campaign, rita)
    stale = Reservation.objects.get(kind="review")
    return_expired(now=LATE)
    monkeypatch.setattr("labelling.workflow.review.spell_of", lambda task, reviewer: stale)

    accept(task=fresh(task), reviewer=rita, now=LATE)

    assert fresh(task).state == "accepted"


def test_who_drew_the_label_that_a_rework_goes_on_from_does_not_review_the_rework(
    campaign, lea, rita, ben
):
    reject(task=handed_in_by_a_lead(campaign, lea, rita), reviewer=rita, reason="borders", now=NOON)
    rework = claimed(campaign, ben, now=NOON + timedelta(days=8))
    submit(task=rework, person=ben, now=NOON, **drawn(9))

    with pytest.raises(QueueEmpty):
        claim_review(campaign=campaign, reviewer=lea, now=NOON)
    with pytest.raises(NotYours, match="your own"):
        claim_review(campaign=campaign, reviewer=lea, now=NOON, task=rework)
    assert looked_at(campaign, rita) == rework


def handed_in_by_a_lead(campaign, lea, rita) -> Task:
    """In Rita's review."""
    handed_in(campaign, lea)
    return looked_at(campaign, rita)


def test_a_fix_that_was_begun_is_forgotten_with_the_verdict(campaign, label, rita):
    task = looked_at(campaign, rita)
    save_draft(task=task, person=rita, drawn=Drawn(planes(9), 1), base=0, now=NOON)

    accept(task=task, reviewer=rita, now=NOON)

    assert not Draft.objects.exists()


def test_who_reviews_a_copy_after_another_was_superseded_labels_no_third(campaign, ana, ben, rita):
    tile = TileFactory()
    old = handed_in(campaign, ana, tile=tile, round_no=1).task
    release_review(task=looked_at(campaign, rita), reviewer=rita, now=NOON)
    withdraw(task=fresh(old), person=ana, now=NOON)
    release(task=fresh(old), person=ana, now=NOON)
    Task.objects.filter(pk=old.pk).update(state="superseded")
    handed_in(campaign, ben, tile=tile, round_no=2)
    looked_at(campaign, rita)
    rank(campaign, TaskFactory(campaign=campaign, tile=tile, round_no=2, copy=1))

    with pytest.raises(QueueEmpty):
        claimed(campaign, rita)


def test_a_rejected_label_goes_back_to_its_author_first(campaign, label, ana, ben, rita):
    reject(task=looked_at(campaign, rita), reviewer=rita, reason="missed_thin", note="NE", now=NOON)

    rework = Task.objects.get(lane="rework")
    assert fresh(label.task).state == "rejected"
    assert (rework.parent, rework.root, rework.cause) == (label.task, label.task, "missed_thin")
    assert (rework.meant_for, rework.meant_until) == (ana, NOON + timedelta(days=7))
    with pytest.raises(QueueEmpty):
        claimed(campaign, ben)
    assert claimed(campaign, ana) == rework
    assert not Annotation.objects.usable(campaign.schema_id).exists()


def test_after_a_week_a_rework_is_for_anybody(campaign, label, ben, rita):
    reject(task=looked_at(campaign, rita), reviewer=rita, reason="borders", now=NOON)

    assert claimed(campaign, ben, now=NOON + timedelta(days=7)).lane == "rework"


def test_the_rework_of_somebody_who_has_left_is_for_anybody(campaign, label, ana, ben, rita):
    task = looked_at(campaign, rita)
    ana.memberships.all().delete()
    reject(task=task, reviewer=rita, reason="borders", now=NOON)

    assert claimed(campaign, ben).lane == "rework"


def test_a_rework_can_be_rejected_again_and_names_what_it_corrects(campaign, label, ana, rita):
    for cloudy_rows in (7, 8):
        reject(task=looked_at(campaign, rita), reviewer=rita, reason="borders", now=NOON)
        submit(task=claimed(campaign, ana), person=ana, now=NOON, **drawn(cloudy_rows))
    task = looked_at(campaign, rita)
    accept(task=task, reviewer=rita, now=NOON)

    versions = list(Annotation.objects.order_by("n"))
    assert [each.parent for each in versions] == [None, *versions[:-1]]
    assert task.root == label.task
    assert list(Annotation.objects.usable(campaign.schema_id)) == versions[-1:]


def test_reworks_of_both_copies_stand_beside_each_other(campaign, ana, ben, rita):
    tile = TileFactory()
    for copy, who in enumerate((ana, ben)):
        handed_in(campaign, who, tile=tile, copy=copy)

    for _ in range(2):
        reject(task=looked_at(campaign, rita), reviewer=rita, reason="borders", now=NOON)

    assert claimed(campaign, ana).root.copy == 0
    assert claimed(campaign, ben).root.copy == 1


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [("ugly", "", "reason"), ("other", "  ", "note"), ("borders", "x" * 2001, "note")],
)
def test_a_rejection_has_a_reason_from_the_table(campaign, label, rita, reason, note, field):
    task = looked_at(campaign, rita)

    with pytest.raises(BadInput) as refusal:
        reject(task=task, reviewer=rita, reason=reason, note=note, now=NOON)

    assert refusal.value.field == field
    assert fresh(task).state == "in_review"


def test_a_fix_is_a_new_version_of_both_authors(campaign, label, ana, rita):
    task = looked_at(campaign, rita)

    fixed = fix(task=task, reviewer=rita, now=NOON, **drawn(9, note="a field"))

    assert (fixed.n, fixed.author, fixed.parent, fixed.task) == (2, rita, label, task)
    assert authors(fixed) == ["ana", "rita"]
    assert fresh(task).state == "accepted"
    assert (Review.objects.get().annotation, Review.objects.get().verdict) == (label, "fixed")
    assert list(Annotation.objects.usable(campaign.schema_id)) == [fixed]


def test_the_same_fix_twice_is_one(campaign, label, rita):
    task = looked_at(campaign, rita)

    first, again = (fix(task=fresh(task), reviewer=rita, now=NOON, **drawn(9)) for _ in range(2))

    assert first == again
    assert Annotation.objects.count() == 2


def test_a_fix_that_changes_nothing_is_an_acceptance(campaign, label, rita):
    with pytest.raises(Conflict, match="as it was handed in"):
        fix(task=looked_at(campaign, rita), reviewer=rita, now=NOON, **drawn())


def test_a_fix_is_checked_like_a_submission(campaign, label, rita):
    task = looked_at(campaign, rita)

    with pytest.raises(NeedsConfirmation):
        fix(task=task, reviewer=rita, now=NOON, **half_done())

    assert fresh(task).state == "in_review"
    assert Annotation.objects.count() == 1


def test_a_label_of_the_rereview_lane_is_labelled_and_reviewed_like_any_other(
    campaign, label, ana, ben, rita
):
    accept(task=looked_at(campaign, rita), reviewer=rita, now=NOON)
    doubted = label.task
    rank(
        campaign, TaskFactory(campaign=campaign, tile=doubted.tile, lane="rereview", parent=doubted)
    )

    with pytest.raises(QueueEmpty):
        claimed(campaign, ana)
    second = submit(task=claimed(campaign, ben), person=ben, now=NOON, **drawn(9))
    before = list(Annotation.objects.usable(campaign.schema_id).by_say())[-1]
    reject(task=looked_at(campaign, rita), reviewer=rita, reason="borders", now=NOON)

    assert (second.parent, before) == (label, second)
    assert list(Annotation.objects.usable(campaign.schema_id)) == [label]


def test_the_list_of_what_waits_goes_page_by_page(
    campaign, ana, rita, django_assert_max_num_queries
):
    made = [handed_in(campaign, ana, cloudy_rows=rows).task for rows in range(1, 6)]
    looked_at(campaign, rita)

    with django_assert_max_num_queries(3):
        first = waiting(campaign, asked_by=ana, limit=3)
    second = waiting(campaign, asked_by=ana, limit=3, cursor=first.cursor)

    rows = first.results + second.results
    assert [row.task for row in rows] == [task.uuid for task in made]
    assert [row.reviewer for row in rows] == ["rita", "", "", "", ""]
    assert all(row.own for row in rows)
    assert second.cursor is None


def test_verdicts_are_listed_the_newest_first(campaign, ana, rita, django_assert_num_queries):
    for number in range(4):
        handed_in(campaign, ana)
        task = looked_at(campaign, rita)
        if number % 2:
            reject(task=task, reviewer=rita, reason="borders", now=NOON)
            Task.objects.filter(lane="rework").update(state="closed")
        else:
            accept(task=task, reviewer=rita, now=NOON)

    with django_assert_num_queries(1):
        page = reviews(campaign, limit=3)

    assert [row.verdict for row in page.results] == ["rejected", "accepted", "rejected"]
    assert reviews(campaign, limit=3, cursor=page.cursor).results[0].verdict == "accepted"
    assert len(reviews(campaign, verdict="rejected").results) == 2
    with pytest.raises(BadInput):
        reviews(campaign, verdict="loved")


def test_feedback_is_for_the_labels_own_author(campaign, label, ana, ben, rita):
    reject(task=looked_at(campaign, rita), reviewer=rita, reason="borders", note="NE", now=NOON)
    rework = Task.objects.get(lane="rework")

    (said,) = feedback(rework, ana, everything=False)

    assert (said.reason, said.note, said.annotation) == ("borders", "NE", label.uuid)
    assert feedback(rework, ben, everything=False) == []
    assert len(feedback(rework, rita, everything=True)) == 1
