"""Skipping and flagging: what becomes of the tile, and whether scores and skips go together."""

from __future__ import annotations

import pytest

from labelling.errors import BadInput, Conflict, NotFound, NotYours, QueueEmpty
from labelling.insights.flags import flags, skip_rates
from labelling.models import Annotation, Event, Flag, Reservation, Task
from labelling.workflow.claims import claim_next, release
from labelling.workflow.flags import flag, resolve, skip
from labelling.workflow.submission import submit
from tests.factories import NOON, TaskFactory, TileFactory, person, rank
from tests.labelling.handing_in import MINUTE, claimed, drawn, fresh
from tests.labelling.insights.rows import RoundFactory, score

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(campaign):
    return person("lea", campaign=campaign, role="lead")


@pytest.fixture
def task(campaign, ana) -> Task:
    """In Ana's hands."""
    rank(campaign, TaskFactory(campaign=campaign))
    return claimed(campaign, ana)


def skipped(task, who, reason: str = "bad_imagery", note: str = "stripes") -> Flag:
    return skip(task=task, person=who, reason=reason, note=note, now=NOON + MINUTE)


def test_a_skipped_tile_is_put_away_with_a_reason_and_the_time_is_counted(ana, task):
    raised = skipped(task, ana)

    task.refresh_from_db()
    spell = Reservation.objects.get()
    assert (task.state, task.holder) == ("skipped", None)
    assert (spell.how, spell.active_seconds) == ("skipped", 60)
    assert (raised.reason, raised.note, raised.skipped, raised.outcome) == (
        "bad_imagery", "stripes", True, "",
    )  # fmt: skip
    event = Event.objects.about(task).get(verb="skipped")
    assert (event.who, event.detail["reason"]) == (ana, "bad_imagery")


def test_the_tile_held_ahead_comes_forward(campaign, ana, task):
    rank(campaign, TaskFactory(campaign=campaign))
    held = claim_next(campaign=campaign, person=ana, now=NOON, hold="held")

    skipped(task, ana)

    held.refresh_from_db()
    assert held.kind == "active"


@pytest.mark.parametrize("do", [skip, flag])
def test_an_unknown_reason_names_those_there_are(ana, task, do):
    with pytest.raises(BadInput, match="no reason 'boring'") as refusal:
        do(task=task, person=ana, reason="boring", now=NOON)

    assert refusal.value.field == "reason"
    assert "cannot_decide" in refusal.value.help
    assert Task.objects.get().state == "reserved"


@pytest.mark.parametrize("do", [skip, flag])
def test_a_tile_one_never_had_is_neither_skipped_nor_flagged(ben, task, do):
    with pytest.raises(NotYours):
        do(task=task, person=ben, reason="technical", now=NOON)


def test_a_tile_given_back_can_be_flagged_but_not_skipped(ana, task):
    release(task=task, person=ana, now=NOON)

    with pytest.raises(NotYours):
        skipped(fresh(task), ana)
    flag(task=fresh(task), person=ana, reason="technical", now=NOON)

    assert Task.objects.get().state == "open"


def test_a_flag_beside_the_work_changes_nothing_and_is_raised_once(ana, task):
    first, again = (
        flag(task=task, person=ana, reason="technical", note="no B10", now=NOON) for _ in range(2)
    )

    task.refresh_from_db()
    assert (task.state, task.holder) == ("reserved", ana)
    assert first == again
    assert Event.objects.filter(verb="flagged").count() == 1


def test_a_skipped_tile_can_be_closed(ana, lea, task):
    resolve(flag=skipped(task, ana), outcome="closed", by=lea, now=NOON)

    raised = Flag.objects.get()
    assert Task.objects.get().state == "closed"
    assert (raised.outcome, raised.resolved_by, raised.resolved) == ("closed", lea, NOON)
    assert Event.objects.get(verb="resolved").detail["outcome"] == "closed"


def test_a_reopened_tile_goes_to_somebody_else(campaign, ana, ben, lea, task):
    resolve(flag=skipped(task, ana), outcome="reopened", by=lea, now=NOON)

    with pytest.raises(QueueEmpty):
        claimed(campaign, ana)
    assert claimed(campaign, ben) == task


