from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from labelling.clock import of_machines

from .campaign import Campaign
from .round import Round
from .told import ToldText

JOB_LEASE = of_machines(timedelta(seconds=60))
"""A worker that hasn't renewed its lease for this long is taken for dead."""
LONGEST_PAUSE = of_machines(timedelta(minutes=15))
"""A job whose storage or database is away waits no longer until it is tried again."""


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> JobQuerySet:
        return self.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])

    def orphaned(self, *, now: datetime) -> JobQuerySet:
        """Unfinished jobs whose lease has ended: their message was lost, or their worker died."""
        return self.unfinished().filter(lease_ends__lt=now)

    def brought_near(self, *, now: datetime) -> int:
        """Shorten leases that end later than any worker can have asked for; how many.

        They are left over from before the clock was set back. A worker that lives renews its own,
        so none is taken from whoever holds it; one that died is noticed a lease later.
        """
        odd = self.unfinished().filter(lease_ends__gt=now + LONGEST_PAUSE + JOB_LEASE)
        return odd.update(lease_ends=now + JOB_LEASE)

    def of(self, campaign: Campaign) -> JobQuerySet:
        return self.filter(campaign=campaign)


class Job(models.Model):
    """Long work done by a worker. Its lease and fencing token are what recovery rests on."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    """The name of an `enqueue.Job`."""
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, related_name="jobs")
    round = models.ForeignKey(Round, models.CASCADE, null=True, related_name="jobs")
    request = models.JSONField(default=dict)
    """What was asked for, where that isn't a round."""
    result = models.JSONField(default=dict)
    """What came of it."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    progress = models.JSONField(default=dict)
    """The newest progress line of the work."""
    cancel = models.BooleanField(default=False)
    """Asked to stop."""
    lease_ends = models.DateTimeField(null=True)
    token = models.PositiveIntegerField(default=0)
    """Fencing token: counts the workers that took this job; only the newest may write."""
    attempts = models.PositiveIntegerField(default=0)
    """Workers that took it up so far."""
    tries = models.PositiveIntegerField(default=0)
    """Workers that took it up since a step of it was last finished: all but the last died there."""
    away = models.PositiveIntegerField(default=0)
    """Times in a row that storage or database were away: each pause is longer than the last."""
    error = ToldText(blank=True)
    created = models.DateTimeField()
    finished = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="unfinished_job_has_a_lease",
                condition=Q(state__in=["waiting", "running"], lease_ends__isnull=False)
                | Q(state__in=["done", "failed", "cancelled"], lease_ends__isnull=True),
            ),
            models.CheckConstraint(
                name="job_state_is_known",
                condition=Q(state__in=["waiting", "running", "done", "failed", "cancelled"]),
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_ends"],
                condition=Q(state__in=["waiting", "running"]),
                name="job_unfinished",
            ),
            models.Index(fields=["campaign", "-id"], name="job_of_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid} ({self.state})"

    def requeue(self, *, now: datetime) -> bool:
        """Let another worker take this orphaned job; False if somebody else saw to it first."""
        changed = (
            Job.objects.orphaned(now=now)
            .filter(pk=self.pk)
            .update(state=Job.State.WAITING, lease_ends=now + JOB_LEASE)
        )
        return changed == 1

    def take(self, *, now: datetime) -> bool:
        """Become this job's worker, with a new, higher token; False if it isn't waiting."""
        changed = Job.objects.filter(pk=self.pk, state=Job.State.WAITING).update(
            state=Job.State.RUNNING,
            lease_ends=now + JOB_LEASE,
            token=F("token") + 1,
            attempts=F("attempts") + 1,
            tries=F("tries") + 1,
            error="",
        )
        self.refresh_from_db()
        return changed == 1

    def held(self) -> JobQuerySet:
        """This job, as long as no other worker took it over since `take`."""
        return Job.objects.filter(pk=self.pk, token=self.token, state=Job.State.RUNNING)

    def renew(self, *, now: datetime, progress: dict[str, Any] | None = None) -> bool:
        """Lengthen the lease; False when another worker took over."""
        news = {} if progress is None else {"progress": progress}
        return self.held().update(lease_ends=now + JOB_LEASE, **news) == 1

    def hand_back(self, *, due: datetime, well: bool = True, **news: Any) -> bool:
        """Let go of this job, for another worker to take from `due` on; False if one has it.

        A worker that is `well` doesn't count among those that died.
        """
        if well:
            news |= {name: Greatest(F(name) - 1, 0) for name in ("attempts", "tries")}
        return self.held().update(state=Job.State.WAITING, lease_ends=due, **news) == 1

    def step_done(self) -> None:
        """Its worker has brought it further: it begins the next step with a clean slate."""
        self.held().update(tries=1, away=0)

    def end(self, state: str, *, now: datetime, error: str = "") -> bool:
        """Finish in `state`; False when another worker took over."""
        changed = self.held().update(state=state, finished=now, lease_ends=None, error=error)
        self.refresh_from_db()
        return changed == 1
