"""Masks beside a tile, for those who see everybody's labels."""

from __future__ import annotations

import uuid

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import tile_for
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.errors import NotAllowed
from labelling.imagery.tilefile import read_tile
from labelling.insights.masks import mask_named, masks_of
from labelling.insights.versions import overseen
from labelling.models import CampaignTile, Tile


class MaskSerializer(serializers.Serializer):
    source = serializers.CharField(help_text="model, scl, s2cloudless …; names the mask.")
    version = serializers.CharField()
    provides = serializers.ListField(
        child=serializers.IntegerField(), help_text="Class codes that it can tell; empty: all."
    )
    created = serializers.DateTimeField()


class MasksSerializer(serializers.Serializer):
    results = MaskSerializer(many=True, help_text="The model's first.")


class TileMasks(Resource):
    @reads("tile_masks", answer=MasksSerializer, refuses=[403])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The newest version of each mask beside the tile."""
        tile = tile_to_compare(request, id)
        return Response(MasksSerializer({"results": masks_of(tile)}).data)


class TileMask(Resource):
    @reads("tile_mask", answer={(200, OCTETS): OpenApiTypes.BINARY}, refuses=[403])
    def get(self, request: Request, id: uuid.UUID, source: str) -> StreamingHttpResponse:
        """uint8 (height, width): class codes, 255 where the mask can't say."""
        tile = tile_to_compare(request, id)
        layer = mask_named(tile, source)
        # The next version of the mask has the same address.
        return octets(read_tile(stored(layer.raster))[:1], cached=False)


def tile_to_compare(request: Request, id: uuid.UUID) -> Tile:
    """The tile, for overseers of a campaign that has it: an annotator who saw a mask would be
    labelling with a pre-label that may have been withheld. Raises NotFound and NotAllowed."""
    tile = tile_for(request.user, id)
    if not CampaignTile.objects.filter(tile=tile, campaign__in=overseen(request.user)).exists():
        raise NotAllowed(
            "As annotator you don't see the masks beside a tile; it takes lead or reviewer.",
            help="Ask a lead of the campaign.",
        )
    return tile
