"""Rounds that start by themselves: what a lead may set about that, and the starting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from labelling.errors import BadInput, Conflict
from labelling.models import Campaign, Event, Round, Schedule, record
from labelling.workflow.cron import check_cron, next_after
from labelling.workflow.lease import DATABASE_AWAY
from labelling.workflow.rounds import plan_round
from labelling.workflow.rules import check_range, check_whole, refuse_unknown, wrong
from labelling.workflow.schedule_evidence import COUNTED, with_history
from labelling.workflow.schedule_verdict import Verdict, schedule_of, verdict

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_GAP = 24 * 365.0
MOST_DAYS = 3650
TRIGGERS = ("labels", "cron", "drift", "quiet_days")
logger = logging.getLogger(__name__)


def read_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"schedule.{name}", value, "true or false")
    return value


def read_count(name: str, value: Any) -> int | None:
    """null: the rule is off."""
    if value is not None:
        check_whole(f"schedule.{name}", value, 1, COUNTED if name == "labels" else MOST_DAYS)
    counted: int | None = value
    return counted


def read_least(name: str, value: Any) -> int:
    check_whole(f"schedule.{name}", value, 0, COUNTED)
    return int(value)


def read_gap(name: str, value: Any) -> float:
    check_range(f"schedule.{name}", value, 0, LONGEST_GAP)
    return float(value)


def read_cron(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(f"schedule.{name}", value, "five fields of cron, or empty")
    return check_cron(value, field=f"schedule.{name}") if value.strip() else ""


READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "on": read_flag,
    "labels": read_count,
    "cron": read_cron,
    "drift": read_flag,
    "quiet_days": read_count,
    "gap_hours": read_gap,
    "least_labels": read_least,
}
"""What a lead may set, each with what reads it."""


@transaction.atomic
def change_schedule(
    campaign: Campaign, *, changes: Mapping[str, Any], who: User | None, now: datetime
) -> Schedule:
    """Set what is named, the rest stays; the schedule from now on. It is written down as an event.

    What the clock's rule named before now doesn't count. Raises BadInput naming the field, with
    nothing changed.
    """
    refuse_unknown(changes, READERS, "schedule", "setting of the schedule")
    read = {name: READERS[name](name, value) for name, value in changes.items()}
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    row = Schedule.objects.filter(campaign=campaign).first()
    row = row or Schedule(campaign=campaign)
    for name, value in read.items():
        setattr(row, name, value)
    if row.on and not any(getattr(row, name) for name in TRIGGERS):
        raise BadInput(
            "A schedule that is on needs a rule that makes a round due.",
            field="schedule.on",
            help=f"Set one of {', '.join(TRIGGERS)}.",
        )
    row.looked = now
    row.save()
    record(Event.Verb.CHANGED, campaign, campaign=campaign, who=who, now=now, schedule=told(row))
    return row


def told(schedule: Schedule) -> dict[str, Any]:
    """{setting: value in force}."""
    return {name: getattr(schedule, name) for name in READERS}


def weigh(campaign: Campaign, *, now: datetime) -> tuple[Schedule, Verdict]:
    """The campaign's schedule, and whether it would train now. Changes nothing."""
    found = with_history(Campaign.objects.filter(pk=campaign.pk)).get()
    return schedule_of(found, now=now), verdict(found, now=now)


def start_due(*, now: datetime) -> list[Round]:
    """Start a round in each campaign whose schedule says so.

    One query for all, and one for each campaign that has a schedule which is on. Raises what a
    database that is away does: the others couldn't be asked about either.
    """
    started = []
    for campaign in with_history(Campaign.objects.filter(schedule__on=True)):
        try:
            round = start_if_due(campaign, now=now)
        except DATABASE_AWAY:
            raise
        except Exception:
            # One campaign that can't be planned, for whatever reason, doesn't keep the others
            # waiting. It is tried again, and told again, with the next look.
            logger.exception("%s: the round that is due could not be planned", campaign)
            continue
        started += [round] if round else []
    return started


def start_if_due(campaign: Campaign, *, now: datetime) -> Round | None:
    """The round that was started, if one was due. `campaign` comes with its history."""
    if verdict(campaign, now=now).train or _slot_is_past(campaign.schedule, now=now):
        return start_one(campaign, now=now)
    return None


@transaction.atomic
def start_one(campaign: Campaign, *, now: datetime) -> Round | None:
    """Start the campaign's round if it is still due; two that try it at once start one."""
    Schedule.objects.select_for_update().get(campaign=campaign)
    found = with_history(Campaign.objects.filter(pk=campaign.pk)).get()
    asked = verdict(found, now=now)
    # Past is past, whether or not something was in the way: else it would start at any odd hour.
    Schedule.objects.filter(campaign=campaign).update(looked=now)
    if not asked.train:
        return None
    try:
        return plan_round(
            campaign=found,
            strategy=found.strategy,
            batch=found.batch_size,
            seed=None,
            asked_by=None,
            now=now,
            because=asked.because,
        )
    except Conflict:
        return None  # a lead was faster


def _slot_is_past(schedule: Schedule, *, now: datetime) -> bool:
    """Whether a time that the clock's rule names has gone by since the last look."""
    if not schedule.cron:
        return False
    return schedule.looked > now or next_after(schedule.cron, schedule.looked) <= now
