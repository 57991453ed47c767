"""A task as the person who labels it sees it. Lane, rank, score and round are never part of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rest_framework import serializers

from labelling.api.prelabels import prelabel_of
from labelling.insights.cvat_people import open_in_cvat
from labelling.models import Guidance, Layer, Reservation, Task, Tile
from labelling.workflow.queue_rules import queue_rules
from labelling.workflow.regions import guidance_of

UNSTRETCHED = [0, 10_000]
"""Shown as black and white in a band whose scene has no stretch: reflectance 0 and 1."""


@dataclass(frozen=True)
class TaskInHand:
    """A task and how the person who asks holds it; None: not at all (any more)."""

    task: Task
    hold: str | None

    @property
    def lease_ends(self) -> datetime | None:
        return self.task.lease_ends if self.hold else None

    @property
    def lease_seconds(self) -> int:
        return 60 * queue_rules(self.task.campaign).lease_minutes

    @property
    def warn_seconds(self) -> int:
        return 60 * queue_rules(self.task.campaign).warn_minutes

    @property
    def idle_after_seconds(self) -> int:
        return 60 * queue_rules(self.task.campaign).idle_minutes

    @property
    def prelabel(self) -> Layer | None:
        return prelabel_of(self.task)

    @property
    def guidance(self) -> Guidance | None:
        return guidance_of(self.task)

    @property
    def cvat_url(self) -> str | None:
        return open_in_cvat(self.task, self.task.holder_id) if self.hold else None


class TileSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    place = serializers.CharField(source="acquisition.place.key")
    datetime = serializers.DateTimeField(source="acquisition.taken", allow_null=True)
    level = serializers.CharField(allow_blank=True)
    satellite = serializers.CharField(source="scene.satellite", allow_blank=True)
    bands = serializers.ListField(child=serializers.CharField(), help_text="As in the array.")
    height = serializers.IntegerField()
    width = serializers.IntegerField()
    valid_share = serializers.FloatField(help_text="0…1 of the pixels have data.")
    sun_azimuth = serializers.FloatField(allow_null=True, help_text="Degrees from north.")
    sun_zenith = serializers.FloatField(allow_null=True, help_text="Degrees.")
    synthetic = serializers.BooleanField(source="scene.synthetic")
    stretch = serializers.SerializerMethodField(
        help_text="{band: [low, high]}: uint16 values shown as black and white, one for a scene."
    )

    def get_stretch(self, tile: Tile) -> dict[str, list[int]]:
        return {band: tile.scene.stretch.get(band, UNSTRETCHED) for band in tile.bands}


class PrelabelSerializer(serializers.Serializer):
    source = serializers.CharField()
    version = serializers.CharField()


class RegionSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="Its place in the order of labelling, from 1.")
    top = serializers.IntegerField(help_text="Pixels from the upper edge.")
    left = serializers.IntegerField()
    height = serializers.IntegerField(help_text="Pixels.")
    width = serializers.IntegerField()


class GuidanceSerializer(serializers.Serializer):
    regions = RegionSerializer(
        many=True, source="boxes", help_text="To label, and nothing else; empty: the whole tile."
    )
    heat = serializers.ListField(
        child=serializers.IntegerField(),
        source="heat_shape",
        allow_null=True,
        help_text="[rows, columns] of the heat map; null: there is none.",
    )


class TaskSerializer(serializers.Serializer):
    """A task in the hands of the person who asks."""

    id = serializers.UUIDField(source="task.uuid")
    campaign = serializers.CharField(source="task.campaign.slug")
    state = serializers.CharField(source="task.state")
    hold = serializers.ChoiceField(Reservation.Kind.choices)
    lease_ends = serializers.DateTimeField()
    lease_seconds = serializers.IntegerField(help_text="Of a fresh lease.")
    warn_seconds = serializers.IntegerField(help_text="Before its end: warn, offer to extend.")
    idle_after_seconds = serializers.IntegerField(
        help_text="Without activity for so long, show the time left; before, renew by itself."
    )
    schema_version = serializers.IntegerField(source="task.campaign.schema.version")
    tile = TileSerializer(source="task.tile")
    prelabel = PrelabelSerializer(allow_null=True)
    guidance = GuidanceSerializer(
        allow_null=True, help_text="Null wherever `prelabel` is, and where nothing is known."
    )
    cvat_url = serializers.CharField(
        allow_null=True, help_text="Where its holder may draw it in CVAT; null: only here."
    )


class TaskStatusSerializer(TaskSerializer):
    """A task, whether or not the person who asks holds it."""

    hold = serializers.ChoiceField(Reservation.Kind.choices, allow_null=True)
    lease_ends = serializers.DateTimeField(allow_null=True)
