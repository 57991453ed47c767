"""Sending the rows of workflow/outbox.py.

A row is in one worker's hands at a time, for as long as that worker gives signs of life. One that
fails waits, longer each time; while the server is away all wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.faults import told
from labelling.errors import Conflict, CvatAway, CvatError, StorageAway, WorkbenchError
from labelling.models import CvatLink, Outbox
from labelling.workflow.lease import DATABASE_AWAY
from labelling.workflow.outbox import unsent

IN_HAND = timedelta(minutes=10)
"""How long a worker may be silent over a row before another one takes it."""
AGAIN, LATEST = timedelta(seconds=15), timedelta(minutes=30)
"""Until a row that failed is tried again: doubled each time."""
AT_ONCE = 500
"""Rows sent in one go at most; the next sweep sends the rest."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sending:
    """What sending takes."""

    cvat: Cvat
    link: CvatLink
    clock: Callable[[], datetime]
    pause: Callable[[float], None]


Send = Callable[[Outbox, Sending], None]


def send_all(sending: Sending, sends: Mapping[str, Send]) -> dict[str, int]:
    """Send what is due, the oldest first: {sent, failed}. One row's failure doesn't stop the next,
    unless the server is away.
    """
    count = {"sent": 0, "failed": 0}
    for pk in list(_due(sending).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        row = _take(pk, sending)
        if row is None:
            continue
        try:
            sends[row.verb](row, sending)
        except DATABASE_AWAY:
            raise
        except Exception as error:
            _put_back(row, _as_refusal(row, error), sending)
            count["failed"] += 1
            if stops_all(error):
                break
        else:
            _mine(row).update(sent=sending.clock(), error="", due=None)
            count["sent"] += 1
    return count


def stops_all(error: Exception) -> bool:
    """Whether what comes next would fail as well. A 500 is said of one request alone."""
    return isinstance(error, StorageAway) or (isinstance(error, CvatAway) and error.unwell)


def keep(row: Outbox, *, now: datetime) -> None:
    """Tell that a worker is still at it. Raises Conflict when another one has taken the row."""
    if not _mine(row).update(due=now + IN_HAND):
        raise Conflict(
            f"{row}: another worker took it over, since this one was silent for too long.",
            help="Nothing is to be done: the other one sends it.",
        )


def _mine(row: Outbox) -> QuerySet[Outbox]:
    """The row, unless another worker has taken it since: each take counts as an attempt."""
    return Outbox.objects.filter(pk=row.pk, sent=None, attempts=row.attempts)


def _due(sending: Sending) -> QuerySet[Outbox]:
    return unsent(sending.link).filter(Q(due=None) | Q(due__lte=sending.clock()))


def _take(pk: int, sending: Sending) -> Outbox | None:
    """The row, in nobody else's hands for a while; None if somebody else has it."""
    now = sending.clock()
    mine = _due(sending).filter(pk=pk).update(due=now + IN_HAND, attempts=F("attempts") + 1)
    return Outbox.objects.get(pk=pk) if mine else None


def _as_refusal(row: Outbox, error: Exception) -> WorkbenchError:
    """A fault of the workbench as words; the others' rows are sent all the same."""
    if isinstance(error, WorkbenchError):
        return error
    logger.exception("%s can't be sent", row)
    return WorkbenchError(f"The workbench failed: {type(error).__name__}: {error}")


def _put_back(row: Outbox, error: WorkbenchError, sending: Sending) -> None:
    pause = min(AGAIN * 2 ** min(row.attempts - 1, 10), LATEST)
    if isinstance(error, CvatAway) and error.unwell:
        # The breaker says when the server is asked again; this row isn't to blame.
        pause = max(AGAIN, timedelta(seconds=error.retry_after))
    said = told(f"{error} {error.help}".strip())
    _mine(row).update(error=said, due=sending.clock() + pause)
    level = logging.INFO if isinstance(error, CvatAway) else logging.WARNING
    kind = type(error).__name__ if isinstance(error, CvatError) else "refused"
    logger.log(level, "%s: %s: %s", row, kind, said)
