"""A campaign as its people see it: bands, classes, composites."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from al_engine.strategies import STRATEGIES
from labelling.api.access import campaign_for
from labelling.api.operation import Resource, reads
from labelling.imagery.composites import default_composites
from labelling.models import Campaign, CampaignTile, Membership, role_of


class LabelClassSerializer(serializers.Serializer):
    code = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField()
    hotkey = serializers.CharField()
    priority = serializers.IntegerField(help_text="Where shapes overlap, the higher one wins.")


class ClassSchemaSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    classes = LabelClassSerializer(many=True)


class CompositeSerializer(serializers.Serializer):
    name = serializers.CharField()
    bands = serializers.ListField(
        child=serializers.CharField(), min_length=3, max_length=3, help_text="Red, green, blue."
    )


class CampaignSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    tile_size = serializers.IntegerField(help_text="Pixels a side.")
    bands = serializers.ListField(child=serializers.CharField())
    schema = ClassSchemaSerializer()
    composites = CompositeSerializer(many=True)
    strategy = serializers.CharField()
    strategies = serializers.ListField(child=serializers.CharField())
    batch_size = serializers.IntegerField(help_text="Tasks a round opens when not told otherwise.")
    role = serializers.ChoiceField(Membership.Role.choices)
    synthetic = serializers.BooleanField(help_text="Some tiles are painted, not photographed.")


class CampaignView(Resource):
    @reads("campaign", answer=CampaignSerializer)
    def get(self, request: Request, slug: str) -> Response:
        campaign = campaign_for(request.user, slug)
        return Response(CampaignSerializer(shown(campaign, request.user)).data)


def shown(campaign: Campaign, user: Any) -> dict[str, Any]:
    return {
        "slug": campaign.slug,
        "name": campaign.name,
        "tile_size": campaign.tile_size,
        "bands": campaign.bands,
        "schema": campaign.schema,
        "composites": campaign.composites or default_composites(campaign.bands),
        "strategy": campaign.strategy,
        "strategies": list(STRATEGIES),
        "batch_size": campaign.batch_size,
        "role": role_of(user, campaign),
        "synthetic": CampaignTile.objects.filter(
            campaign=campaign, tile__scene__synthetic=True
        ).exists(),
    }
