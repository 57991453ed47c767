"""The map of a campaign: footprints in columns of numbers, and what a lasso would send."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, OVERSEERS, campaign_for
from labelling.api.catalogue import FILTERED
from labelling.api.operation import OCTETS, Resource, reads, writes
from labelling.clock import now
from labelling.insights.footprints import footprints, packed, version
from labelling.workflow.pick_plan import MOST, plan_picks
from labelling.workflow.picks_filtered import pick_filtered, plan_filtered

NOT_CHANGED = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag of an earlier answer: 304 where nothing has changed since.",
)


class PickPlanWantedSerializer(serializers.Serializer):
    tiles = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)


class PickPlanSerializer(serializers.Serializer):
    fit = serializers.ListField(
        child=serializers.UUIDField(), help_text="Those that could be sent at this moment."
    )
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="{why: tiles}")


class FilteredPicksWantedSerializer(serializers.Serializer):
    filters = serializers.DictField(
        child=serializers.CharField(),
        help_text="{name: text}, as the catalogue's query has them; empty: all tiles.",
    )


class FilteredPlanSerializer(serializers.Serializer):
    fit = serializers.IntegerField(help_text="Tiles that could be sent at this moment.")
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="{why: tiles}")


class FilteredPicksSerializer(FilteredPicksWantedSerializer):
    expected = serializers.IntegerField(
        min_value=1, help_text="`fit` of the plan: refused where it is another by now."
    )
    why = serializers.CharField(default="", allow_blank=True, max_length=80)


class FilteredPickedSerializer(serializers.Serializer):
    picked = serializers.IntegerField(help_text="Tasks opened.")


class FootprintsView(Resource):
    @reads(
        "footprints",
        answer={(200, OCTETS): OpenApiTypes.BINARY, 304: None},
        parameters=[NOT_CHANGED, *FILTERED],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Outline, state, lane, score and class shares of the tiles that fit the filters: columns
        behind a JSON header, gzipped (insights/footprints.py)."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        wanted = {name: text for name, text in request.query_params.items() if text}
        tag = f'"{version(campaign, wanted=wanted)}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
        if request.headers.get("If-None-Match") == tag:
            return HttpResponse(status=304, headers=headers)
        found = footprints(campaign, wanted=wanted)
        classes = campaign.schema.classes if campaign.schema else []
        body = packed(found, classes, area=campaign.scope.get("polygon"))
        # The columns are kept pressed: every client that can read them unpacks them by itself.
        return HttpResponse(
            body, content_type=OCTETS, headers={**headers, "Content-Encoding": "gzip"}
        )


class PicksPlan(Resource):
    @writes("picks_plan", request=PickPlanWantedSerializer, answer=PickPlanSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Which of these tiles could be sent to the lane of picks. Changes nothing."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = PickPlanWantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return Response(PickPlanSerializer(plan_picks(campaign, **wanted.validated_data)).data)


class FilteredPicksPlan(Resource):
    @writes(
        "filtered_picks_plan",
        request=FilteredPicksWantedSerializer,
        answer=FilteredPlanSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        """How many tiles that fit the filters could be sent to the lane of picks. Changes
        nothing."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = FilteredPicksWantedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        plan = plan_filtered(campaign, wanted=asked.validated_data["filters"])
        return Response(FilteredPlanSerializer(plan).data)


class FilteredPicks(Resource):
    @writes(
        "filtered_picks",
        request=FilteredPicksSerializer,
        answer=FilteredPickedSerializer,
        status=201,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Have all tiles that fit the filters labelled, as many as the plan said or none."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = FilteredPicksSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        picked = pick_filtered(
            campaign=campaign, wanted=given.pop("filters"), who=request.user, now=now(), **given
        )
        return Response(FilteredPickedSerializer({"picked": picked}).data, status=201)
