from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from .task import Assignment, Task


class Reservation(models.Model):
    """One spell of one person on one task. History is kept."""

    class Kind(models.TextChoices):
        ACTIVE = "active"
        HELD = "held"
        """Prefetched: next in hand, not yet begun."""
        REVIEW = "review"
        """Somebody else's label, looked through."""

    class How(models.TextChoices):
        SUBMITTED = "submitted"
        RELEASED = "released"
        EXPIRED = "expired"
        SKIPPED = "skipped"
        REVIEWED = "reviewed"

    task = models.ForeignKey(Task, models.PROTECT, related_name="reservations")
    n = models.PositiveIntegerField()
    """1, 2, … of this task."""
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reservations", db_index=False
    )
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, related_name="reservations"
    )
    """null: a review."""
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ACTIVE)
    slot = models.PositiveSmallIntegerField(default=0)
    """0, 1, … of what one person has in hand of this kind."""
    returns_to = models.CharField(max_length=10, choices=Task.State.choices)
    """The task's state before."""
    started = models.DateTimeField()
    heartbeat = models.DateTimeField()
    active_seconds = models.PositiveIntegerField(default=0)
    """Sum of the gaps between heartbeats that were short enough to be work."""
    idle_seconds = models.PositiveIntegerField(default=0)
    """Sum of the other gaps while it was in hand."""
    ended = models.DateTimeField(null=True)
    how = models.CharField(max_length=10, choices=How.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "n"], name="reservation_numbered"),
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(ended__isnull=True),
                name="one_live_reservation_per_task",
            ),
            models.UniqueConstraint(
                fields=["person", "kind", "slot"],
                condition=Q(ended__isnull=True),
                name="one_reservation_in_each_slot_of_a_person",
            ),
            models.CheckConstraint(
                name="a_review_is_no_assignment",
                condition=Q(kind="review", assignment__isnull=True)
                | (~Q(kind="review") & Q(assignment__isnull=False)),
            ),
            models.CheckConstraint(
                name="ended_reservation_says_how",
                condition=Q(ended__isnull=True, how="") | (Q(ended__isnull=False) & ~Q(how="")),
            ),
            models.CheckConstraint(
                name="reservation_kind_is_known", condition=Q(kind__in=["active", "held", "review"])
            ),
        ]
        # What a person was served last decides the lane of his next tile.
        indexes = [models.Index(fields=["person", "id"], name="reservation_of_person")]

    def __str__(self) -> str:
        return f"reservation {self.n} of task {self.task_id}"


class Draft(models.Model):
    """The autosaved, unfinished label of a person on a task."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    label = models.CharField(max_length=400)
    """Blob key."""
    schema_version = models.PositiveIntegerField(default=1)
    """Of the classes it was drawn with."""
    version = models.PositiveIntegerField()
    """Counts up; a save over a newer version is refused."""
    view = models.JSONField(default=dict)
    """Where the person was: {centre, zoom, composite, tool, …}, as the page wrote it."""
    saved = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "person"], name="one_draft_per_person")
        ]

    def __str__(self) -> str:
        return f"draft {self.version} of task {self.task_id}"

    def holds(self, sha256: str, *, schema_version: int) -> bool:
        """Whether it is a label of this content, drawn with that version of the classes."""
        same = self.label.endswith(f"-{sha256[:16]}.tif")
        return same and self.schema_version == schema_version
