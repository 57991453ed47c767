"""The jobs that workers know, and how they are sent: after commit, by name, with keyword ids."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from celery import current_app
from django.db import transaction


class Job(StrEnum):
    RUN_JOB = "labelling.run_job"
    """Do the long work of a Job row (job_id)."""
    EXPORT = "labelling.export"
    """Export a snapshot as a Job row asks (job_id)."""
    INGEST = "labelling.ingest"
    """Ingest products as a Job row asks (job_id)."""
    FREEZE = "labelling.freeze"
    """Make a snapshot as a Job row asks (job_id)."""
    RELEASE = "labelling.release"
    """Bundle a release as a Job row asks (job_id)."""
    MIGRATE_LABELS = "labelling.migrate_labels"
    """Bring a campaign's labels under its newest classes (job_id)."""
    TICK = "labelling.tick"
    """Send the chores that are due; beat's only task."""
    SCHEDULE = "labelling.schedule"
    """Start the rounds that are due by their campaigns' schedules."""
    TIDY = "labelling.tidy"
    """Remove what finished work has left behind."""
    SWEEP = "labelling.sweep"
    """Return expired reservations and take up jobs whose worker died."""
    COMPARE_LABEL = "labelling.compare_label"
    """Hold a label against pre-label, gold label and other people's labels (annotation_id)."""
    MINE = "labelling.mine"
    """Look for labels that are probably wrong as a Job row asks (job_id)."""
    SCORE_SHARDS = "labelling.score_shards"
    """Help a round with the shards of its scoring (job_id)."""
    IO_SHARDS = "labelling.io_shards"
    """Help an export or an ingest with its shards (job_id)."""
    CVAT_POLL = "labelling.cvat_poll"
    """Send a pull for each campaign that is linked to CVAT."""
    CVAT_SEND = "labelling.cvat_send"
    """Send to CVAT what waits to be sent, and look after what is served there (link_id)."""
    CVAT_PULL = "labelling.cvat_pull"
    """Take in from CVAT what changed there (link_id)."""
    CVAT_RECONCILE = "labelling.cvat_reconcile"
    """Compare both sides of each campaign that is linked to CVAT, and put right what can be."""


QUEUES = {
    Job.RUN_JOB: "train",
    Job.EXPORT: "io",
    Job.INGEST: "io",
    Job.FREEZE: "io",
    Job.RELEASE: "io",
    Job.MIGRATE_LABELS: "io",
    Job.TICK: "web",
    Job.SCHEDULE: "web",
    Job.TIDY: "io",
    Job.SWEEP: "web",
    Job.COMPARE_LABEL: "io",
    Job.MINE: "train",
    Job.SCORE_SHARDS: "score",
    Job.IO_SHARDS: "io",
    Job.CVAT_POLL: "web",
    Job.CVAT_SEND: "cvat",
    Job.CVAT_PULL: "cvat",
    Job.CVAT_RECONCILE: "cvat",
}
"""Which queue a job travels on; one worker may serve all."""


TICK_SECONDS = 10.0
"""Between two ticks of beat."""
VISIBILITY_SECONDS = 3600
"""That a message may stay unacknowledged on Redis."""
EXPIRES: dict[Job, float] = {
    Job.TICK: 30,
    Job.SWEEP: 60,
    Job.SCHEDULE: 60,
    Job.CVAT_POLL: 60,
    Job.CVAT_RECONCILE: 3600,
    Job.TIDY: 3600,
    Job.SCORE_SHARDS: 60,
    Job.IO_SHARDS: 60,
}
"""Seconds after which nobody need do it any more: another one has been sent since."""


def enqueue(job: Job, **ids: Any) -> None:
    """Send `job` once the surrounding transaction has committed; at once where there is none.

    A broker that can't be reached is logged, not raised: what is to be done stands in the
    database, and the next sweep sends it again.
    """
    how = {"expires": EXPIRES[job]} if job in EXPIRES else {}

    # Not a partial: Django logs what could not be called by its __qualname__, which that lacks.
    def send() -> None:
        current_app.send_task(job.value, kwargs=ids, queue=QUEUES[job], **how)

    transaction.on_commit(send, robust=True)
