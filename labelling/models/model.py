from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from .campaign import Campaign
from .snapshot import Snapshot


class Model(models.Model):
    """A trained network: weights beside a card."""

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        CHAMPION = "champion"
        RETIRED = "retired"

    hash = models.CharField(max_length=64, unique=True)
    """Of the card."""
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="models")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="models")
    folder = models.CharField(max_length=400)
    """Blob key of the folder with weights.safetensors and card.json."""
    card = models.JSONField()
    metrics = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CANDIDATE)
    decision = models.JSONField(default=dict)
    """Why it was promoted or kept back: {promote, reasons, classes, needs, …}, as
    workflow/promotion_verdict.py writes it."""
    decided = models.DateTimeField(null=True)
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(state="champion"),
                name="one_champion_per_campaign",
            ),
            models.CheckConstraint(
                name="model_state_is_known",
                condition=Q(state__in=["candidate", "champion", "retired"]),
            ),
        ]

    def __str__(self) -> str:
        return self.hash[:12]


class Evaluation(models.Model):
    """What a comparison on a split said; kept, never changed."""

    class Kind(models.TextChoices):
        PROMOTION = "promotion"
        TEST = "test"
        COMPARISON = "comparison"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="evaluations")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="evaluations")
    model = models.ForeignKey(Model, models.PROTECT, null=True, related_name="evaluations")
    split = models.CharField(max_length=10)
    why = models.CharField(max_length=200, blank=True)
    """Of an opening of the frozen test: what for."""
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    report = models.JSONField()
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="opening_the_test_says_why", condition=~Q(kind="test") | ~Q(why="")
            ),
            models.CheckConstraint(
                name="evaluation_kind_is_known",
                condition=Q(kind__in=["promotion", "test", "comparison"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.split}"


class Release(models.Model):
    """A snapshot, a model, their comparison, datasheet and citation, given away as one folder."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="releases")
    version = models.CharField(max_length=40)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="releases")
    model = models.ForeignKey(Model, models.PROTECT, null=True, related_name="releases")
    folder = models.CharField(max_length=400)
    """Blob key."""
    sha256 = models.CharField(max_length=64)
    """Of its manifest, which names every file's hash."""
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "version"], name="release_version_once")
        ]

    def __str__(self) -> str:
        return f"release {self.version} of campaign {self.campaign_id}"
