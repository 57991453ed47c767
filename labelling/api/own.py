"""A person's own day, and what reviewers said of his labels."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import campaign_for
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.api.task_shape import TileSerializer
from labelling.imagery.tilefile import read_label
from labelling.insights.own import done_since, fixed_pair, said_of
from labelling.models import Review
from labelling.workflow.review_rules import REASONS

LARGEST_PAGE = 100


class DoneSerializer(serializers.Serializer):
    labels = serializers.IntegerField(help_text="Handed in.")
    reviews = serializers.IntegerField()
    active_seconds = serializers.IntegerField(help_text="Worked; pauses aren't counted.")


class DoneQuerySerializer(serializers.Serializer):
    since = serializers.DateTimeField(help_text="With its time zone: midnight where one is.")


class SaidSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    annotation = serializers.UUIDField(help_text="The label, as it was handed in.")
    tile = TileSerializer()
    reviewer = serializers.CharField()
    verdict = serializers.ChoiceField(Review.Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()
    rework = serializers.CharField(
        allow_blank=True,
        help_text="State of the task in which it is drawn anew; empty: there is none.",
    )


class SaidPageSerializer(serializers.Serializer):
    results = SaidSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")
    reasons = serializers.DictField(child=serializers.CharField(), help_text="{code: in words}")


class SaidQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=20, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class MyDay(Resource):
    @reads("my_day", answer=DoneSerializer, parameters=[DoneQuerySerializer], refuses=[422])
    def get(self, request: Request, slug: str) -> Response:
        """What one has done in the campaign since a moment."""
        campaign = campaign_for(request.user, slug)
        asked = DoneQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        done = done_since(campaign, request.user, asked.validated_data["since"])
        return Response(DoneSerializer(done).data)


class MyFeedback(Resource):
    @reads(
        "my_feedback", answer=SaidPageSerializer, parameters=[SaidQuerySerializer], refuses=[422]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Verdicts on one's own labels, the newest first."""
        campaign = campaign_for(request.user, slug)
        asked = SaidQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        said, cursor = said_of(campaign, request.user, **asked.validated_data)
        told = {"results": said, "cursor": cursor, "reasons": REASONS}
        return Response(SaidPageSerializer(told).data)


class MyFixedLabel(Resource):
    @reads("my_fixed_label", answer={(200, OCTETS): OpenApiTypes.BINARY})
    def get(self, request: Request, id: int) -> StreamingHttpResponse:
        """uint8 (2, height, width): one's own label, then the label as its reviewer fixed it."""
        before, after = fixed_pair(id, request.user)
        planes = [read_label(stored(each.raster))[0] for each in (before, after)]
        return octets(planes)
