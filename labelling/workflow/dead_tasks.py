"""Short tasks that failed: kept until the same one succeeds, is sent again, or is given up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from labelling import enqueue
from labelling.models import DeadTask

LONGEST = 2000
"""Characters of an error that are kept."""


def note_failure(
    name: str, ids: Mapping[str, Any], *, error: BaseException, now: datetime
) -> DeadTask:
    """Count a failure of the task `name` that was sent with `ids`: one row, however many."""
    told = f"{type(error).__name__}: {error}"[:LONGEST]
    row, new = DeadTask.objects.get_or_create(
        digest=digest_of(name, ids),
        defaults={"name": name, "ids": dict(ids), "error": told, "first": now, "last": now},
    )
    if not new:
        DeadTask.objects.filter(pk=row.pk).update(times=F("times") + 1, error=told, last=now)
    return row


def note_success(name: str, ids: Mapping[str, Any]) -> bool:
    """Forget that it failed before; whether it had. One query, and no lock, where it hadn't."""
    failed = DeadTask.objects.filter(digest=digest_of(name, ids))
    return failed.exists() and failed.delete()[0] > 0


def digest_of(name: str, ids: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps([name, dict(ids)], sort_keys=True).encode()).hexdigest()


def send_again(dead: DeadTask) -> None:
    """Send the task once more; the row goes, and comes back if it fails."""
    with transaction.atomic():
        DeadTask.objects.filter(pk=dead.pk).delete()
        enqueue.enqueue(enqueue.Job(dead.name), **dead.ids)
