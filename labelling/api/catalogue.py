"""The catalogue of a campaign's tiles, for those who see everything."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.insights.catalogue import LARGEST_PAGE, SORTS, catalogue
from labelling.insights.filters import FILTERS
from labelling.models import CampaignTile, Place, Task

FILTERED = [
    OpenApiParameter(name, OpenApiTypes.STR, description=each.help, enum=each.choices or None)
    for name, each in FILTERS.items()
]


class CatalogueTaskSerializer(serializers.Serializer):
    lane = serializers.ChoiceField(Task.Lane.choices)
    state = serializers.ChoiceField(Task.State.choices)
    round_no = serializers.IntegerField(help_text="That opened it; 0: none did.")


class CatalogueTileSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    key = serializers.CharField(help_text="<place>/<datetime>-<level>-<baseline>")
    place = serializers.CharField()
    datetime = serializers.DateTimeField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True, help_text="Degrees, of the centre.")
    latitude = serializers.FloatField(allow_null=True)
    scene = serializers.CharField(help_text="Product id.")
    satellite = serializers.CharField(allow_blank=True)
    level = serializers.CharField(allow_blank=True)
    baseline = serializers.CharField(allow_blank=True)
    split = serializers.ChoiceField(Place.Split.choices)
    scope = serializers.ChoiceField(CampaignTile.Scope.choices)
    fence = serializers.CharField(allow_blank=True, help_text="Why it is kept back.")
    flags = serializers.ListField(
        child=serializers.CharField(), help_text="What the quality gate found."
    )
    near_duplicate = serializers.BooleanField(help_text="Of an earlier tile.")
    valid_share = serializers.FloatField(help_text="0…1 of the pixels.")
    saturated_share = serializers.FloatField()
    sun_elevation = serializers.FloatField(allow_null=True, help_text="Degrees.")
    sun_azimuth = serializers.FloatField(allow_null=True)
    cloud = serializers.FloatField(
        allow_null=True, help_text="0…1 of the pixels with a class, semi-transparent included."
    )
    cover = serializers.CharField(
        allow_blank=True, help_text="What tells it: label, model, mask or product; empty: nothing."
    )
    classes = serializers.DictField(
        child=serializers.FloatField(), help_text="0…1 by class name; empty for a product."
    )
    label = serializers.CharField(allow_blank=True, help_text="Source of the newest label.")
    tasks = CatalogueTaskSerializer(many=True)
    score = serializers.FloatField(allow_null=True, help_text="In the newest finished round.")
    slice = serializers.CharField(allow_blank=True)
    why = serializers.CharField(allow_blank=True)
    synthetic = serializers.BooleanField()


class CataloguePageSerializer(serializers.Serializer):
    results = CatalogueTileSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class CatalogueQuerySerializer(serializers.Serializer):
    sort = serializers.CharField(
        default="id", help_text=f"{', '.join(SORTS)}; with - before it the other way round."
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class Catalogue(Resource):
    @reads(
        "catalogue",
        answer=CataloguePageSerializer,
        parameters=[CatalogueQuerySerializer, *FILTERED],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's tiles, filtered and in order: for leads and reviewers."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = CatalogueQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = {
            name: text
            for name, text in request.query_params.items()
            if name not in asked.fields and text
        }
        page = catalogue(campaign, wanted=wanted, **asked.validated_data)
        return Response(CataloguePageSerializer(page).data)
