from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from .annotation import Annotation
from .campaign import Campaign
from .task import Task
from .tile import Layer
from .told import ToldText


class CvatLink(models.Model):
    """A campaign's project on a CVAT server: what is where, and how the server fares."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, related_name="cvat")
    url = models.CharField(max_length=200)
    """The server, without a slash at its end."""
    project = models.PositiveBigIntegerField()
    """Id of the project there."""
    marker = models.UUIDField(default=uuid.uuid4, editable=False)
    """Written into the project, so that a second workbench sees that it is taken."""
    labels = models.JSONField(default=dict)
    """{class code: id of its label there}, codes as strings."""
    guide_label = models.PositiveBigIntegerField(null=True)
    """Id of the label that outlines the regions to draw; null: the project has none."""
    webhook = models.PositiveBigIntegerField(null=True)
    """Id of the webhook there; null: none, changes are found by polling alone."""
    server_version = models.CharField(max_length=40, blank=True)
    """As the server told last."""
    watermark = models.DateTimeField(null=True)
    """Jobs that changed before are known, by the server's clock; null: none is."""
    swept = models.DateTimeField(null=True)
    """When all jobs were last compared."""
    health = models.JSONField(default=dict)
    """State of the circuit breaker (adapters/cvat/breaker.py): {failures, since, retry_at,
    last_error, last_ok}, and what it refuses (workflow/cvat/refusals.py). Empty: never asked."""
    options = models.JSONField(default=dict)
    """Settings of the link that differ from their defaults (workflow/cvat/options.py)."""
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    """Who connected it; null: the command line."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["url", "project"], name="a_cvat_project_is_linked_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign} at {self.url} project {self.project}"


class CvatBatch(models.Model):
    """Tiles that are one task there. Its name there holds the UUID, so that it can be found."""

    class State(models.TextChoices):
        PLANNED = "planned"
        """Nothing has been asked of the server yet."""
        CREATING = "creating"
        """The server may hold it, whole or in part."""
        READY = "ready"
        """Jobs, frames and pre-labels are there: it can be served."""
        GONE = "gone"
        """Deleted there, or given up."""

    link = models.ForeignKey(CvatLink, models.CASCADE, related_name="batches")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    remote = models.PositiveBigIntegerField(null=True)
    """Id of the task there; null: not known to exist."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    error = ToldText(blank=True)
    """Why it isn't ready, as last tried."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "remote"], name="a_cvat_task_is_one_batch"),
            models.CheckConstraint(
                name="cvat_batch_state_is_known",
                condition=Q(state__in=["planned", "creating", "ready", "gone"]),
            ),
            models.CheckConstraint(
                name="ready_cvat_batch_is_somewhere",
                condition=~Q(state="ready") | Q(remote__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.uuid} ({self.state})"

    @property
    def name(self) -> str:
        """Of the task there; looked up by it, exactly."""
        return f"{self.link.campaign.slug} {self.uuid}"


class CvatJob(models.Model):
    """A tile of a batch: one frame, one job there, and the task that it serves here.

    A rework goes on in the same job: the row then moves on to the rework's task.
    """

    batch = models.ForeignKey(CvatBatch, models.CASCADE, related_name="jobs")
    task = models.ForeignKey(Task, models.PROTECT, related_name="cvat_jobs")
    frame_name = models.CharField(max_length=120)
    """File name of the tile there, once in its batch."""
    remote = models.PositiveBigIntegerField(null=True)
    """Id of the job there; null until the batch is ready."""
    frame = models.PositiveIntegerField(null=True)
    """Its frame in the task there: shapes name it."""
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    """Whom it was given to there; null: nobody."""
    remote_assignee = models.PositiveBigIntegerField(null=True)
    """Id of the person there, as last seen."""
    stage = models.CharField(max_length=12, blank=True)
    """annotation, validation or acceptance, as last seen."""
    state = models.CharField(max_length=12, blank=True)
    """new, in progress, rejected or completed, as last seen."""
    updated = models.DateTimeField(null=True)
    """By the server's clock, as last seen."""
    fetched = models.DateTimeField(null=True)
    """The `updated` that was dealt with last; another one than `updated`: it is to be fetched."""
    digest = models.CharField(max_length=64, blank=True)
    """Of its shapes, as last imported or pushed."""
    prelabel = models.ForeignKey(Layer, models.PROTECT, null=True, related_name="+")
    """The mask it was pushed with; null: none was shown."""
    annotation = models.ForeignKey(Annotation, models.PROTECT, null=True, related_name="+")
    """The label last imported from it."""
    held_code = models.CharField(max_length=40, blank=True)
    """Why its shapes aren't taken in; empty: nothing is in the way."""
    held_text = models.TextField(blank=True)
    minutes = models.FloatField(null=True)
    """Estimate of the work on it, from times of edits."""
    pulled = models.DateTimeField(null=True)
    """When its shapes were last fetched."""
    gone = models.DateTimeField(null=True)
    """When it was found to be deleted there."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task"], condition=Q(gone__isnull=True), name="one_live_cvat_job_per_task"
            ),
            models.UniqueConstraint(
                fields=["batch", "frame_name"], name="a_cvat_frame_is_named_once"
            ),
            models.UniqueConstraint(fields=["batch", "remote"], name="a_cvat_job_is_one_row"),
        ]
        indexes = [
            models.Index(fields=["remote"], name="cvat_job_by_remote"),
            models.Index(fields=["batch", "id"], condition=~Q(held_code=""), name="cvat_job_held"),
        ]

    def __str__(self) -> str:
        return f"{self.frame_name} (job {self.remote})"

    @property
    def where(self) -> str:
        """Address of the page that draws it; the row has its batch and link loaded."""
        return f"{self.batch.link.url}/tasks/{self.batch.remote}/jobs/{self.remote}"


class CvatUser(models.Model):
    """Who one of our people is there."""

    link = models.ForeignKey(CvatLink, models.CASCADE, related_name="users")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    remote = models.PositiveBigIntegerField()
    """Id of the person there."""
    username = models.CharField(max_length=150)
    """There."""
    serves = models.BooleanField(default=True)
    """Whether tiles reserved here are given to the person there."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "user"], name="a_person_is_one_cvat_user"),
            models.UniqueConstraint(fields=["link", "remote"], name="a_cvat_user_is_one_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.username}"
