"""What Celery calls: load rows, make one call.

Long work is a row of Job. Its message is acknowledged at once, for recovery rests on the row's
lease; it has no time limit, since its worker shows that it lives. Other tasks take seconds and are
ended after ten minutes, but for the two of the night; those that nothing else sends again soon try
again by themselves.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from celery import Task as CeleryTask
from celery import shared_task
from celery.signals import (
    task_failure,
    task_postrun,
    task_success,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from django.db import DatabaseError, close_old_connections

from labelling import clock, enqueue
from labelling.adapters.blobs import Blobs, store
from labelling.errors import CvatAway, StorageAway
from labelling.models import Job
from labelling.workflow import shutdown
from labelling.workflow.chores import send_due
from labelling.workflow.comparing import compare_label as compare
from labelling.workflow.cvat.errands import errands_of
from labelling.workflow.cvat.polling import ask_for_pulls, pull_link, reconcile_all
from labelling.workflow.dead_tasks import note_failure, note_success
from labelling.workflow.export.jobs import run_export
from labelling.workflow.helping import help_job
from labelling.workflow.ingest.jobs import run_ingest
from labelling.workflow.lease import DATABASE_AWAY
from labelling.workflow.mining import run_mining
from labelling.workflow.relabelling import run_migration
from labelling.workflow.releasing.jobs import run_release
from labelling.workflow.rounds import run_round
from labelling.workflow.schedule import start_due
from labelling.workflow.snapshots.jobs import run_freeze
from labelling.workflow.sweep import sweep as sweep_up
from labelling.workflow.tidying import tidy as tidy_up

LIMITS = {"soft_time_limit": 540, "time_limit": 600}
"""Seconds of a task that isn't a Job row's: an error that it may catch, then the end."""
AGAIN = {
    "autoretry_for": (StorageAway, CvatAway, *DATABASE_AWAY),
    "retry_backoff": 5,
    "retry_backoff_max": 300,
    "retry_jitter": True,
    "max_retries": 5,
}
"""After 5, 10, 20 … seconds, less a part by chance: all that failed together don't return so."""
logger = logging.getLogger(__name__)


class Run(Protocol):
    """Does what is left of a job that was taken."""

    def __call__(self, job: Job, *, blobs: Blobs, clock: Callable[[], datetime]) -> None: ...


def job_task(kind: enqueue.Job, run: Run) -> CeleryTask:
    """The task of a kind of Job row; delivered twice, the second delivery finds the job taken."""

    @shared_task(name=kind.value)
    def work(*, job_id: int) -> str:
        if shutdown.asked():
            enqueue.enqueue(kind, job_id=job_id)  # it was on its way when we were told to end
            return "left to another worker"
        job = Job.objects.select_related("campaign", "round__campaign__schema").get(pk=job_id)
        if not job.take(now=clock.now()):
            return f"{job} is not waiting"
        run(job, blobs=store(), clock=clock.now)
        return str(job)

    return work


run_job = job_task(enqueue.Job.RUN_JOB, run_round)
export = job_task(enqueue.Job.EXPORT, run_export)
ingest = job_task(enqueue.Job.INGEST, run_ingest)
freeze = job_task(enqueue.Job.FREEZE, run_freeze)
release = job_task(enqueue.Job.RELEASE, run_release)
migrate_labels = job_task(enqueue.Job.MIGRATE_LABELS, run_migration)
mine = job_task(enqueue.Job.MINE, run_mining)


def shards_task(kind: enqueue.Job) -> CeleryTask:
    """The task of a worker that helps whoever holds a Job row; no message of it is missed."""

    @shared_task(name=kind.value)
    def work(*, job_id: int) -> str:
        if shutdown.asked():
            enqueue.enqueue(kind, job_id=job_id)
            return "left to another worker"
        return help_job(job_id, blobs=store(), clock=clock.now)

    return work


