"""Long work of a campaign: what it is, how far it is, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from labelling import enqueue
from labelling.models import Job

from .paging import Order, page
from .running import StepProgress, progress

WORDS = {
    enqueue.Job.RUN_JOB.value: "round",
    enqueue.Job.EXPORT.value: "export",
    enqueue.Job.INGEST.value: "ingest",
    enqueue.Job.FREEZE.value: "snapshot",
    enqueue.Job.RELEASE.value: "release",
    enqueue.Job.MIGRATE_LABELS.value: "migration",
    enqueue.Job.MINE.value: "mining",
}
"""{kind of a row: as people call it}"""
UNFINISHED = (Job.State.WAITING.value, Job.State.RUNNING.value)
LARGEST_PAGE = 200
NEWEST_FIRST = Order("newest", None, descending=True)


@dataclass(frozen=True)
class JobRow:
    """A job as a lead sees it."""

    id: str
    kind: str
    """One of WORDS, or the task's own name."""
    campaign: str
    """Slug; empty: it belongs to none."""
    round: int | None
    """Number, of a round's job."""
    state: str
    progress: StepProgress | None
    """None: nothing was counted yet."""
    stage: str
    """What it is at; empty before it begins."""
    attempts: int
    """Workers that took it up: above 1, one of them died."""
    error: str
    """Why it failed, or why it waits to be tried again."""
    cancelling: bool
    """Asked to stop, and not stopped yet."""
    asked_by: str
    """Username; empty: the workbench itself or the command line."""
    created: datetime
    finished: datetime | None
    can_cancel: bool
    can_retry: bool


def jobs_of(
    jobs: QuerySet[Job],
    *,
    states: Iterable[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[JobRow], str | None]:
    """At most `limit` of `jobs`, the newest first, and the cursor of the next page. One query.

    Raises BadInput for a cursor that isn't of this list.
    """
    wanted = jobs.select_related("campaign", "round__asked_by").defer("result")
    if chosen := list(states):
        wanted = wanted.filter(state__in=chosen)
    found, after = page(wanted, NEWEST_FIRST, cursor=cursor, limit=limit)
    return [row(job) for job in found], after


def row(job: Job) -> JobRow:
    """Needs campaign and round with who asked for it loaded."""
    unfinished = job.state in UNFINISHED
    return JobRow(
        id=str(job.uuid),
        kind=WORDS.get(job.kind, job.kind.removeprefix("labelling.")),
        campaign=job.campaign.slug if job.campaign else "",
        round=job.round.n if job.round else None,
        state=job.state,
        progress=progress(job.progress),
        stage=str(job.progress.get("stage", "")),
        attempts=job.attempts,
        error=job.error,
        cancelling=job.cancel and unfinished,
        asked_by=_asker(job),
        created=job.created,
        finished=job.finished,
        can_cancel=unfinished and not job.cancel,
        can_retry=job.state == Job.State.FAILED,
    )


def _asker(job: Job) -> str:
    asked: Any = job.request.get("asked_by", "")
    if job.round and job.round.asked_by:
        return str(job.round.asked_by.get_username())
    return str(asked)
