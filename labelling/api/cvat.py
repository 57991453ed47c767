"""CVAT: how a campaign's server fares, what is held; and the server's own calls to us."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling import enqueue
from labelling.api.access import LEADS, OVERSEERS, campaign_for
from labelling.api.errors import ErrorSerializer
from labelling.api.operation import Resource, reads, stated_length, writes
from labelling.clock import now
from labelling.insights.cvat import LARGEST_PAGE, cvat_status, held_jobs, is_linked, link_of
from labelling.models import Task
from labelling.workflow.cvat.webhooks import check_length, receive

SIGNATURE = OpenApiParameter(
    "X-Signature-256",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="`sha256=` and the HMAC of the raw body with CVAT_WEBHOOK_SECRET, in hex.",
)


class OldestSerializer(serializers.Serializer):
    job = serializers.IntegerField(help_text="Its id on the server.")
    tile = serializers.CharField()
    changed = serializers.DateTimeField(help_text="By the server's clock.")
    where = serializers.CharField(help_text="Address of its page.")


class CvatStatusSerializer(serializers.Serializer):
    url = serializers.CharField()
    project = serializers.IntegerField()
    server_version = serializers.CharField(allow_blank=True)
    breaker = serializers.CharField(
        help_text="closed: calls are made; open: none is for a while; trial: one is made to try."
    )
    failures = serializers.IntegerField(help_text="Calls in a row that failed.")
    failing_since = serializers.DateTimeField(allow_null=True)
    retry_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    answered = serializers.DateTimeField(allow_null=True, help_text="To about a minute.")
    refused = serializers.CharField(
        allow_blank=True, help_text="What it answers, but refuses, and what to do."
    )
    refused_since = serializers.DateTimeField(allow_null=True)
    watermark = serializers.DateTimeField(
        allow_null=True, help_text="Changes before it are known; by the server's clock."
    )
    swept = serializers.DateTimeField(allow_null=True, help_text="When all jobs were compared.")
    lag_seconds = serializers.FloatField(help_text="Age of the oldest change not taken in; 0: all.")
    unfetched = serializers.IntegerField(help_text="Changes not taken in.")
    oldest = OldestSerializer(allow_null=True)
    jobs = serializers.IntegerField(help_text="On the server.")
    imported = serializers.IntegerField(help_text="Jobs whose label is here.")
    gone = serializers.IntegerField(help_text="Jobs deleted there.")
    unready = serializers.IntegerField(help_text="Batches that aren't all there yet.")
    unsent = serializers.IntegerField(help_text="Messages that wait to be sent.")
    oldest_unsent = serializers.DateTimeField(allow_null=True)
    waits_because = serializers.CharField(
        allow_blank=True, help_text="Why the oldest batch or message that failed did."
    )
    held = serializers.DictField(
        child=serializers.IntegerField(), help_text="{reason's code: jobs}."
    )
    minutes = serializers.FloatField(help_text="Estimated work on its tiles, from times of edits.")


class CvatLinkedSerializer(serializers.Serializer):
    status = CvatStatusSerializer(allow_null=True, help_text="null: no server is linked.")


class HeldSerializer(serializers.Serializer):
    """A job whose shapes aren't taken in."""

    id = serializers.IntegerField()
    job = serializers.IntegerField(help_text="Its id on the server.")
    where = serializers.CharField(help_text="Address of its page.")
    tile = serializers.CharField()
    task = serializers.UUIDField()
    state = serializers.ChoiceField(Task.State.choices, help_text="Of the task.")
    person = serializers.CharField(allow_blank=True, help_text="Whom it was given to.")
    code = serializers.CharField()
    reason = serializers.CharField(help_text="What is wrong, and what to do.")
    changed = serializers.DateTimeField(allow_null=True)


class HeldPageSerializer(serializers.Serializer):
    results = HeldSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class HeldQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class PokedSerializer(serializers.Serializer):
    pulls = serializers.IntegerField(help_text="Sent to a worker.")


class CvatView(Resource):
    @reads("cvat_status", answer=CvatLinkedSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """How the campaign's CVAT server fares, and how far behind it we are."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        status = cvat_status(campaign, now=now()) if is_linked(campaign) else None
        return Response(CvatLinkedSerializer({"status": status}).data)


class CvatHeld(Resource):
    @reads(
        "cvat_held",
        answer=HeldPageSerializer,
        parameters=[HeldQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Jobs whose shapes aren't taken in, each with a reason that somebody can act on."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = HeldQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(HeldPageSerializer(held_jobs(campaign, **asked.validated_data)).data)


class CvatPull(Resource):
    @writes("cvat_pull", answer=PokedSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Have a worker take in now what was drawn; it does by itself every minute."""
        link = link_of(campaign_for(request.user, slug, LEADS))
        enqueue.enqueue(enqueue.Job.CVAT_PULL, link_id=link.pk)
        return Response(PokedSerializer({"pulls": 1}).data, status=202)


class CvatWebhook(Resource):
    """Called by a CVAT server: signed with the secret, without a session."""

    authentication_classes = []
    permission_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before a byte of it is read.
        check_length(stated_length(request.META.get("CONTENT_LENGTH")))
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="cvat_webhook",
        request=OpenApiTypes.OBJECT,
        parameters=[SIGNATURE],
        responses={202: PokedSerializer, 403: ErrorSerializer, 422: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """A CVAT server says that something changed: a worker goes and looks."""
        pulls = receive(
            request.octets,
            signature=request.headers.get("X-Signature-256", ""),
            secret=settings.CVAT_WEBHOOK_SECRET,
        )
        return Response(PokedSerializer({"pulls": pulls}).data, status=202)
