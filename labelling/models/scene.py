from __future__ import annotations

from django.db import models
from django.db.models import Q


class Installation(models.Model):
    """The one row of what the whole installation shares: the split, frozen at the first ingest."""

    split_seed = models.PositiveIntegerField(default=0)
    split_shares = models.JSONField()
    """{pool, validation, test}: shares of the ground that sum to 1."""
    frozen = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_installation", condition=Q(pk=1)),
        ]

    def __str__(self) -> str:
        return f"split {self.split_shares} frozen {self.frozen:%Y-%m-%d}"


class Scene(models.Model):
    """One acquisition of the satellite at one processing level: what a product file holds."""

    class State(models.TextChoices):
        INGESTING = "ingesting"
        READY = "ready"
        FAILED = "failed"

    product_id = models.CharField(max_length=200, unique=True)
    satellite = models.CharField(max_length=20, blank=True)
    level = models.CharField(max_length=10, blank=True)
    baseline = models.CharField(max_length=10, blank=True)
    orbit = models.PositiveSmallIntegerField(null=True)
    """Relative orbit."""
    taken = models.DateTimeField(null=True)
    mgrs = models.CharField(max_length=5, blank=True)
    sun_zenith = models.FloatField(null=True)
    """Degrees, of the scene's centre; azimuth is clockwise from north."""
    sun_azimuth = models.FloatField(null=True)
    view_zenith = models.FloatField(null=True)
    view_azimuth = models.FloatField(null=True)
    cloud_cover = models.FloatField(null=True)
    """Per cent, as the product says."""
    footprint = models.JSONField(null=True)
    """GeoJSON polygon, WGS 84."""
    offset_rule = models.PositiveSmallIntegerField(default=0)
    """Version of the rule from digital numbers to reflectance; 0: the file held reflectance."""
    radiometry = models.JSONField(default=dict)
    """{band: [offset, quantification]} that the rule applied."""
    stretch = models.JSONField(default=dict)
    """{band: [low, high]}: what is shown as black and white, one for the whole scene."""
    synthetic = models.BooleanField(default=False)
    """Painted by us: every picture and figure made from it says so."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    reason = models.TextField(blank=True)
    """Why the ingest failed; its earlier tiles are kept, and a retry goes on from them."""
    content = models.CharField(max_length=64, blank=True)
    """Of the files it was last read from, see `imagery.content`: the same again needn't be read."""
    empty = models.JSONField(default=list)
    """Keys of the places that it covers without data: looked at, and no tile was stored."""
    lease_ends = models.DateTimeField(null=True)
    """Until when the ingest that is at work may be taken for alive."""
    token = models.PositiveIntegerField(default=0)
    """Fencing token: counts the ingests that took this scene up; only the newest may write."""
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="scene_state_is_known",
                condition=Q(state__in=["ingesting", "ready", "failed"]),
            ),
            # A scene that is ready stays so while it is cut for another campaign's tile size.
            models.CheckConstraint(
                name="scene_at_work_has_a_lease",
                condition=Q(state="ingesting", lease_ends__isnull=False)
                | Q(state="failed", lease_ends__isnull=True)
                | Q(state="ready"),
            ),
        ]

    def __str__(self) -> str:
        return self.product_id


class Place(models.Model):
    """A square of ground. It owns the split, for ever."""

    class Split(models.TextChoices):
        POOL = "pool"
        VALIDATION = "validation"
        TEST = "test"

    key = models.CharField(max_length=220, unique=True)
    """`<MGRS>/<size>/<row>/<col>`, or the scene's name where the ground isn't known."""
    square = models.CharField(max_length=220, db_index=True)
    """The 100 km ground square (or the scene's name) that decided the split."""
    split = models.CharField(max_length=10, choices=Split.choices)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="place_split_is_known",
                condition=Q(split__in=["pool", "validation", "test"]),
            )
        ]

    def __str__(self) -> str:
        return self.key


class Acquisition(models.Model):
    """A place at a moment: what a label belongs to. Its L1C and L2A tiles share labels."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="acquisitions")
    taken = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "taken"], name="acquisition_once"),
            models.UniqueConstraint(
                fields=["place"],
                condition=Q(taken__isnull=True),
                name="undated_acquisition_once",
            ),
        ]
        indexes = [models.Index(fields=["taken"], name="acquisition_by_date")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """`<place>/<datetime>`, as in blob keys and files; needs `place` loaded."""
        return (
            f"{self.place.key}/{self.taken:%Y%m%dT%H%M%S}"
            if self.taken
            else f"{self.place.key}/undated"
        )
