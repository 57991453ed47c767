from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .annotation import Annotation
from .campaign import Campaign
from .scene import Acquisition
from .task import Task


class Flag(models.Model):
    """What a person says of a task instead of labelling it, or beside; somebody looks at it."""

    class Reason(models.TextChoices):
        BAD_IMAGERY = "bad_imagery"
        CANNOT_DECIDE = "cannot_decide"
        TECHNICAL = "technical"

    class Outcome(models.TextChoices):
        CLOSED = "closed"
        """The tile isn't labelled."""
        REOPENED = "reopened"
        """Somebody else labels it."""
        NOTED = "noted"
        """Nothing changes."""

    task = models.ForeignKey(Task, models.PROTECT, related_name="flags")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="flags")
    skipped = models.BooleanField()
    """Whether the task was put away, unlabelled."""
    reason = models.CharField(max_length=20, choices=Reason.choices)
    note = models.TextField(blank=True)
    created = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    resolved = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="flag_reason_is_known",
                condition=Q(reason__in=["bad_imagery", "cannot_decide", "technical"]),
            ),
            models.CheckConstraint(
                name="resolved_flag_says_how_and_by_whom",
                condition=Q(outcome="", resolved__isnull=True, resolved_by__isnull=True)
                | (~Q(outcome="") & Q(resolved__isnull=False, resolved_by__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["outcome", "id"], name="flag_unresolved")]

    def __str__(self) -> str:
        return f"{self.reason} of task {self.task_id}"


class Gold(models.Model):
    """A tile whose label is known well enough to measure people by."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="gold")
    acquisition = models.ForeignKey(Acquisition, models.PROTECT, related_name="gold")
    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="+")
    """The label people are measured by."""
    guide = models.CharField(max_length=400, blank=True)
    """What a newcomer can learn from it; shown in the guide once the tile isn't served any more."""
    active = models.BooleanField(default=True)
    """Whether it is still served."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "acquisition"], name="gold_once")
        ]

    def __str__(self) -> str:
        return f"gold {self.acquisition_id} of campaign {self.campaign_id}"


class Agreement(models.Model):
    """Two labels of one acquisition, pixel against pixel. Counted once, when the second came in."""

    class Kind(models.TextChoices):
        BLIND = "blind"
        """Two people who didn't see each other's."""
        GOLD = "gold"
        """A person's (second) against the gold label (first)."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="agreements")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    first = models.ForeignKey(Annotation, models.PROTECT, related_name="+")
    second = models.ForeignKey(Annotation, models.PROTECT, related_name="+")
    confusion = models.JSONField()
    """(K, K) pixels: row the first's class, column the second's; where both name one."""
    inner = models.JSONField()
    """The same without pixels near a class border of either label."""
    scores = models.JSONField(default=dict)
    """Of gold: {classes: {code: {label, hit, truth, found, f1}}, mean, named}, with a boundary
    tolerance (imagery/boundaries.py: gold_scores). Of two people: {}."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="pair_compared_once"),
            models.CheckConstraint(
                name="a_label_isnt_compared_with_itself", condition=~Q(first=F("second"))
            ),
            models.CheckConstraint(
                name="agreement_kind_is_known", condition=Q(kind__in=["blind", "gold"])
            ),
        ]
        indexes = [models.Index(fields=["campaign", "kind", "id"], name="agreement_of_campaign")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.first_id} and {self.second_id}"
