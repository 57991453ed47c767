"""Wait for a job that workers do, and show how far it is."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper
from django.db import close_old_connections

from labelling.enqueue import QUEUES
from labelling.enqueue import Job as Jobs
from labelling.errors import JobFailed
from labelling.management.progress import Progress
from labelling.models import Job
from labelling.workflow.lease import DATABASE_AWAY

LOOK_EVERY = 0.5
"""Seconds between two looks at the job."""
PATIENCE = 15.0
"""Seconds in which a worker should have taken it."""
UNFINISHED = (Job.State.WAITING, Job.State.RUNNING)


def follow(job: Job, total: int, out: OutputWrapper, *, as_json: bool) -> None:
    """Wait until `job` is done; its progress is counted in files, of which there are `total`.

    Whoever ends this ends only the waiting. Raises JobFailed where the job failed or was cancelled.
    """
    with Progress(out, total=total, unit="file", as_json=as_json) as progress:
        shown = Shown(job, progress)
        try:
            while job.state in UNFINISHED:
                shown.look()
                time.sleep(LOOK_EVERY)
                shown.ask_again()
        except KeyboardInterrupt:
            progress.say(f"The workers go on. To stop them: manage.py jobs cancel {job.uuid}")
            raise
        if job.state != Job.State.DONE:
            why = job.error or f"Job {job.uuid} was cancelled; what was stored by then stays."
            raise JobFailed(why, help=f"manage.py jobs show {job.uuid} tells more.")
        shown.all_done()


class Shown:
    """What the command has said of a job so far."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self.job, self.progress = job, progress
        self.stage = self.error = ""
        self.missed = time.monotonic() + PATIENCE

    def look(self) -> None:
        told = self.job.progress
        if told.get("stage", "") != self.stage:
            self.stage = told["stage"]
            # Each stage goes through all files once more.
            self.progress.step(-self.progress.done)
            self.progress.say(f"{self.stage}:", stage=self.stage)
        self.progress.step(max(0, int(told.get("done", 0)) - self.progress.done))
        if self.job.attempts == 0 and time.monotonic() > self.missed:
            self.missed = float("inf")
            queue = QUEUES[Jobs(self.job.kind)]
            self.progress.say(
                f"No worker of queue {queue} has taken it yet: celery --app "
                f"labelling.config.celery worker --queues {queue}",
                waiting_for=queue,
            )

        if self.job.state == Job.State.WAITING and self.job.error != self.error:
            self.error = self.job.error
            self.progress.say(f"Waiting: {self.error}", waiting_because=self.error)

    def ask_again(self) -> None:
        """While the database is away, the workers may go on all the same."""
        try:
            self.job.refresh_from_db()
        except DATABASE_AWAY as away:
            self.progress.say(f"The database is away: {away}".strip())
            close_old_connections()

    def all_done(self) -> None:
        total = self.progress.total or 0
        self.progress.step(total - self.progress.done)
