"""The one clock. Everything below the edges takes `now` as an argument; only edges ask here."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings

_started = datetime.now(UTC)
_ticks = time.monotonic()


def now() -> datetime:
    """The time in UTC; with CLOCK_SPEED = k it runs k times as fast from the process's start on."""
    speed = settings.CLOCK_SPEED
    if speed == 1:
        return datetime.now(UTC)
    return _started + timedelta(seconds=(time.monotonic() - _ticks) * speed)
