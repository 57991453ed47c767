"""Pull: what changed on the server since last time, found by polling, and taken in job by job.

First the list: jobs that changed since the watermark, with some overlap, are written into their
rows; only then does the watermark move on. Then the shapes: every row whose last change hasn't been
dealt with is fetched. So a worker may be killed at any moment, and two may pull at once: what one
has dealt with the other passes over, and equal shapes are taken in once. Each job stands alone: one
that can't be read is held, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from labelling.adapters.cvat.client import Cvat
from labelling.adapters.cvat.seen import JobSeen
from labelling.errors import CvatGone
from labelling.insights.cvat import WAITING, live_jobs, unfetched
from labelling.models import CvatJob, CvatLink, Task
from labelling.workflow.cvat.dealing import Desk, Pulled, deal_with_all
from labelling.workflow.cvat.deleted import hold_deleted
from labelling.workflow.cvat.importing_shapes import NOT_THEIRS
from labelling.workflow.cvat.steps import lost
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.spells import renew_held

OVERLAP = timedelta(minutes=5)
"""A change may be committed on the server after a later one was listed."""
WHOLE_EVERY = timedelta(hours=24)
"""All jobs are compared that often: what polling missed is found."""
AT_WORK = timedelta(minutes=5)
"""Changes of one job further apart than this had a pause between them."""
AT_ONCE = 500


def pull(
    link: CvatLink, cvat: Cvat, *, clock: Callable[[], datetime], whole: bool = False
) -> Pulled:
    """Bring a campaign up to date; the whole project once a day, or when asked.

    Raises CvatAway, CvatForbidden, CvatProtocol: what was done stays done, the rest waits.
    """
    now = clock()
    whole = whole or link.watermark is None or not link.swept or now - link.swept > WHOLE_EVERY
    pulled = Pulled(whole=whole)
    if whole or link.watermark is None:
        seen = cvat.jobs(project=link.project)
    else:
        seen = cvat.changed_jobs(link.project, since=link.watermark - OVERLAP)
    keep_leases(link, note(link, seen, pulled, listed_at=cvat.transport.clock), now=now)
    if whole:
        _look_for_lost(link, cvat, {each.id for each in seen}, pulled, now=now)
        pulled.held += hold_deleted(link, cvat)
    waiting = to_fetch(link, held=whole)
    if waiting:
        deal_with_all(waiting, Desk(link, cvat, pulled, clock))
    if whole:
        CvatLink.objects.filter(pk=link.pk).update(swept=now)
        link.swept = now
    return pulled


def pull_one(row: CvatJob, cvat: Cvat, *, clock: Callable[[], datetime]) -> Pulled:
    """Bring one job up to date, of whatever the list may not have told yet.

    Raises CvatAway, CvatForbidden, CvatProtocol.
    """
    link, pulled = row.batch.link, Pulled()
    try:
        changed = note(link, [cvat.job(row.remote or 0)], pulled, whole_list=False)
    except CvatGone:
        lost(row, now=clock())
        pulled.gone = 1
        return pulled
    keep_leases(link, changed, now=clock())
    if row.pk in to_fetch(link, held=False):
        deal_with_all([row.pk], Desk(link, cvat, pulled, clock))
    return pulled


@transaction.atomic
def note(
    link: CvatLink,
    seen: Iterable[JobSeen],
    pulled: Pulled,
    *,
    whole_list: bool = True,
    listed_at: datetime | None = None,
) -> list[CvatJob]:
    """Write what the list tells into the rows, and move the watermark on; the rows that changed.

    `listed_at` is the server's clock when it told the list: with it the watermark moves on while
    nothing changes, and the changes of a busy hour aren't listed again at each poll after it.
    """
    told = {each.id: each for each in seen}
    pulled.listed = len(told)
    rows = _rows_of(link, told)
    fresh = []
    for row in rows:
        each = told[row.remote or 0]
        if row.updated is None or each.updated > row.updated:
            row.minutes = _worked(row, each)
            row.stage, row.state, row.remote_assignee = each.stage, each.state, each.assignee
            row.updated = each.updated
            fresh.append(row)
    CvatJob.objects.bulk_update(
        fresh, ["minutes", "stage", "state", "remote_assignee", "updated"], batch_size=AT_ONCE
    )
    pulled.foreign = len(told) - len(rows)
    known = [each.updated for each in told.values()] + ([listed_at] if listed_at else [])
    newest = max(known, default=None)
    if whole_list and newest and (link.watermark is None or newest > link.watermark):
        CvatLink.objects.filter(pk=link.pk).filter(
            Q(watermark=None) | Q(watermark__lt=newest)
        ).update(watermark=newest)
        link.watermark = newest
    return fresh


def keep_leases(link: CvatLink, changed: Sequence[CvatJob], *, now: datetime) -> None:
    """Lengthen the leases of those whose jobs changed: no page of ours tells that they draw.

    Counted from when we hear of it, for the server's clock may differ from ours.
    """
    given = [row.pk for row in changed if row.assignee_id is not None]
    theirs = Task.objects.filter(
        state=Task.State.RESERVED, cvat_jobs__in=given, holder=F("cvat_jobs__assignee")
    )
    drawn = list(theirs.select_related("holder"))
    if not drawn:
        return
    lease = queue_rules(link.campaign).lease
    with transaction.atomic():
        for task in drawn:
            mine = Task.objects.filter(pk=task.pk, state=Task.State.RESERVED, holder=task.holder)
            if mine.update(lease_ends=now + lease) and task.holder is not None:
                renew_held(task.holder, now=now, lease=lease)


def to_fetch(link: CvatLink, *, held: bool) -> list[int]:
    """Rows with a change that hasn't been dealt with, the oldest change first; with `held` also
    those that are held."""
    mine = Q(
        # Whoever drew it has the tile in hand by now.
        held_code=NOT_THEIRS,
        task__state=Task.State.RESERVED,
        task__holder=F("assignee"),
    )
    if held:
        mine |= ~Q(held_code="")
    again = live_jobs(link).filter(mine).exclude(task__state__in=WAITING)
    rows = (unfetched(link) | again).order_by("updated", "pk")
    return list(rows.values_list("pk", flat=True))


def _rows_of(link: CvatLink, told: Mapping[int, JobSeen]) -> list[CvatJob]:
    rows: list[CvatJob] = []
    ids = list(told)
    for first in range(0, len(ids), AT_ONCE):
        some = live_jobs(link).filter(remote__in=ids[first : first + AT_ONCE])
        rows += some.order_by("pk").select_for_update(of=("self",))
    return rows


def _worked(row: CvatJob, seen: JobSeen) -> float | None:
    """Minutes of work on the job, estimated: the gaps between its changes that had no pause."""
    if row.updated is None or seen.assignee is None or seen.stage != "annotation":
        return row.minutes
    gap = seen.updated - row.updated
    if gap > AT_WORK:
        return row.minutes
    return (row.minutes or 0.0) + gap.total_seconds() / 60


def _look_for_lost(
    link: CvatLink, cvat: Cvat, listed: set[int], pulled: Pulled, *, now: datetime
) -> None:
    """Jobs of ours that a whole list lacks; each is asked for by name before it is given up."""
    for row in live_jobs(link).exclude(remote__in=listed).select_related("task__campaign"):
        try:
            cvat.job(row.remote or 0)
        except CvatGone:
            lost(row, now=now)
            pulled.gone += 1
