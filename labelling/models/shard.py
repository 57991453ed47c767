from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from .job import JOB_LEASE, Job
from .told import ToldText

MOST_TRIES = 5
"""A shard that so many workers began and didn't finish isn't begun again."""


class ShardQuerySet(models.QuerySet["Shard"]):
    def of(self, job: Job) -> ShardQuerySet:
        return self.filter(job=job)

    def unfinished(self) -> ShardQuerySet:
        return self.filter(state__in=[Shard.State.WAITING, Shard.State.RUNNING])

    def free(self, *, now: datetime) -> ShardQuerySet:
        """Those that a worker may take: nobody has them, or who had them let the lease end."""
        return self.filter(
            Q(state=Shard.State.WAITING) | Q(state=Shard.State.RUNNING, lease_ends__lt=now)
        )

    def brought_near(self, *, now: datetime) -> int:
        """Shorten leases that end later than any worker can have asked for; how many."""
        odd = self.filter(state=Shard.State.RUNNING, lease_ends__gt=now + 2 * JOB_LEASE)
        return odd.update(lease_ends=now + JOB_LEASE)


class Shard(models.Model):
    """A part of a job that any worker may do. Held as a job is: by a lease and a fencing token.

    What it makes lies in storage and is the same whoever makes it; the row says that it is there.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    job = models.ForeignKey(Job, models.CASCADE, related_name="shards")
    n = models.PositiveIntegerField()
    """Its place in the job's plan, from 0; results are put together in this order."""
    plan = models.CharField(max_length=64)
    """Digest of the plan it was cut from, in hex."""
    units = models.PositiveIntegerField()
    """Tiles (or whatever the job counts) in it."""
    progress = models.PositiveIntegerField(default=0)
    """Of them done so far by whoever holds it."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    token = models.PositiveIntegerField(default=0)
    """Fencing token: counts the workers that took this shard; only the newest may finish it."""
    lease_ends = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    """Workers that began it and didn't hand it back in good order."""
    worker = models.CharField(max_length=100, blank=True)
    """Who holds it, or did it: machine and process."""
    by_conductor = models.BooleanField(default=False)
    """Whether that is the worker that holds the job itself."""
    result = models.JSONField(default=dict)
    """Small: the files lie in storage."""
    error = ToldText(blank=True)
    """Why the newest try came to nothing."""
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    objects = ShardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "n"], name="shard_numbered"),
            models.CheckConstraint(
                name="running_shard_has_a_lease",
                condition=Q(state="running", lease_ends__isnull=False)
                | Q(state__in=["waiting", "done", "failed"], lease_ends__isnull=True),
            ),
            models.CheckConstraint(
                name="shard_state_is_known",
                condition=Q(state__in=["waiting", "running", "done", "failed"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["job", "n"],
                condition=Q(state__in=["waiting", "running"]),
                name="shard_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"shard {self.n} of job {self.job_id} ({self.state})"

    def take(self, *, worker: str, by_conductor: bool, now: datetime) -> bool:
        """Become this shard's worker, with a new, higher token; False if somebody was faster."""
        changed = (
            Shard.objects.free(now=now)
            .filter(pk=self.pk, token=self.token)
            .update(
                state=Shard.State.RUNNING,
                lease_ends=now + JOB_LEASE,
                token=F("token") + 1,
                tries=F("tries") + 1,
                progress=0,
                worker=worker[:100],
                by_conductor=by_conductor,
                started=now,
                error="",
            )
        )
        if changed:  # not read back: somebody may have it again by now, with a token of their own
            self.token, self.worker, self.by_conductor = self.token + 1, worker, by_conductor
            self.state, self.progress, self.started = Shard.State.RUNNING, 0, now
        return changed == 1

    def held(self) -> ShardQuerySet:
        """This shard, as long as no other worker took it over since `take`."""
        return Shard.objects.filter(pk=self.pk, token=self.token, state=Shard.State.RUNNING)

    def renew(self, *, now: datetime, progress: int | None = None) -> bool:
        """Lengthen the lease; False when another worker took over."""
        news: dict[str, Any] = {} if progress is None else {"progress": progress}
        return self.held().update(lease_ends=now + JOB_LEASE, **news) == 1

    def finish(self, result: dict[str, Any], *, now: datetime) -> bool:
        """It is done; False when another worker took over."""
        done = self.held().update(
            state=Shard.State.DONE,
            lease_ends=None,
            result=result,
            progress=F("units"),
            finished=now,
        )
        return done == 1

    def hand_back(self, *, well: bool, error: str = "") -> bool:
        """Let go of it, for another worker to take; False if one has it.

        A worker that is `well` doesn't count among those that failed at it.
        """
        tries = {"tries": Greatest(F("tries") - 1, 0)} if well else {}
        back = self.held().update(
            state=Shard.State.WAITING, lease_ends=None, progress=0, error=error, **tries
        )
        return back == 1

    def give_up(self, *, now: datetime) -> bool:
        """Nobody is to try it again; False where it isn't free or wasn't tried often enough."""
        worn = Shard.objects.free(now=now).filter(pk=self.pk, tries__gte=MOST_TRIES)
        return worn.update(state=Shard.State.FAILED, lease_ends=None, finished=now) == 1
