"""What Celery calls: load rows, make one call."""

from __future__ import annotations

from typing import Any

from celery import Task as CeleryTask
from celery import shared_task
from celery.signals import worker_ready

from labelling import clock, enqueue
from labelling.adapters.blobs import store
from labelling.models import Job
from labelling.workflow.comparing import compare_label as compare
from labelling.workflow.export.jobs import run_export
from labelling.workflow.mining import run_mining
from labelling.workflow.relabelling import run_migration
from labelling.workflow.rounds import run_round
from labelling.workflow.snapshots.jobs import run_freeze
from labelling.workflow.sweep import sweep as sweep_up


@shared_task(name=enqueue.Job.RUN_JOB.value)
def run_job(*, job_id: int) -> str:
    """Do a job's long work; delivered twice, the second delivery finds it taken."""
    job = Job.objects.select_related("round__campaign__schema").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_round(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.EXPORT.value)
def export(*, job_id: int) -> str:
    """Export a snapshot; delivered twice, the second delivery finds the job taken."""
    job = Job.objects.select_related("campaign").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_export(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.FREEZE.value)
def freeze(*, job_id: int) -> str:
    """Make a snapshot; delivered twice, the second delivery finds the job taken."""
    job = Job.objects.select_related("campaign").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_freeze(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.MIGRATE_LABELS.value)
def migrate_labels(*, job_id: int) -> str:
    """Migrate labels; delivered twice, the second delivery finds the job taken."""
    job = Job.objects.select_related("campaign").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_migration(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.MINE.value)
def mine(*, job_id: int) -> str:
    """Look for wrong labels; delivered twice, the second delivery finds the job taken."""
    job = Job.objects.select_related("campaign").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_mining(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.SWEEP.value)
def sweep() -> dict[str, int]:
    return sweep_up(now=clock.now())


@shared_task(name=enqueue.Job.COMPARE_LABEL.value)
def compare_label(*, annotation_id: int) -> bool:
    return compare(annotation_id=annotation_id, now=clock.now())


@worker_ready.connect
def sweep_at_start(sender: CeleryTask | None = None, **signal: Any) -> None:
    """A worker starts by looking for what died with the one before it."""
    enqueue.enqueue(enqueue.Job.SWEEP)
