from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from .campaign import ClassSchema
from .scene import Acquisition
from .task import Task


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def usable(self, schema_id: int | None) -> AnnotationQuerySet:
        """Labels under this schema that may teach: not those of rejected or skipped tasks."""
        unusable = [Task.State.REJECTED, Task.State.SKIPPED]
        return self.filter(schema=schema_id).exclude(task__state__in=unusable)

    def by_say(self) -> AnnotationQuerySet:
        """By acquisition, the label that speaks for it last: the team's own above imported ones, of
        those the more trusted, of those the newer. An imported label that its source has replaced
        is left out."""
        newer = Annotation.objects.filter(parent=OuterRef("pk"), source=OuterRef("source"))
        own = Case(When(task__isnull=False, then=Value(1)), default=Value(0))
        current = self.filter(Q(task__isnull=False) | ~Exists(newer))
        return current.order_by("acquisition", own, "trust", "n")


class Annotation(models.Model):
    """A version of an acquisition's label. Append-only: a change is the next version."""

    class Kind(models.TextChoices):
        FULL = "full"
        REGION = "region"
        SCRIBBLE = "scribble"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    acquisition = models.ForeignKey(Acquisition, models.PROTECT, related_name="annotations")
    schema = models.ForeignKey(ClassSchema, models.PROTECT, related_name="annotations")
    n = models.PositiveIntegerField()
    """1, 2, … for the acquisition under this schema version."""
    task = models.ForeignKey(Task, models.PROTECT, null=True, related_name="annotations")
    """null: imported."""
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="annotations"
    )
    """null: the author isn't one of our people."""
    author_name = models.CharField(max_length=120, blank=True)
    """Who drew an imported label, where its source says."""
    tool = models.CharField(max_length=40)
    source = models.CharField(max_length=80)
    """`campaign` for the team's own labels, else the name of the labelled set."""
    licence = models.CharField(max_length=80, blank=True)
    trust = models.FloatField(default=1)
    """0…1: the weight in training."""
    origin = models.JSONField(default=dict)
    """Of an imported label: {file, format, table, background, …}, what it takes to repeat it."""
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FULL)
    raster = models.CharField(max_length=400)
    """Blob key: two bands, label and provenance."""
    sha256 = models.CharField(max_length=64)
    """Of the label and provenance planes."""
    pixels = models.JSONField()
    """{code: pixels}, 254 and 255 included."""
    labelled_share = models.FloatField()
    """0…1 of the tile's pixels that carry a class."""
    difficulty = models.PositiveSmallIntegerField(null=True)
    """1 easy … 5 a guess, as its author found it."""
    note = models.TextField(blank=True)
    checks = models.JSONField(default=list)
    """Warnings its author overruled: [{code, message, …}]; the note says why."""
    shown = models.ForeignKey("Layer", models.PROTECT, null=True, related_name="+")
    """The pre-label its author started from."""
    kept = models.JSONField(default=dict)
    """Against the pre-label shown: {iou: {code: 0…1}, changed: 0…1, untouched: bool}."""
    created = models.DateTimeField()

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["acquisition", "schema", "n"], name="annotation_numbered"
            ),
            models.CheckConstraint(
                name="annotation_trust_is_a_share", condition=Q(trust__gte=0, trust__lte=1)
            ),
            models.CheckConstraint(
                name="annotation_difficulty_is_1_to_5",
                condition=Q(difficulty__isnull=True) | Q(difficulty__gte=1, difficulty__lte=5),
            ),
            models.CheckConstraint(
                name="annotation_kind_is_known",
                condition=Q(kind__in=["full", "region", "scribble"]),
            ),
        ]

    def __str__(self) -> str:
        return f"annotation {self.n} of acquisition {self.acquisition_id}"


class Review(models.Model):
    """A second person's verdict on an annotation."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted"
        FIXED = "fixed"
        REJECTED = "rejected"

    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    reason = models.CharField(max_length=40, blank=True)
    """A reason code; a rejection has one."""
    note = models.TextField(blank=True)
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rejection_has_a_reason", condition=~Q(verdict="rejected") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="review_verdict_is_known",
                condition=Q(verdict__in=["accepted", "fixed", "rejected"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer_id}"
