"""Celery's side of logs and metrics: a task goes on with the id of the request that sent it."""

from __future__ import annotations

import logging
import logging.config
import time
import uuid
from typing import Any

import structlog
from celery import Celery, Task, signals
from django.conf import settings
from django.db import DatabaseError

HEADER = "workbench_request"
"""Header of a message: the id of the request, or the task, that it came from."""
OFTEN = ("labelling.tick", "labelling.sweep")
"""Tasks sent every few seconds: no line, unless one ends badly."""
logger = logging.getLogger("labelling.worker")


def install(app: Celery) -> None:
    signals.before_task_publish.connect(give_id)
    signals.setup_logging.connect(set_up_logging)
    signals.task_prerun.connect(begin)
    signals.task_postrun.connect(end)


def give_id(headers: dict[str, Any] | None = None, **signal: Any) -> None:
    request = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request:
        headers[HEADER] = request


def set_up_logging(**signal: Any) -> None:
    """With this connected Celery leaves logging to us."""
    logging.config.dictConfig(settings.LOGGING)


def begin(task: Task, task_id: str, kwargs: dict[str, Any], **signal: Any) -> None:
    structlog.contextvars.clear_contextvars()
    request = (task.request.headers or {}).get(HEADER) or uuid.uuid4().hex
    structlog.contextvars.bind_contextvars(
        request_id=request, celery=task_id, work=task.name, **kwargs, **ids_of(kwargs.get("job_id"))
    )
    task.request.workbench_began = time.perf_counter()


def end(task: Task, state: str | None = None, retval: Any = None, **signal: Any) -> None:
    # Only here: whoever merely sends tasks needs no metrics of working on them.
    from labelling.insights.metrics import EXPIRIES, SWEPT, TASKS

    seconds = time.perf_counter() - task.request.get("workbench_began", time.perf_counter())
    outcome = (state or "unknown").lower()
    TASKS.labels(task.name, outcome).observe(seconds)
    if task.name == "labelling.sweep" and isinstance(retval, dict):
        EXPIRIES.inc(retval["reservations"])
        SWEPT.set(time.time())
    quiet = outcome == "success" and task.name in OFTEN
    told = {"outcome": outcome, "ms": round(seconds * 1000, 1)}
    logger.log(logging.DEBUG if quiet else logging.INFO, "%s %s", task.name, outcome, extra=told)
    structlog.contextvars.clear_contextvars()


def ids_of(job_id: int | None) -> dict[str, Any]:
    """What else the lines of a job's work name: its uuid, its campaign and its round."""
    from labelling.models import Job

    if job_id is None:
        return {}
    named = {"uuid": "job", "campaign__slug": "campaign", "round__n": "round"}
    try:
        row = Job.objects.filter(pk=job_id).values(*named).first()
    except DatabaseError:
        return {}
    return {named[name]: value for name, value in (row or {}).items() if value is not None}
