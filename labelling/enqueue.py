"""The jobs that workers know, and how they are sent: after commit, by name, with keyword ids."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction


class Job(StrEnum):
    RUN_JOB = "labelling.run_job"
    """Do the long work of a Job row (job_id)."""
    SWEEP = "labelling.sweep"
    """Return expired reservations and take up jobs whose worker died."""


QUEUES = {Job.RUN_JOB: "train", Job.SWEEP: "web"}
"""Which queue a job travels on; one worker may serve all."""


def enqueue(job: Job, **ids: Any) -> None:
    """Send `job` once the surrounding transaction has committed; at once where there is none.

    A broker that can't be reached is logged, not raised: what is to be done stands in the
    database, and the next sweep sends it again.
    """
    send = partial(current_app.send_task, job.value, kwargs=ids, queue=QUEUES[job])
    transaction.on_commit(send, robust=True)
