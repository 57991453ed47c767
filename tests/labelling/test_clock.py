"""The one clock, sped up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labelling import clock

EPOCH = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_fast_clock_tells_every_process_the_same_time(settings, monkeypatch):
    settings.CLOCK_SPEED, settings.CLOCK_EPOCH = 96, EPOCH

    class Real(datetime):
        @classmethod
        def now(cls, zone=None):
            return EPOCH + timedelta(minutes=15)

    monkeypatch.setattr(clock, "datetime", Real)

    assert clock.now() == EPOCH + timedelta(days=1)
    assert clock.of_machines(timedelta(seconds=60)) == timedelta(minutes=96)


def test_at_its_own_pace_it_tells_the_real_time(settings):
    settings.CLOCK_SPEED, settings.CLOCK_EPOCH = 1, EPOCH

    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.of_machines(timedelta(seconds=60)) == timedelta(seconds=60)
