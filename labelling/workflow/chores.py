"""What is done again and again for the whole installation, in rhythms that the database holds.

Beat knows one task, the tick; the tick sends what is due. So a new rhythm holds from the next tick
on, without a restart, and two beats by mistake send nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from labelling import enqueue
from labelling.errors import BadInput, NotFound
from labelling.models import Chore
from labelling.workflow.cron import check_cron, next_after

LONGEST = timedelta(days=31)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
SLACK = timedelta(seconds=2)
"""A tick that comes a little early doesn't make its chore wait for the next one."""


@dataclass(frozen=True)
class Duty:
    job: enqueue.Job
    what: str
    every: float | None = None
    cron: str = ""


DUTIES: Mapping[str, Duty] = {
    "sweep": Duty(enqueue.Job.SWEEP, "return expired tiles, take up dead workers' jobs", every=20),
    "schedule": Duty(enqueue.Job.SCHEDULE, "start the rounds that are due", every=60),
    "cvat": Duty(enqueue.Job.CVAT_POLL, "take in what was drawn in CVAT", every=60),
    "reconcile": Duty(
        enqueue.Job.CVAT_RECONCILE, "compare with CVAT, put right what can be", cron="0 3 * * *"
    ),
    "tidy": Duty(enqueue.Job.TIDY, "remove what finished work left behind", cron="30 3 * * *"),
}
"""By name, with the rhythm that holds until somebody sets another."""


def send_due(*, now: datetime) -> list[str]:
    """Send the chores that are due; their names. One query, and one for each that is due."""
    return [
        chore.name
        for chore in chores(now=now)
        if chore.on and is_due(chore, now=now) and sent(chore, now=now)
    ]


def chores(*, now: datetime) -> list[Chore]:
    """All of them, in the order of DUTIES; those that have no row yet get one."""
    rows = {row.name: row for row in Chore.objects.filter(name__in=DUTIES)}
    return [rows.get(name) or _first(name, now=now) for name in DUTIES]


def _first(name: str, *, now: datetime) -> Chore:
    duty = DUTIES[name]
    fresh = {
        "every": duty.every,
        "cron": duty.cron,
        # What runs all the time begins at once; what has its hour waits for it.
        "sent": now if duty.cron else NEVER,
    }
    return Chore.objects.get_or_create(name=name, defaults=fresh)[0]


def due_at(chore: Chore) -> datetime:
    if chore.every is None:
        return next_after(chore.cron, chore.sent)
    return chore.sent + timedelta(seconds=chore.every)


def is_due(chore: Chore, *, now: datetime) -> bool:
    """A time of sending that is still to come is from before the clock was set back."""
    slack = timedelta(0) if chore.every is None else SLACK
    return chore.sent > now + SLACK or due_at(chore) <= now + slack


def sent(chore: Chore, *, now: datetime) -> bool:
    if not chore.claim(now=now):
        return False
    enqueue.enqueue(DUTIES[chore.name].job)
    return True


def set_chore(name: str, *, rhythm: str | None, on: bool | None, now: datetime) -> Chore:
    """Give a chore another rhythm, seconds or five fields of cron, or switch it off and on.

    Raises NotFound for a chore there isn't, BadInput for a rhythm that is none.
    """
    if name not in DUTIES:
        raise NotFound(
            f"There is no chore {name!r}.", field="name", help=f"There is: {', '.join(DUTIES)}."
        )
    news = {} if rhythm is None else read_rhythm(rhythm)
    if on is not None:
        news["on"] = on
    row = next(each for each in chores(now=now) if each.name == name)
    Chore.objects.filter(pk=row.pk).update(**news)
    row.refresh_from_db()
    return row


def read_rhythm(text: str) -> dict[str, object]:
    """{every, cron}, one of which is set. Raises BadInput."""
    if len(text.split()) > 1:
        return {"every": None, "cron": check_cron(text, field="rhythm")}
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    least, most = enqueue.TICK_SECONDS, LONGEST.total_seconds()
    if not least <= seconds <= most:
        raise BadInput(
            f"A rhythm is {least:.0f} to {most:.0f} seconds or five fields of cron, not {text!r}.",
            field="rhythm",
        )
    return {"every": seconds, "cron": ""}
