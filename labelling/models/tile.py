from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from .scene import Acquisition, Scene


class Tile(models.Model):
    """The raster of an acquisition at one level and baseline. It has no label of its own."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    acquisition = models.ForeignKey(Acquisition, models.PROTECT, related_name="tiles")
    scene = models.ForeignKey(Scene, models.PROTECT, related_name="tiles")
    level = models.CharField(max_length=10, blank=True)
    baseline = models.CharField(max_length=10, blank=True)
    raster = models.CharField(max_length=400)
    """Blob key."""
    sha256 = models.CharField(max_length=64)
    """Of the raster's pixels and band names: the same product twice makes no new tile."""
    bands = models.JSONField()
    """Names in the raster's order."""
    missing = models.JSONField(default=list)
    """Bands of the campaign that the file lacked; stored as zeros."""
    height = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    valid_share = models.FloatField()
    """0…1, of pixels with data in any band; padding counts as no data."""
    saturated_share = models.FloatField(default=0)
    sun_zenith = models.FloatField(null=True)
    sun_azimuth = models.FloatField(null=True)
    view_zenith = models.FloatField(null=True)
    view_azimuth = models.FloatField(null=True)
    """Degrees, of the tile's centre, as the sun's."""
    near_duplicate_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    fingerprint = models.BinaryField(default=bytes)
    """What the tile looks like, small: near-duplicates have near ones."""
    quality = models.JSONField(default=dict)
    """What the quality gate measured and found: {negative, step, flags: [reason codes], …}."""
    thumbnail = models.CharField(max_length=400, blank=True)
    """Blob key of a PNG."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["acquisition", "level", "baseline"], name="tile_once_per_level_and_baseline"
            ),
            models.CheckConstraint(
                name="tile_valid_share_is_a_share",
                condition=Q(valid_share__gte=0, valid_share__lte=1),
            ),
        ]
        # The catalogue walks these, a page at a time, in order of value and then of id.
        indexes = [
            models.Index(fields=["sun_zenith", "id"], name="tile_by_sun"),
            models.Index(fields=["valid_share", "id"], name="tile_by_valid_share"),
            # Copies are looked for by what a tile looks like.
            models.Index(fields=["fingerprint"], name="tile_by_fingerprint"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """`<place>/<datetime>-<level>-<baseline>`; needs acquisition and place loaded."""
        return f"{self.acquisition.key}-{self.level or 'none'}-{self.baseline or 'none'}"


class CampaignTile(models.Model):
    """A tile enrolled in a campaign: whether the campaign may serve it, and if not, why."""

    class Scope(models.TextChoices):
        IN = "in"
        OUT = "out"
        UNKNOWN = "unknown"

    campaign = models.ForeignKey("Campaign", models.CASCADE, related_name="enrolments")
    # A campaign's labels rest on its tiles: one is fenced, never deleted.
    tile = models.ForeignKey(Tile, models.PROTECT, related_name="enrolments")
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.UNKNOWN)
    fence = models.CharField(max_length=40, blank=True)
    """Why the tile is kept from the queue; empty: it isn't."""
    cloud = models.FloatField(null=True)
    """0…1 of cloud by the best source there is, as the sweep last counted it in a large campaign
    (insights/clouds.py), before that the product's; null: not known."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "tile"], name="tile_enrolled_once"),
            models.CheckConstraint(
                name="enrolment_scope_is_known", condition=Q(scope__in=["in", "out", "unknown"])
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "scope", "fence"], name="enrolment_eligible"),
            # The catalogue of a large campaign walks it in order of cloud.
            models.Index(fields=["campaign", "cloud", "tile"], name="enrolment_by_cloud"),
        ]

    def __str__(self) -> str:
        return f"tile {self.tile_id} in campaign {self.campaign_id}"


class Layer(models.Model):
    """A mask or an extra raster on a tile's grid: SCL, csmask, a model's prediction …"""

    tile = models.ForeignKey(Tile, models.CASCADE, related_name="layers")
    source = models.CharField(max_length=40)
    version = models.CharField(max_length=64)
    raster = models.CharField(max_length=400)
    """Blob key."""
    classes = models.JSONField(default=dict)
    """{class code: share of the tile's pixels with data} for a mask, 255 cannot say included."""
    provides = models.JSONField(default=list)
    """Class codes that this source can tell apart at all."""
    sha256 = models.CharField(max_length=64, blank=True)
    """Of the first band's bytes, row by row; empty: not known."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tile", "source", "version"], name="layer_once")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.version} of tile {self.tile_id}"
