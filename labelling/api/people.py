"""What people have done: for leads everybody's, for each person his own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import EVERYONE, LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.errors import BadInput
from labelling.insights.paging import Order, page
from labelling.insights.work import work_of
from labelling.models import Membership

LARGEST_PAGE = 100
CAMPAIGN = OpenApiParameter("campaign", OpenApiTypes.STR, required=True, description="Its slug.")


class HoursSerializer(serializers.Serializer):
    done = serializers.IntegerField(help_text="Labels handed in, or reviews finished.")
    active_seconds = serializers.IntegerField(help_text="Gaps between heartbeats of 2 min at most.")
    idle_seconds = serializers.IntegerField(help_text="Longer gaps while the tile was in hand.")
    per_hour = serializers.FloatField(allow_null=True, help_text="Done in an active hour.")


class PaceSerializer(serializers.Serializer):
    labels = serializers.IntegerField(help_text="That it rests on.")
    factor = serializers.FloatField(
        allow_null=True,
        help_text="The team's median times for tiles as hard, summed, over the person's own times: "
        "above 1 is quicker.",
    )


class GoldStandingSerializer(serializers.Serializer):
    tiles = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True, help_text="0…1, over tiles.")
    named = serializers.FloatField(allow_null=True, help_text="0…1 of the pixels given a class.")
    classes = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="{class code: F1 with a boundary tolerance, over all pixels}",
    )


class OwnWorkSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Membership.Role.choices)
    level = serializers.IntegerField()
    labelling = HoursSerializer()
    reviewing = HoursSerializer()
    pace = PaceSerializer()
    gold = GoldStandingSerializer(
        help_text="On tiles whose label is known; brought up to date every few of them."
    )
    rework = serializers.DictField(
        child=serializers.IntegerField(), help_text="{reason: labels rejected for it}"
    )
    difficulty = serializers.DictField(
        child=serializers.IntegerField(), help_text="{1…5: labels found so hard}"
    )


class WorkSerializer(OwnWorkSerializer):
    qualified = serializers.DateTimeField(allow_null=True, help_text="Since when; null: not yet.")
    drift = serializers.DateTimeField(
        allow_null=True,
        help_text="Since when gold scores are worse than before; null: they aren't.",
    )


class PeoplePageSerializer(serializers.Serializer):
    results = WorkSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class PageQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, default=None, help_text="From the last page.")


class MyWork(Resource):
    @reads("my_work", answer=OwnWorkSerializer, parameters=[CAMPAIGN], refuses=[422])
    def get(self, request: Request) -> Response:
        """One's own throughput, gold score, time and reasons for rework in a campaign."""
        slug = request.query_params.get("campaign", "")
        if not slug:
            raise BadInput("Which campaign?", field="campaign", help="Name it: ?campaign=SLUG.")
        campaign = campaign_for(request.user, slug, EVERYONE)
        members = Membership.objects.filter(campaign=campaign, user=request.user)
        mine = list(members.select_related("user")) or [
            Membership(campaign=campaign, user=request.user, role=Membership.Role.LEAD)
        ]
        return Response(OwnWorkSerializer(work_of(campaign, mine, own=True)[0]).data)


class People(Resource):
    @reads(
        "people", answer=PeoplePageSerializer, parameters=[PageQuerySerializer], refuses=[403, 422]
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's members, those who joined first in front."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = asked_page(request)
        members = Membership.objects.filter(campaign=campaign).select_related("user")
        found, cursor = page(members, Order("people", None), **asked)
        rows = {"results": work_of(campaign, found), "cursor": cursor}
        return Response(PeoplePageSerializer(rows).data)


def asked_page(request: Request) -> dict[str, Any]:
    """{limit, cursor} as asked for."""
    asked = PageQuerySerializer(data=request.query_params)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
