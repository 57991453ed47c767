"""When a campaign would train by itself, because of what, and why not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from labelling.errors import BadInput
from labelling.models import Event, Schedule, record
from labelling.workflow.schedule import change_schedule, start_due
from tests.factories import NOON, CampaignFactory, person
from tests.labelling.schedule.ruled import HOUR, accept, ended, ruled, verdict_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_new_accepted_labels_make_a_round_due_and_only_those():
    campaign = ruled(labels=3)
    ended(campaign, 1, at=NOON - DAY)
    accept(campaign, 5, at=NOON - 2 * DAY)  # that round had them
    accept(campaign, 2, verdict="rejected")
    accept(campaign, 1)
    accept(CampaignFactory(), 5)
    accept(campaign, 1, verdict="fixed")

    early = verdict_of(campaign)
    assert (early.train, early.fresh, early.because) == (False, 2, [])
    assert early.why_not == ["2 of 3 new labels"]

    accept(campaign, 1)
    assert verdict_of(campaign).because == ["3 of 3 new labels"]
    assert verdict_of(campaign).train


def test_a_campaign_without_a_schedule_says_that_it_is_off():
    campaign = CampaignFactory()

    told = verdict_of(campaign)

    assert not told.train
    assert told.why_not == ["the schedule is off", "no label was accepted since the last round"]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (lambda c: change_schedule(c, changes={"on": False}, who=None, now=NOON), "is off"),
        (lambda c: ended(c, 1, at=NOON - HOUR), "round ends at 2026-06-01 16:00"),
        (lambda c: ended(c, 1, at=NOON - HOUR, state="failed"), "gap after the last round"),
        (lambda c: ended(c, 1, at=NOON - 9 * HOUR, state="running"), "round 1 is under way"),
        (
            lambda c: [ended(c, n, at=NOON - 9 * HOUR, state="failed") for n in (1, 2, 3)],
            "the last 3 rounds failed",
        ),
        (
            lambda c: change_schedule(c, changes={"least_labels": 3}, who=None, now=NOON),
            "2 labels in all, of the 3",
        ),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_named_and_nothing_starts(trouble, words):
    campaign = ruled(labels=1, gap_hours=5)
    accept(campaign, 1, at=NOON)
    assert verdict_of(campaign).train

    trouble(campaign)

    told = verdict_of(campaign)
    assert not told.train
    assert any(words in why for why in told.why_not), told.why_not
    assert start_due(now=NOON) == []


def test_without_a_validation_label_nothing_could_be_judged():
    campaign = ruled(labels=1, splits=("pool", "pool"))
    accept(campaign, 1)

    (why,) = verdict_of(campaign).why_not

    assert "validation split" in why


def test_the_clock_makes_a_round_due_once_and_not_at_odd_hours():
    campaign = ruled(cron="30 13 * * *")
    assert verdict_of(campaign, now=NOON + HOUR).why_not[0] == (
        "no label was accepted since the last round"
    )
    at = NOON + 2 * HOUR
    told = verdict_of(campaign, now=at)
    assert told.because == ["it was due at 2026-06-01 13:30Z (30 13 * * *)"]
    assert told.next_due == NOON + DAY + 1.5 * HOUR

    assert start_due(now=at) == []  # nothing is new: that time has gone by
    accept(campaign, 1, at=at)
    assert start_due(now=at + HOUR) == []

    (started,) = start_due(now=at + DAY)
    planned = Event.objects.about(started).get(verb="planned")
    assert planned.detail["because"] == ["it was due at 2026-06-02 13:30Z (30 13 * * *)"]
    assert start_due(now=at + DAY) == []


def test_a_clock_that_was_set_back_does_not_silence_the_schedule():
    campaign = ruled(cron="30 13 * * *", now=NOON + 400 * DAY)
    accept(campaign, 1)

    assert start_due(now=NOON + HOUR) == []

    assert len(start_due(now=NOON + 2 * HOUR)) == 1


def test_days_of_quiet_and_the_drift_alarm_make_a_round_due():
    quiet = ruled(quiet_days=7)
    ended(quiet, 1, at=NOON - 6 * DAY)
    accept(quiet, 1)
    assert verdict_of(quiet).next_due == NOON + DAY
    assert not verdict_of(quiet).train
    assert verdict_of(quiet, now=NOON + DAY).because == ["7 days without a round, and 1 new labels"]

    change_schedule(quiet, changes={"quiet_days": None, "drift": True}, who=None, now=NOON)
    assert verdict_of(quiet).why_not == ["no drift alarm"]
    member = person("ana", campaign=quiet).memberships.get()
    for _ in range(2):
        record("flagged", member, campaign=quiet, who=None, now=NOON, cause="drift")
    assert verdict_of(quiet).because == ["the drift alarm of 1 people"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cron": "0 25 * * *"}, "schedule.cron"),
        ({"cron": "0 0 31 2 *"}, "schedule.cron"),
        ({"cron": 5}, "schedule.cron"),
        ({"labels": 0}, "schedule.labels"),
        ({"labels": True}, "schedule.labels"),
        ({"gap_hours": -1}, "schedule.gap_hours"),
        ({"gap_hours": float("nan")}, "schedule.gap_hours"),
        ({"on": "yes"}, "schedule.on"),
        ({"on": True}, "schedule.on"),
        ({"least_labels": None}, "schedule.least_labels"),
        ({"moon": "full"}, "schedule.moon"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_changes(changes, field):
    campaign = CampaignFactory()

    with pytest.raises(BadInput) as refused:
        change_schedule(campaign, changes=changes, who=None, now=NOON)

    assert refused.value.field == field
    assert not Schedule.objects.exists()
    assert not Event.objects.exists()


def test_all_schedules_are_looked_at_by_one_query_and_one_each(django_assert_num_queries):
    for _ in range(3):
        campaign = CampaignFactory(created=NOON)
        change_schedule(campaign, changes={"on": True, "labels": 5}, who=None, now=NOON)
        accept(campaign, 2)

    with django_assert_num_queries(4):
        assert start_due(now=NOON) == []
