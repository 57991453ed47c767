"""What helps to read a tile: its pictures, the clearest other date, where shadows fall."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import tile_for
from labelling.api.binary import stored
from labelling.api.operation import Resource, reads
from labelling.api.task_shape import TileSerializer
from labelling.errors import BadInput, NotFound
from labelling.imagery.composites import default_composites
from labelling.insights.reference import clear_reference
from labelling.insights.shadow import expected_shadow
from labelling.models import Campaign, Tile, campaigns_of
from labelling.workflow.pictures import drawn, picture_of

A_DAY = "private, max-age=86400"
"""Pictures are asked after again: a scene's stretch may be improved. Mostly the answer is 304."""
NAME = OpenApiParameter("name", OpenApiTypes.STR, description="Of a composite; default: the first.")
BANDS = OpenApiParameter("bands", OpenApiTypes.STR, description="Red, green, blue: B04,B03,B02.")
CAMPAIGN = OpenApiParameter(
    "campaign", OpenApiTypes.STR, description="Whose labels and model say what is clear."
)


class ShadowOffsetSerializer(serializers.Serializer):
    height = serializers.IntegerField(help_text="Of the cloud, in metres.")
    rows = serializers.FloatField(help_text="Pixels from cloud to shadow, down.")
    columns = serializers.FloatField(help_text="Pixels to the right.")


class ClearTileSerializer(serializers.Serializer):
    days = serializers.IntegerField(help_text="After the tile that was asked for, or before it.")
    tile = TileSerializer()


class ReferenceSerializer(serializers.Serializer):
    sun_azimuth = serializers.FloatField(allow_null=True, help_text="Degrees from north.")
    sun_elevation = serializers.FloatField(allow_null=True, help_text="Degrees.")
    parallax = serializers.BooleanField(help_text="The satellite's slant is in the offsets.")
    shadow = ShadowOffsetSerializer(many=True)
    reference = ClearTileSerializer(allow_null=True)


class TileComposite(Resource):
    @reads(
        "tile_composite",
        answer={(200, "image/png"): OpenApiTypes.BINARY, 304: None},
        parameters=[NAME, BANDS],
        refuses=[422],
    )
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """The whole tile in three bands, under the one stretch of its scene."""
        tile = tile_for(request.user, id)
        picture = picture_of(tile, _shown(request, tile))
        etag = f'"{picture.hash}"'
        answer = get_conditional_response(request._request, etag=etag)
        if answer is None:
            stored(tile.raster)
            answer = HttpResponse(drawn(picture, blobs=store()), content_type="image/png")
        answer["ETag"], answer["Cache-Control"] = etag, A_DAY
        return answer


class TileReference(Resource):
    @reads("tile_reference", answer=ReferenceSerializer, parameters=[CAMPAIGN])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The clearest other date of the same place, and where this tile's shadows should fall."""
        tile = tile_for(request.user, id)
        campaign = _campaign(request.user, tile, request.query_params.get("campaign"))
        shadow = expected_shadow(tile, blobs=store())
        told = {
            "sun_azimuth": tile.sun_azimuth,
            "sun_elevation": None if tile.sun_zenith is None else 90 - tile.sun_zenith,
            "parallax": shadow.parallax,
            "shadow": shadow.offsets,
            "reference": clear_reference(tile, campaign=campaign),
        }
        return Response(ReferenceSerializer(told).data)


def _shown(request: Request, tile: Tile) -> list[str]:
    """The three bands asked for, by name or one by one. Raises BadInput."""
    if bands := request.query_params.get("bands"):
        names = bands.split(",")
        if len(names) != 3 or not set(names) <= set(tile.bands):
            raise BadInput(
                f"{bands!r} are not three bands of this tile.",
                field="bands",
                help=f"Name three of {', '.join(tile.bands)}, with commas between.",
            )
        return names
    pictures = _composites(request.user, tile)
    name = request.query_params.get("name") or next(iter(pictures))
    if name not in pictures:
        raise BadInput(
            f"This tile has no composite {name!r}.",
            field="name",
            help=f"It has {', '.join(pictures)}.",
        )
    return pictures[name]


def _composites(user: User, tile: Tile) -> dict[str, list[str]]:
    """{name: three bands} of the tile's campaigns and, where they name none, by its bands."""
    known = {each["name"]: each["bands"] for each in default_composites(tile.bands)}
    for campaign in _campaigns(user, tile):
        chosen = {each["name"]: each["bands"] for each in campaign.composites}
        known |= {name: bands for name, bands in chosen.items() if set(bands) <= set(tile.bands)}
    return known


def _campaign(user: User, tile: Tile, slug: str | None) -> Campaign:
    """The campaign asked for, else the person's first that has the tile. Raises NotFound."""
    for campaign in _campaigns(user, tile):
        if slug in (None, campaign.slug):
            return campaign
    raise NotFound(f"No campaign {slug!r} of yours has this tile.", field="campaign")


def _campaigns(user: User, tile: Tile) -> list[Campaign]:
    mine = campaigns_of(user).filter(enrolments__tile=tile)
    return list(mine.select_related("schema").order_by("pk"))
