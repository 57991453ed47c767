"""A snapshot's exports, page by page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labelling import enqueue
from labelling.models import Job, Snapshot

from .paging import Order, page

LARGEST_PAGE = 100
NEWEST_FIRST = Order("-id", None, descending=True)


@dataclass(frozen=True)
class ExportRow:
    id: uuid.UUID
    state: str
    format: str
    with_bands: bool
    with_provenance: bool
    asked_by: str
    done: int
    """Tiles written so far."""
    total: int
    created: datetime
    finished: datetime | None
    error: str
    folder: str
    """Where it lies in storage; empty until it is done."""
    files: int
    bytes: int
    sha256: str
    """Of its list of files: equal exports have equal ones."""


def exports(
    snapshot: Snapshot, *, cursor: str | None = None, limit: int = 50
) -> tuple[list[ExportRow], str | None]:
    """The newest first, and the cursor of the next page. One query. Raises BadInput (cursor)."""
    jobs = Job.objects.filter(
        kind=enqueue.Job.EXPORT.value,
        campaign=snapshot.campaign_id,
        request__snapshot=snapshot.hash,
    )
    found, following = page(jobs, NEWEST_FIRST, cursor=cursor, limit=limit)
    return [row(each, snapshot) for each in found], following


def row(job: Job, snapshot: Snapshot) -> ExportRow:
    total = snapshot.counts.get("samples", 0)
    request: Mapping[str, Any] = job.request
    result: Mapping[str, Any] = job.result
    return ExportRow(
        id=job.uuid,
        state=job.state,
        format=request["form"],
        with_bands=request["with_bands"],
        with_provenance=request["with_provenance"],
        asked_by=request["asked_by"],
        done=total if job.state == Job.State.DONE else job.progress.get("done", 0),
        total=total,
        created=job.created,
        finished=job.finished,
        error=job.error,
        folder=result.get("folder", ""),
        files=result.get("files", 0),
        bytes=result.get("bytes", 0),
        sha256=result.get("sha256", ""),
    )
