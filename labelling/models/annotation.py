from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from .campaign import ClassSchema
from .scene import Acquisition
from .task import Task

TEACHING = (Task.State.SUBMITTED, Task.State.IN_REVIEW, Task.State.ACCEPTED)
"""States of a task whose newest label teaches."""
CONSENSUS = "consensus"
"""Tool of a label merged from several blind ones."""
BLIND = (Task.Lane.ACTIVE, Task.Lane.SECOND, Task.Lane.REFERENCE, Task.Lane.REWORK)
"""Lanes of the copies that a consensus is merged from, and of their reworks."""


REVERT, MIGRATION = "revert", "schema migration"
"""Tools of labels that nobody drew: a copy of an earlier one, or one under newer classes."""


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def drawn(self) -> AnnotationQuerySet:
        """Without what was copied from an earlier label: it tells nothing new of its author."""
        return self.exclude(tool__in=[REVERT, MIGRATION])

    def usable(
        self, schema_id: int | None, *, before: datetime | None = None
    ) -> AnnotationQuerySet:
        """Labels under this schema that may teach: imported ones, and of each task that is
        submitted, in review or accepted the newest that a person made, with what was merged from
        it. So not labels of rejected or skipped tasks, nor what its author took back or a reviewer
        fixed, nor a consensus while one of its copies is being drawn anew, nor what people are
        measured by, drawn on gold tiles and their reworks. With `before` the newest from before
        that time stands for its task."""
        newer = Annotation.objects.filter(
            task=OuterRef("task"),
            schema=OuterRef("schema"),
            n__gt=OuterRef("n"),
            author__isnull=False,
        )
        if before is not None:
            newer = newer.filter(created__lt=before)
        own = Q(task__state__in=TEACHING) & ~Exists(newer)
        labels = self.filter(Q(task__isnull=True) | own, schema=schema_id)
        redrawn = Task.objects.filter(
            campaign=OuterRef("task__campaign"),
            acquisition=OuterRef("acquisition"),
            lane__in=BLIND,
            state__in=[Task.State.OPEN, Task.State.RESERVED],
        )
        labels = labels.exclude(Q(tool=CONSENSUS) & Exists(redrawn))
        gold = Q(task__lane=Task.Lane.GOLD) | Q(task__root__lane=Task.Lane.GOLD)
        return labels.exclude(gold & Q(task__isnull=False))

    def by_say(self, *, before: datetime | None = None) -> AnnotationQuerySet:
        """By acquisition, the label that speaks for it last: the team's own above imported ones, of
        those the more trusted, of those the newer. An imported label that its source has replaced
        (`before` that time, if one is given) is left out."""
        newer = Annotation.objects.filter(parent=OuterRef("pk"), source=OuterRef("source"))
        # A migrated label stands under another version of the classes, beside the old one.
        newer = newer.filter(schema=OuterRef("schema"))
        if before is not None:
            newer = newer.filter(created__lt=before)
        own = Case(When(task__isnull=False, then=Value(1)), default=Value(0))
        current = self.filter(Q(task__isnull=False) | ~Exists(newer))
        return current.order_by("acquisition", own, "trust", "created", "n")


class Annotation(models.Model):
    """A version of an acquisition's label. Append-only: a change is the next version.

    The database refuses any other (migration 0005), but that `shown` and `kept`, which are counted
    after the label came in, may be filled once.
    """

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
    """Of an imported label: {file, format, table, background, …}, what it takes to repeat it.
    Of a consensus: {of: [UUIDs of the labels], ties: 0…1}."""
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
    """Against the pre-label of its task, shown or (`shown` is null) kept from its author:
    {iou: {code: 0…1}, changed: 0…1, untouched: bool}; empty: the task has none."""
    compared = models.DateTimeField(null=True)
    """When it was held against pre-label, gold label and other people's labels; null: not yet."""
    created = models.DateTimeField()
    """When it was drawn or imported; a migrated label keeps its original's."""

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
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(compared__isnull=True, task__isnull=False, author__isnull=False),
                name="annotation_uncompared",
            )
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
