"""Rhythms in cron's five fields, all times in UTC; the arithmetic is Celery's."""

from __future__ import annotations

from datetime import UTC, datetime

from celery.schedules import ParseException, crontab

from labelling.errors import BadInput

HELP = "Five fields: minute, hour, day of month, month, day of week; 30 2 * * 1-5 is 02:30 (UTC) \
from Monday to Friday."


def check_cron(text: str, *, field: str) -> str:
    """The same with single spaces, if it names times that come. Raises BadInput."""
    neat = " ".join(text.split())
    try:
        next_after(neat, datetime(2024, 1, 1, tzinfo=UTC))
    except (ParseException, ValueError, RuntimeError, IndexError, KeyError):
        raise BadInput(f"{text[:80]!r} names no times.", field=field, help=HELP) from None
    return neat


def next_after(text: str, moment: datetime) -> datetime:
    """The first time after `moment` that the rhythm names."""
    rhythm = crontab(**dict(zip(FIELDS, text.split(" "), strict=True)))
    last, delta, _ = rhythm.remaining_delta(moment.astimezone(UTC), tz=UTC)
    found: datetime = last + delta
    return found.astimezone(UTC)


FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
