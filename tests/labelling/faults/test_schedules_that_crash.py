"""One campaign whose schedule crashes doesn't keep the others from their rounds."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from labelling.models import Campaign, Round, Schedule
from labelling.workflow import schedule
from labelling.workflow.schedule import start_due
from tests.factories import NOON
from tests.labelling.schedule.ruled import accept, ruled

pytestmark = pytest.mark.django_db


@pytest.fixture
def due():
    """Two campaigns in which a round is due; the first one is broken, as no program leaves it."""
    south = ruled(labels=1)
    Campaign.objects.filter(pk=south.pk).update(slug="south")
    Schedule.objects.filter(campaign=south).update(cron="no cron at all")
    north = ruled(labels=1)
    accept(north, 1)
    return north


def test_a_schedule_that_nobody_can_read_stops_no_other(due, caplog):
    started = start_due(now=NOON)

    assert [round.campaign for round in started] == [due]
    assert "the round that is due could not be planned" in caplog.text


def test_a_database_that_is_away_is_told_to_whoever_asked(due, monkeypatch):
    def away(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(schedule, "start_one", away)

    with pytest.raises(OperationalError):
        start_due(now=NOON)
    assert not Round.objects.exists()
