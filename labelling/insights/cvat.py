"""How the campaign's CVAT server fares: what waits, what is held and why, how far behind we are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from labelling.errors import NotFound
from labelling.models import Campaign, CvatBatch, CvatJob, CvatLink, Outbox, Task

from .paging import Order, page

LARGEST_PAGE = 200
BY_ID = Order("oldest", None)
CLOSED, OPEN, TRIAL = "closed", "open", "trial"
"""Of the circuit breaker: calls are made · none is made for a while · one is made to try."""
WAITING = (Task.State.IN_REVIEW, Task.State.REJECTED)
"""A reviewer looks at the label, or its rework isn't open yet: shapes wait until that is over."""
UNREADY = (CvatBatch.State.PLANNED, CvatBatch.State.CREATING)
LIVE = Q(gone=None, remote__isnull=False)
"""Jobs that the server holds."""


@dataclass(frozen=True)
class Oldest:
    """The change that has waited longest to be fetched."""

    job: int
    """Id of the job there."""
    tile: str
    changed: datetime
    """By the server's clock."""
    where: str
    """Address of its page."""


@dataclass(frozen=True)
class CvatStatus:
    """Of one campaign's link."""

    url: str
    project: int
    server_version: str
    breaker: str
    """`closed`, `open` or `trial`."""
    failures: int
    """Calls in a row that failed."""
    failing_since: datetime | None
    retry_at: datetime | None
    last_error: str
    answered: datetime | None
    """When the server last answered, as far as noted: about once a minute."""
    refused: str
    """What it answers, but refuses, and what to do; empty: nothing."""
    refused_since: datetime | None
    watermark: datetime | None
    """Changes before it are known; by the server's clock."""
    swept: datetime | None
    """When all jobs were last compared."""
    lag_seconds: float
    """Age of the oldest change that isn't fetched; 0: all are."""
    unfetched: int
    oldest: Oldest | None
    jobs: int
    """On the server."""
    imported: int
    """Of those, jobs whose label is here."""
    gone: int
    """Deleted there."""
    unready: int
    """Batches that aren't all there yet."""
    unsent: int
    """Messages that wait to be sent."""
    oldest_unsent: datetime | None
    waits_because: str
    """Why the oldest batch or message that failed did; empty: none did."""
    held: dict[str, int]
    """{reason's code: jobs}."""
    minutes: float
    """Sum of the estimates of work on its tiles."""


@dataclass(frozen=True)
class Held:
    """A job whose shapes aren't taken in, and why."""

    id: int
    job: int
    where: str
    tile: str
    task: uuid.UUID
    state: str
    """Of the task."""
    person: str
    """Whom it was given to; empty: nobody."""
    code: str
    reason: str
    changed: datetime | None


@dataclass(frozen=True)
class HeldPage:
    results: list[Held]
    cursor: str | None


def is_linked(campaign: Campaign) -> bool:
    return CvatLink.objects.filter(campaign=campaign).exists()


def link_of(campaign: Campaign) -> CvatLink:
    """One query. Raises NotFound."""
    link = CvatLink.objects.select_related("campaign__schema").filter(campaign=campaign).first()
    if link is None:
        raise NotFound(
            f"Campaign {campaign.slug} isn't linked to a CVAT server.",
            field="campaign",
            help=f"Link it with manage.py cvat connect --campaign {campaign.slug}.",
        )
    return link


def live_jobs(link: CvatLink) -> QuerySet[CvatJob]:
    """Those that the server holds."""
    return CvatJob.objects.filter(LIVE, batch__link=link)


def unfetched(link: CvatLink) -> QuerySet[CvatJob]:
    """Jobs with a change that hasn't been dealt with, and could be."""
    return unfetched_jobs().filter(batch__link=link)


def unfetched_jobs() -> QuerySet[CvatJob]:
    """The same, of every link."""
    undone = Q(fetched=None) | ~Q(fetched=F("updated"))
    found = CvatJob.objects.filter(LIVE, undone, updated__isnull=False)
    return found.exclude(task__state__in=WAITING)


