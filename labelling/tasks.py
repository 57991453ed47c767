"""What Celery calls: load rows, make one call."""

from __future__ import annotations

from typing import Any

from celery import Task as CeleryTask
from celery import shared_task
from celery.signals import worker_ready

from labelling import clock, enqueue
from labelling.adapters.blobs import store
from labelling.models import Job
from labelling.workflow.rounds import run_round
from labelling.workflow.sweep import sweep as sweep_up


@shared_task(name=enqueue.Job.RUN_JOB.value)
def run_job(*, job_id: int) -> str:
    """Do a job's long work; delivered twice, the second delivery finds it taken."""
    job = Job.objects.select_related("round__campaign__schema").get(pk=job_id)
    if not job.take(now=clock.now()):
        return f"{job} is not waiting"
    run_round(job, blobs=store(), clock=clock.now)
    return str(job)


@shared_task(name=enqueue.Job.SWEEP.value)
def sweep() -> dict[str, int]:
    return sweep_up(now=clock.now())


@worker_ready.connect
def sweep_at_start(sender: CeleryTask | None = None, **signal: Any) -> None:
    """A worker starts by looking for what died with the one before it."""
    enqueue.enqueue(enqueue.Job.SWEEP)
