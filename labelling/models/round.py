from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from .campaign import Campaign
from .model import Model
from .snapshot import Snapshot
from .tile import Tile
from .told import ToldText


class Round(models.Model):
    """Freeze, fit, judge, score, pick, open: one turn of the loop. `step` is the one to do next."""

    class Step(models.TextChoices):
        FREEZE = "freeze"
        FIT = "fit"
        JUDGE = "judge"
        SCORE = "score"
        PICK = "pick"
        OPEN = "open"
        DONE = "done"

    class State(models.TextChoices):
        PLANNED = "planned"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="rounds")
    n = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    step = models.CharField(max_length=10, choices=Step.choices, default=Step.FREEZE)
    steps = models.JSONField(default=dict)
    """{step: {started, finished, …what it made}}."""
    strategy = models.CharField(max_length=20)
    batch = models.PositiveIntegerField()
    """Tasks to open."""
    seed = models.PositiveBigIntegerField()
    training = models.JSONField(default=dict)
    """Settings of the fit, as they were when the round was planned."""
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="rounds")
    model = models.ForeignKey(Model, models.PROTECT, null=True, related_name="rounds")
    """What this round trained."""
    ranked_by = models.ForeignKey(Model, models.PROTECT, null=True, related_name="ranked_rounds")
    """What scores the pool and draws pre-labels: the champion, or this round's own model while
    there is none that knows these bands and classes."""
    error = ToldText(blank=True)
    created = models.DateTimeField()
    finished = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "n"], name="round_numbered"),
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(state__in=["planned", "running"]),
                name="one_unfinished_round_per_campaign",
            ),
            models.CheckConstraint(
                name="round_state_is_known",
                condition=Q(state__in=["planned", "running", "done", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="round_step_is_known",
                condition=Q(step__in=["freeze", "fit", "judge", "score", "pick", "open", "done"]),
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.n} of campaign {self.campaign_id}"

    @property
    def unfinished(self) -> bool:
        return self.state in (Round.State.PLANNED, Round.State.RUNNING)


class Score(models.Model):
    """What the model that ranked a round said of a tile.

    The round's folder has block maps and embeddings.
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="scores")
    tile = models.ForeignKey(Tile, models.CASCADE, related_name="scores")
    score = models.FloatField()
    fractions = models.JSONField()
    """{class code: share of the tile's valid pixels}."""
    picked = models.PositiveIntegerField(null=True)
    """Place in the pick order, from 1; null: not picked."""
    slice = models.CharField(max_length=20, blank=True)
    why = models.CharField(max_length=80, blank=True)
    drawn = models.JSONField(default=dict)
    """Of a picked tile what chance, quotas and caps did: {quota, noise, standing, probability,
    nearest, likeness}, as workflow/picking.py says; {} of the others."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "tile"], name="score_once"),
            models.UniqueConstraint(fields=["round", "picked"], name="place_in_pick_order_once"),
        ]
        indexes = [models.Index(fields=["round", "-score"], name="score_by_value")]

    def __str__(self) -> str:
        return f"score {self.score:.3f} of tile {self.tile_id}"
