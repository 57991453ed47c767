"""Gold tiles, for leads."""

from __future__ import annotations

import uuid

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, annotation_for, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.api.people import PageQuerySerializer, asked_page
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.gold import gold_rows
from labelling.insights.paging import Order, page
from labelling.models import Campaign, Gold, Place
from labelling.workflow.gold import add_gold, retire_gold


class GoldSerializer(serializers.Serializer):
    annotation = serializers.UUIDField(
        source="annotation.uuid", help_text="The label people are measured by; names the gold tile."
    )
    tile = serializers.CharField(source="acquisition.key", help_text="<place>/<datetime>")
    split = serializers.ChoiceField(Place.Split.choices, source="acquisition.place.split")
    author = serializers.CharField(
        source="annotation.author.username", default="", help_text="Empty: it was imported."
    )
    guide = serializers.CharField(allow_blank=True, help_text="What a newcomer learns from it.")
    active = serializers.BooleanField(help_text="Whether it is still served.")
    labels = serializers.IntegerField(help_text="People's labels compared with it.")
    waiting = serializers.IntegerField(help_text="Tasks that wait for somebody.")
    created = serializers.DateTimeField()


class GoldPageSerializer(serializers.Serializer):
    results = GoldSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class NewGoldSerializer(serializers.Serializer):
    annotation = serializers.UUIDField(help_text="An accepted label, or a trusted imported one.")
    guide = serializers.CharField(default="", allow_blank=True, help_text="For newcomers.")
    test_too = serializers.BooleanField(
        default=False, help_text="Say so where the tile lies in a test place."
    )


class GoldTiles(Resource):
    @reads("gold", answer=GoldPageSerializer, parameters=[PageQuerySerializer], refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        campaign = campaign_for(request.user, slug, LEADS)
        newest = Order("gold", None, descending=True)
        found, cursor = page(gold_rows(campaign), newest, **asked_page(request))
        return Response(GoldPageSerializer({"results": found, "cursor": cursor}).data)

    @writes("add_gold", request=NewGoldSerializer, answer=GoldSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Measure people by a label: its tile is mixed into everybody's stream."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = NewGoldSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        gold = add_gold(
            campaign=campaign,
            annotation=annotation_for(request.user, wanted["annotation"]),
            who=request.user,
            now=now(),
            guide=wanted["guide"],
            test_too=wanted["test_too"],
        )
        return Response(GoldSerializer(gold_rows(campaign).get(pk=gold.pk)).data, status=201)


class RetireGold(Resource):
    @writes("retire_gold", answer=GoldSerializer)
    def post(self, request: Request, slug: str, annotation: uuid.UUID) -> Response:
        """Serve the tile no more; what people were measured by it stays."""
        campaign = campaign_for(request.user, slug, LEADS)
        gold = gold_named(campaign, annotation)
        retire_gold(gold=gold, who=request.user, now=now())
        return Response(GoldSerializer(gold_rows(campaign).get(pk=gold.pk)).data)


def gold_named(campaign: Campaign, annotation: uuid.UUID) -> Gold:
    """Raises NotFound."""
    found = Gold.objects.filter(campaign=campaign, annotation__uuid=annotation)
    gold = found.select_related("campaign").first()
    if gold is None:
        raise NotFound(f"{annotation} is no gold label of {campaign.slug}.", field="annotation")
    return gold
