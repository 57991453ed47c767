from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from .campaign import Campaign
from .told import ToldText


class Schedule(models.Model):
    """When a campaign trains by itself. Without a row it does so only when it is asked to."""

    campaign = models.OneToOneField(Campaign, models.CASCADE, related_name="schedule")
    on = models.BooleanField(default=False)
    labels = models.PositiveIntegerField(null=True)
    """Newly accepted labels that a round is due after; null: never by their number."""
    cron = models.CharField(max_length=120, blank=True)
    """Minute, hour, day of month, month and day of week, in UTC; empty: never by the clock."""
    drift = models.BooleanField(default=False)
    """Whether a round is due after somebody's gold tiles have raised the drift alarm."""
    quiet_days = models.PositiveSmallIntegerField(null=True)
    """Days without a round after which any new label makes one due; null: however long it is."""
    gap_hours = models.FloatField(default=6)
    """At least so long after the round before has ended."""
    least_labels = models.PositiveIntegerField(default=20)
    """Labels in all, below which no round is started."""
    looked = models.DateTimeField()
    """Until when the clock's rule has been looked at: what was due by then is not due again."""

    class Meta:
        constraints = [
            models.CheckConstraint(name="schedule_gap_is_a_time", condition=Q(gap_hours__gte=0)),
        ]

    def __str__(self) -> str:
        return f"schedule of campaign {self.campaign_id}"


class Chore(models.Model):
    """Something done again and again, for all campaigns: how often, and when it was sent last."""

    name = models.CharField(max_length=40, unique=True)
    every = models.FloatField(null=True)
    """Seconds from one time to the next; null: `cron` says when."""
    cron = models.CharField(max_length=120, blank=True)
    """As a schedule's."""
    on = models.BooleanField(default=True)
    sent = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="chore_has_one_rhythm",
                condition=Q(every__isnull=False, every__gt=0, cron="")
                | Q(every__isnull=True) & ~Q(cron=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def claim(self, *, now: datetime) -> bool:
        """Become the one who sends it now; False if somebody else has since it was read."""
        mine = Chore.objects.filter(pk=self.pk, sent=self.sent, on=True)
        return mine.update(sent=now) == 1


class DeadTask(models.Model):
    """A short task that failed for good, or keeps failing: one row however often it does."""

    name = models.CharField(max_length=80)
    """Of an `enqueue.Job`."""
    ids = models.JSONField(default=dict)
    """What it was sent with."""
    digest = models.CharField(max_length=64, unique=True)
    """sha256 of name and ids."""
    error = ToldText()
    times = models.PositiveIntegerField(default=1)
    first = models.DateTimeField()
    last = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-last"], name="dead_task_by_time")]

    def __str__(self) -> str:
        return f"{self.name} {self.ids}"
