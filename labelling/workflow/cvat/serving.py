"""Tiles for people who draw in CVAT: reserved in the queue here, given to them there.

Reserving a tile that has a job there gives that one job to the person (steps.py). Here: the next
tile when one is finished, and taking one back when its lease has run out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from labelling import enqueue
from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import JobSeen
from labelling.errors import (
    Conflict,
    CvatAway,
    CvatGone,
    CvatProtocol,
    CvatRefused,
    LimitReached,
    QueueEmpty,
)
from labelling.models import CvatJob, CvatLink, CvatUser, Reservation, Task
from labelling.workflow.claims import claim_next, claim_this, return_one
from labelling.workflow.cvat.options import options_of
from labelling.workflow.cvat.steps import BEGUN, COMPLETED, DRAWING, lost, note
from labelling.workflow.outbox import asked_first, served
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.spells import in_hand

ACTIVE, HELD = Reservation.Kind.ACTIVE, Reservation.Kind.HELD
logger = logging.getLogger(__name__)


@dataclass
class Looked:
    """What became of leases that had run out."""

    finished: int = 0
    """Finished there meanwhile: to be taken in, not taken back."""
    renewed: int = 0
    """Drawn in since the lease began."""
    returned: int = 0
    lost: int = 0
    """Deleted there."""

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def top_up(link: CvatLink, person: User, *, now: datetime) -> list[Task]:
    """Reserve what the person lacks of the tiles he is to have there; the new ones.

    In the order of the queue, of the tiles that have a job there. Nothing for who isn't served
    there, has tiles of another campaign, has reached a limit, or for whom nothing waits.
    """
    if not CvatUser.objects.filter(link=link, user=person, serves=True).exists():
        return []
    given: list[Task] = []
    most = 1 + min(options_of(link).ahead, queue_rules(link.campaign).held)
    while (had := sum(map(len, in_hand(person).values()))) < most:
        hold = HELD if had else ACTIVE
        try:
            spell = claim_next(
                campaign=link.campaign, person=person, now=now, hold=hold, among=_there(link)
            )
        except (QueueEmpty, LimitReached, Conflict) as reason:
            logger.info("%s gets no tile in CVAT: %s", person, reason)
            return given
        if sum(map(len, in_hand(person).values())) == had:
            return given  # it was in hand already
        given.append(spell.task)
    return given


def take_up_begun(link: CvatLink, *, now: datetime) -> int:
    """Reserve open tasks for whoever has begun on them there; how many.

    A rework is shown to its author there before anybody reserves it here: the tile is his once he
    sets the job to in progress or completed.
    """
    jobs = served(CvatJob.objects.filter(batch__link=link, task__state=Task.State.OPEN))
    begun = jobs.filter(assignee__isnull=False, state__in=[BEGUN, COMPLETED])
    return sum(take_up(row, now=now) for row in begun.select_related("task__campaign", "assignee"))


def take_up(row: CvatJob, *, now: datetime) -> bool:
    """Reserve an open task for the person that its job is given to there; False where the task
    isn't for that person (any more)."""
    task, person = row.task, row.assignee
    if person is None or task.state != Task.State.OPEN:
        return False
    return claim_this(task=task, person=person, now=now) is not None


def look_after_leases(link: CvatLink, cvat: Cvat, *, clock: Callable[[], datetime]) -> Looked:
    """Ask of each lease that ran out whether the person has finished or is at it; take back the
    others. Raises CvatAway: then they stay where they are, since nobody knows."""
    looked, ids = Looked(), asked_first(now=clock())
    jobs = served(CvatJob.objects.filter(task__in=ids, batch__link=link))
    for job in jobs.select_related("task__campaign", "assignee", "batch__link__campaign"):
        try:
            _look(job, cvat, looked, now=clock())
        except (CvatAway, CvatProtocol, CvatRefused) as odd:
            if isinstance(odd, CvatAway) and odd.unwell:
                raise
            # This one stays where it is, and keeps nobody else's from being looked after.
            logger.warning("%s: %s", job, odd)
    if looked.finished:
        enqueue.enqueue(enqueue.Job.CVAT_PULL, link_id=link.pk)
    return looked


def _look(job: CvatJob, cvat: Cvat, looked: Looked, *, now: datetime) -> None:
    lease = queue_rules(job.task.campaign).lease
    try:
        seen = cvat.job(int(job.remote or 0))
        if _finished(seen):
            looked.finished += _renew(job, now=now, lease=lease)
        elif _at_it(job, seen, lease=lease):
            looked.renewed += _renew(job, now=now, lease=lease)
        else:
            _take_back(job, cvat, looked, now=now, lease=lease)
    except CvatGone:
        lost(job, now=now)
        looked.lost += 1
        looked.returned += return_one(job.task, now=now)


def _take_back(
    job: CvatJob, cvat: Cvat, looked: Looked, *, now: datetime, lease: timedelta
) -> None:
    """First there, then here: so nobody draws in a tile that is somebody else's."""
    seen = cvat.change_job(int(job.remote or 0), assignee=None)
    with transaction.atomic():
        note(job, seen, person=None)
        if _finished(seen):
            # Finished in the moment between: it is still the person's work.
            CvatJob.objects.filter(pk=job.pk).update(assignee=job.assignee)
            looked.finished += _renew(job, now=now, lease=lease)
        else:
            looked.returned += return_one(job.task, now=now)


def _finished(seen: JobSeen) -> bool:
    return seen.state == COMPLETED or seen.stage != DRAWING


def _at_it(job: CvatJob, seen: JobSeen, *, lease: timedelta) -> bool:
    """Whether somebody changed the job within the last lease, by the server's own clock alone:
    ours may differ. What we sent ourselves is known as `updated` or before it."""
    if job.updated is None or job.task.lease_ends is None:
        return False
    return seen.updated > job.updated


def _renew(job: CvatJob, *, now: datetime, lease: timedelta) -> int:
    task = job.task
    return Task.objects.filter(pk=task.pk, state=Task.State.RESERVED, holder=task.holder_id).update(
        lease_ends=now + lease
    )


def _there(link: CvatLink) -> set[int]:
    """Ids of the open tasks that have a job there. One query."""
    jobs = served(CvatJob.objects.filter(batch__link=link, task__state=Task.State.OPEN))
    return set(jobs.values_list("task", flat=True))