score_shards = shards_task(enqueue.Job.SCORE_SHARDS)
io_shards = shards_task(enqueue.Job.IO_SHARDS)


@shared_task(name=enqueue.Job.TICK.value, **LIMITS)
def tick() -> list[str]:
    return send_due(now=clock.now())


@shared_task(name=enqueue.Job.SCHEDULE.value, **LIMITS)
def schedule() -> list[str]:
    return [str(round) for round in start_due(now=clock.now())]


@shared_task(name=enqueue.Job.SWEEP.value, **LIMITS)
def sweep() -> dict[str, int]:
    return sweep_up(now=clock.now())


@shared_task(name=enqueue.Job.TIDY.value)
def tidy() -> dict[str, int]:
    return tidy_up(blobs=store(), now=clock.now()).counts


# May be called any number of times, by several at once: so its message is kept until it is done.
@shared_task(name=enqueue.Job.COMPARE_LABEL.value, acks_late=True, **LIMITS, **AGAIN)
def compare_label(*, annotation_id: int) -> bool:
    return compare(annotation_id=annotation_id, now=clock.now())


@shared_task(name=enqueue.Job.CVAT_PULL.value, **LIMITS, **AGAIN)
def cvat_pull(*, link_id: int) -> str:
    return pull_link(link_id, clock=clock.now)


@shared_task(name=enqueue.Job.CVAT_POLL.value, **LIMITS)
def cvat_poll() -> int:
    return ask_for_pulls()


@shared_task(name=enqueue.Job.CVAT_SEND.value, **LIMITS)
def cvat_send(*, link_id: int) -> str:
    """Send what waits, and look after what is served; two at a time don't take the same row."""
    return errands_of(link_id, clock=clock.now)


@shared_task(name=enqueue.Job.CVAT_RECONCILE.value)
def cvat_reconcile() -> list[str]:
    return reconcile_all(clock=clock.now)


@worker_ready.connect
def sweep_at_start(sender: CeleryTask | None = None, **signal: Any) -> None:
    """A worker starts by looking for what died with the one before it."""
    enqueue.enqueue(enqueue.Job.SWEEP)


@worker_shutting_down.connect
def stop_work(sig: str = "", how: str = "", **told: Any) -> None:
    """SIGTERM: long work keeps what it has and goes on elsewhere. A second one: at once.

    Celery's own warm shutdown waits for tasks to end, which for a training may be a day.
    """
    if how == "Warm" and not shutdown.asked():
        shutdown.ask()
        return
    again = sig == "SIGTERM" and not shutdown.at_once()
    shutdown.ask(shutdown.NOW)
    if again:
        os.kill(os.getpid(), signal.SIGQUIT)  # Celery's cold shutdown


@worker_process_init.connect
def outlive_sigterm(**told: Any) -> None:
    """Where all processes of a worker get the signal, those that work still end in order."""
    signal.signal(signal.SIGTERM, _end_in_order)


def _end_in_order(number: int, frame: object) -> None:
    if shutdown.at_once():
        sys.exit(1)
    shutdown.ask_here()


@task_postrun.connect
def end_after_task(**told: Any) -> None:
    if shutdown.here():
        sys.exit(0)


@task_failure.connect
def remember(sender: Any = None, exception: BaseException | None = None, **told: Any) -> None:
    """What failed for good is kept where a person sees it."""
    ids = _ids(sender, told.get("kwargs"))
    if exception is None or ids is None:
        return
    close_old_connections()
    try:
        note_failure(sender.name, ids, error=exception, now=clock.now())
    except DatabaseError:
        logger.exception("%s failed, and the database is away", sender.name)


@task_success.connect
def forget(sender: Any = None, **told: Any) -> None:
    ids = _ids(sender, sender.request.kwargs)
    if ids is not None:
        note_success(sender.name, ids)


def _ids(task: Any, kwargs: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What one of our tasks was sent with; None for a task that isn't ours."""
    return (kwargs or {}) if task.name in set(enqueue.Job) else None
