"""Which jobs are cut into shards, and how a worker that isn't theirs helps with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from labelling import enqueue
from labelling.adapters.blobs import Blobs
from labelling.models import Job
from labelling.workflow.export.together import EXPORT_SHARDS
from labelling.workflow.ingest.together import INGEST_SHARDS
from labelling.workflow.scoring.shards import SCORE_SHARDS
from labelling.workflow.sharing.help import help_with
from labelling.workflow.sharing.work import Work

SHARED: Mapping[str, Work] = {
    enqueue.Job.RUN_JOB.value: SCORE_SHARDS,
    enqueue.Job.EXPORT.value: EXPORT_SHARDS,
    enqueue.Job.INGEST.value: INGEST_SHARDS,
}
"""By the kind of the job."""


def help_job(job_id: int, *, blobs: Blobs, clock: Callable[[], datetime]) -> str:
    """Do shards of a job until none is free; what came of it, in words."""
    job = Job.objects.filter(pk=job_id).select_related("campaign", "round__campaign").first()
    if job is None or job.kind not in SHARED:
        return f"there is no job {job_id} to help with"
    return help_with(job, SHARED[job.kind], blobs=blobs, clock=clock)


def call_for_help() -> int:
    """Call helpers for jobs that have shards waiting and no conductor just now; how many."""
    jobs = Job.objects.filter(state=Job.State.WAITING, cancel=False, kind__in=list(SHARED))
    left = jobs.filter(shards__state="waiting").distinct()
    for job in left:
        enqueue.enqueue(SHARED[job.kind].help, job_id=job.pk)
    return len(left)
