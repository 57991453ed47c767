"""The one clock. Everything below the edges takes `now` as an argument; only edges ask here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings


def now() -> datetime:
    """The time in UTC; with CLOCK_SPEED = k it runs k times as fast from CLOCK_EPOCH on.

    Before the epoch it runs as fast backwards, so every process of an installation reads the same
    time whenever it was started.
    """
    real: datetime = datetime.now(UTC)
    if settings.CLOCK_SPEED == 1:
        return real
    epoch: datetime = settings.CLOCK_EPOCH
    return epoch + (real - epoch) * settings.CLOCK_SPEED


def of_machines(span: timedelta) -> timedelta:
    """How far this clock runs in `span` of real time.

    For what measures processes, such as the lease by which a dead worker is told from a busy one:
    people's days can be sped up, a process takes the time it takes.
    """
    return span * settings.CLOCK_SPEED
