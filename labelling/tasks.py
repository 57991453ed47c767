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
from labelling.workflow.cvat.errands import errands_of
from labelling.workflow.cvat.polling import ask_for_pulls, pull_link
from labelling.workflow.export.jobs import run_export
from labelling.workflow.mining import run_mining
from labelling.workflow.relabelling import run_migration
from labelling.workflow.releasing.jobs import run_release
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


@shared_task(name=enqueue.Job.RELEASE.value)
def release(*, job_id: int) -> str:
    """Bundle a release; delivered twice, the second delivery finds the job taken."""
    job = Job.objects.select_related("campaign").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_release(job, blobs=store(), clock=clock.now)
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


@shared_task(name=enqueue.Job.CVAT_PULL.value)
def cvat_pull(*, link_id: int) -> str:
    return pull_link(link_id, clock=clock.now)


@shared_task(name=enqueue.Job.CVAT_POLL.value)
def cvat_poll() -> int:
    return ask_for_pulls()


@shared_task(name=enqueue.Job.CVAT_SEND.value)
def cvat_send(*, link_id: int) -> str:
    """Send what waits, and look after what is served; two at a time don't take the same row."""
    return errands_of(link_id, clock=clock.now)


@worker_ready.connect
def sweep_at_start(sender: CeleryTask | None = None, **signal: Any) -> None:
    """A worker starts by looking for what died with the one before it."""
    enqueue.enqueue(enqueue.Job.SWEEP)