def cvat_status(campaign: Campaign, *, now: datetime) -> CvatStatus:
    """Ten queries at most. Raises NotFound for a campaign without a link."""
    link = link_of(campaign)
    health = link.health
    waiting = unfetched(link)
    oldest = _oldest(waiting)
    unsent = Outbox.objects.filter(campaign=campaign, sent=None).aggregate(
        n=Count("pk"), oldest=Min("created")
    )
    counted = _counted(link)
    refused = min(health.get("refused", {}).values(), key=lambda each: each["since"], default=None)
    return CvatStatus(
        url=link.url,
        project=link.project,
        server_version=link.server_version,
        breaker=_breaker(health.get("retry_at"), now),
        failures=int(health.get("failures") or 0),
        failing_since=_moment(health.get("since")),
        retry_at=_moment(health.get("retry_at")),
        last_error=health.get("last_error") or "",
        answered=_moment(health.get("last_ok")),
        refused=f"{refused['error']} {refused['help']}".strip() if refused else "",
        refused_since=_moment(refused["since"]) if refused else None,
        watermark=link.watermark,
        swept=link.swept,
        lag_seconds=max((now - oldest.changed) / timedelta(seconds=1), 0.0) if oldest else 0.0,
        unfetched=waiting.count(),
        oldest=oldest,
        jobs=counted["jobs"],
        imported=counted["imported"],
        gone=CvatJob.objects.filter(batch__link=link, gone__isnull=False).count(),
        unready=_unready(link),
        unsent=unsent["n"],
        oldest_unsent=unsent["oldest"],
        waits_because=_why_waiting(link),
        held=_held_counts(link),
        minutes=round(counted["minutes"], 1),
    )


def held_jobs(campaign: Campaign, *, cursor: str | None = None, limit: int = 50) -> HeldPage:
    """Jobs whose shapes aren't taken in, the oldest first. Two queries. Raises NotFound, BadInput
    (cursor)."""
    rows = live_jobs(link_of(campaign)).exclude(held_code="")
    rows = rows.select_related("batch__link", "task__tile__acquisition__place", "assignee")
    found, after = page(rows, BY_ID, cursor=cursor, limit=limit)
    return HeldPage([_held(row) for row in found], after)


def _held(row: CvatJob) -> Held:
    return Held(
        id=row.pk,
        job=row.remote or 0,
        where=row.where,
        tile=row.task.tile.key,
        task=row.task.uuid,
        state=row.task.state,
        person=row.assignee.username if row.assignee else "",
        code=row.held_code,
        reason=row.held_text,
        changed=row.updated,
    )


def _oldest(waiting: QuerySet[CvatJob]) -> Oldest | None:
    rows = waiting.select_related("batch__link", "task__tile__acquisition__place")
    row = rows.order_by("updated", "pk").first()
    if row is None or row.updated is None:
        return None
    return Oldest(row.remote or 0, row.task.tile.key, row.updated, row.where)


def _counted(link: CvatLink) -> dict[str, Any]:
    return live_jobs(link).aggregate(
        jobs=Count("pk"), imported=Count("annotation"), minutes=Sum("minutes", default=0.0)
    )


def _held_counts(link: CvatLink) -> dict[str, int]:
    held = live_jobs(link).exclude(held_code="").order_by("held_code")
    return dict(held.values_list("held_code").annotate(n=Count("pk")))


def _unready(link: CvatLink) -> int:
    return CvatBatch.objects.filter(link=link, state__in=UNREADY).count()


def _why_waiting(link: CvatLink) -> str:
    batches = CvatBatch.objects.filter(link=link, state__in=UNREADY).exclude(error="")
    messages = Outbox.objects.filter(campaign=link.campaign, sent=None).exclude(error="")
    for rows in (batches, messages):
        if error := rows.order_by("pk").values_list("error", flat=True).first():
            return error
    return ""


def _breaker(retry_at: str | None, now: datetime) -> str:
    if not retry_at:
        return CLOSED
    return OPEN if now < datetime.fromisoformat(retry_at) else TRIAL


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
