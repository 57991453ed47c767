"""A campaign with a schedule, and what its rules look at: accepted labels, alarms, rounds."""

from __future__ import annotations

from datetime import datetime, timedelta

from labelling.models import Campaign, Event, Round, record
from labelling.workflow.schedule import change_schedule, weigh
from labelling.workflow.schedule_verdict import Verdict
from tests.factories import NOON, CampaignFactory, TaskFactory
from tests.labelling.insights.rows import RoundFactory, label, tile

BEFORE = NOON - timedelta(days=30)
HOUR = timedelta(hours=1)


def ruled(*, now: datetime = NOON, splits=("pool", "validation"), **rules) -> Campaign:
    """A campaign that could train: with a label in each of `splits`; its schedule is on."""
    campaign = CampaignFactory(slug="north", created=BEFORE)
    for split in splits:
        label(tile(campaign, split=split), campaign, pixels={"0": 9})
    given = {"on": True, "least_labels": 2, "gap_hours": 0, "labels": None, **rules}
    change_schedule(campaign, changes=given, who=None, now=now)
    return campaign


def accept(campaign: Campaign, n: int, *, at: datetime = NOON, verdict: str = "accepted") -> None:
    task = TaskFactory(campaign=campaign)
    for _ in range(n):
        record(Event.Verb.REVIEWED, task, campaign=campaign, who=None, now=at, verdict=verdict)


def ended(campaign: Campaign, n: int, *, at: datetime, state: str = "done") -> Round:
    return RoundFactory(campaign=campaign, n=n, state=state, created=at, finished=at)


def verdict_of(campaign: Campaign, *, now: datetime = NOON) -> Verdict:
    return weigh(campaign, now=now)[1]
