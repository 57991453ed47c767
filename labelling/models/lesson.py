from __future__ import annotations

from django.db import models
from django.db.models import Q

from .annotation import Annotation
from .campaign import Campaign
from .round import Round
from .tile import Tile


class TileFigures(models.Model):
    """A tile's spectral features, measured once: a choice over the pool reads no raster again."""

    tile = models.ForeignKey(Tile, models.CASCADE, related_name="figures", db_index=False)
    recipe = models.CharField(max_length=32)
    """Of the bands in their order and the version of the features (imagery/features.py)."""
    values = models.BinaryField()
    """float32, little-endian."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tile", "recipe"], name="tile_measured_once")
        ]

    def __str__(self) -> str:
        return f"figures of tile {self.tile_id}"


class Foresight(models.Model):
    """What the model that ranked a round said of a tile before anybody had labelled it, held
    against the label that came in."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="foresights")
    tile = models.ForeignKey(Tile, models.CASCADE, related_name="+")
    annotation = models.ForeignKey(Annotation, models.CASCADE, related_name="+")
    """The newest label it was held against."""
    slice = models.CharField(max_length=20)
    """As Score.slice."""
    probability = models.FloatField(null=True)
    """The chance that the tile had to be drawn into its slice; null: not known."""
    codes = models.JSONField()
    """Class codes, in the order of `confusion`."""
    confusion = models.JSONField()
    """(K, K) pixels: row the label's class, column the model's; where both name one."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "tile"], name="foreseen_once"),
            models.CheckConstraint(
                name="foresight_probability_is_one",
                condition=Q(probability__isnull=True) | Q(probability__gt=0, probability__lte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"foresight of tile {self.tile_id} in round {self.round_id}"


class LabelCost(models.Model):
    """What a label took, beside what might have told so before."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="+")
    annotation = models.OneToOneField(Annotation, models.CASCADE, related_name="cost")
    seconds = models.PositiveIntegerField()
    """Active ones of all the author's spells with the task until the label came in."""
    figures = models.JSONField()
    """{name: number or null}, as workflow/costing.py lists them."""
    created = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["campaign", "id"], name="cost_of_campaign")]

    def __str__(self) -> str:
        return f"{self.seconds} s of annotation {self.annotation_id}"


class Duel(models.Model):
    """Two models trained alike, one on chosen tiles, one on control tiles, judged on the next
    control tiles. Never changed: what was once compared isn't compared again."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="duels")
    n = models.PositiveIntegerField()
    arms = models.JSONField()
    """{chosen, random: [annotation UUIDs each learnt from], seed}."""
    pairs = models.JSONField()
    """[{product, tiles, chosen, random}], in order: a product's accuracy, 0…1, by each model."""
    judged_until = models.DateTimeField()
    """Control labels up to then were judged on, by this duel or an earlier one."""
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "n"], name="duel_numbered")]

    def __str__(self) -> str:
        return f"duel {self.n} of campaign {self.campaign_id}"
