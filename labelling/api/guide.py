"""The guide: examples of classes that are mixed up, from the campaign's own gold tiles."""

from __future__ import annotations

import uuid

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import campaign_for
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.api.task_shape import TileSerializer
from labelling.imagery.tilefile import read_label
from labelling.insights.guide import examples, guide_label


class ExampleSerializer(serializers.Serializer):
    """Two classes that meet on a tile whose label is known."""

    tile = TileSerializer()
    annotation = serializers.UUIDField(source="annotation.uuid", help_text="The known label.")
    guide = serializers.CharField(allow_blank=True, help_text="The lead's words.")
    pair = serializers.ListField(
        source="border.pair", child=serializers.IntegerField(), help_text="Two class codes."
    )
    band = serializers.CharField(
        source="border.band", help_text="In which the two differ most beside their border."
    )
    auc = serializers.FloatField(
        source="border.auc",
        help_text="0.5…1: how often a pixel of the brighter class is the brighter one in `band`.",
    )
    brighter = serializers.IntegerField(source="border.brighter", help_text="Class code.")
    window = serializers.ListField(
        child=serializers.IntegerField(), help_text="Top, left, bottom, right: look there."
    )
    mistaken = serializers.IntegerField(help_text="Pixels that people mixed up on this tile.")


class GuideSerializer(serializers.Serializer):
    examples = ExampleSerializer(many=True, help_text="Those mixed up most first.")


class Guide(Resource):
    @reads("guide", answer=GuideSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """An example of each two classes that meet on gold tiles which are served no more."""
        campaign = campaign_for(request.user, slug)
        return Response(GuideSerializer({"examples": examples(campaign, blobs=store())}).data)


class GuideLabel(Resource):
    @reads("guide_label", answer={(200, OCTETS): OpenApiTypes.BINARY})
    def get(self, request: Request, slug: str, annotation: uuid.UUID) -> StreamingHttpResponse:
        """uint8 (height, width): the class codes of an example's tile."""
        campaign = campaign_for(request.user, slug)
        label, _ = read_label(stored(guide_label(campaign, str(annotation)).raster))
        return octets([label], cached=False)