def test_a_tile_kept_for_whoever_skipped_it_is_for_anybody_once_reopened(
    campaign, ana, ben, lea, task
):
    Task.objects.update(meant_for=ana, meant_until=None)

    resolve(flag=skipped(task, ana), outcome="reopened", by=lea, now=NOON)

    assert claimed(campaign, ben) == task


def test_a_flag_is_resolved_once(ana, lea, task):
    raised = skipped(task, ana)
    resolve(flag=raised, outcome="closed", by=lea, now=NOON)

    with pytest.raises(Conflict, match="lea has resolved this flag already: closed"):
        resolve(flag=raised, outcome="reopened", by=lea, now=NOON)

    assert Task.objects.get().state == "closed"


def test_a_tile_that_was_labelled_is_neither_closed_nor_reopened_by_a_flag(ana, lea, task):
    raised = flag(task=task, person=ana, reason="cannot_decide", now=NOON)
    submit(task=task, person=ana, now=NOON, **drawn())

    for outcome in ("closed", "reopened"):
        with pytest.raises(Conflict, match="is submitted, not skipped"):
            resolve(flag=Flag.objects.get(), outcome=outcome, by=lea, now=NOON)

    raised.refresh_from_db()
    assert raised.outcome == ""
    assert resolve(flag=raised, outcome="noted", by=lea, now=NOON).outcome == "noted"


def test_a_tile_put_away_is_not_merely_noted(ana, lea, task):
    with pytest.raises(Conflict, match="for ever"):
        resolve(flag=skipped(task, ana), outcome="noted", by=lea, now=NOON)


def test_an_unknown_outcome_is_refused(ana, lea, task):
    with pytest.raises(BadInput) as refusal:
        resolve(flag=skipped(task, ana), outcome="burnt", by=lea, now=NOON)

    assert refusal.value.field == "outcome"


def test_a_skipped_tile_has_no_label_that_teaches(campaign, ana, task):
    skipped(task, ana)

    assert not Annotation.objects.usable(campaign.schema_id).exists()


def test_the_list_goes_page_by_page_the_oldest_first(campaign, ana, lea, django_assert_num_queries):
    made = []
    for _ in range(5):
        rank(campaign, TaskFactory(campaign=campaign))
        made.append(skipped(claimed(campaign, ana), ana).pk)

    with django_assert_num_queries(1):
        first = flags(campaign, limit=3)
    second = flags(campaign, limit=3, cursor=first.cursor)

    assert [row.id for row in first.results + second.results] == made
    assert second.cursor is None
    resolve(flag=Flag.objects.get(pk=made[0]), outcome="closed", by=lea, now=NOON)
    assert [row.id for row in flags(campaign, state="resolved").results] == made[:1]


def test_skips_are_counted_by_score(campaign, ana, django_assert_num_queries):
    round = RoundFactory(campaign=campaign, n=1)
    for place in range(1, 11):
        task = TaskFactory(campaign=campaign, tile=TileFactory())
        score(round, task.tile, value=place / 10, picked=place)
        rank(campaign, task)
        mine = claimed(campaign, ana)
        if place > 8:
            skipped(mine, ana, reason="cannot_decide")
        elif place != 1:
            submit(task=mine, person=ana, now=NOON, **drawn())
        else:
            release(task=mine, person=ana, now=NOON)
            Task.objects.filter(pk=mine.pk).update(state="superseded")

    with django_assert_num_queries(4):
        rates = skip_rates(campaign)

    assert rates.round == 1
    assert [(band.labelled, band.skipped) for band in rates.bands] == [
        (1, 0), (2, 0), (2, 0), (2, 0), (0, 2),
    ]  # fmt: skip
    assert [band.rate for band in rates.bands] == [0, 0, 0, 0, 1]
    assert rates.bands[-1].by_reason == {"cannot_decide": 2}
    assert (rates.bands[0].low, rates.bands[-1].high) == (0.1, 1.0)


def test_without_a_finished_round_there_are_no_rates(campaign):
    with pytest.raises(NotFound) as refusal:
        skip_rates(campaign, round=3)

    assert refusal.value.field == "round"
