"""Snapshots: list them, make one by a rule, look at one, compare two."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.errors import BadInput, NotFound
from labelling.insights.snapshots import LARGEST_PAGE, snapshot_named, snapshots
from labelling.models import Job, Snapshot, role_of
from labelling.workflow.snapshots.diff import diff
from labelling.workflow.snapshots.jobs import KIND, start_freeze
from labelling.workflow.snapshots.rule import CHOICES, read_rule


class SnapshotSerializer(serializers.Serializer):
    hash = serializers.CharField(help_text="sha256 of its manifest.")
    created = serializers.DateTimeField()
    rule = serializers.DictField(help_text="What it was asked for.")
    counts = serializers.DictField(help_text="{samples, pool, validation, test, pixels: {code: n}}")


class SnapshotDetailSerializer(SnapshotSerializer):
    campaign = serializers.CharField(source="campaign.slug")
    datasheet = serializers.DictField(help_text="Empty: made before there were datasheets.")


class SnapshotPageSerializer(serializers.Serializer):
    results = SnapshotSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class SnapshotQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class RuleSerializer(serializers.Serializer):
    """Documents the rule; workflow/snapshots/rule.py reads it, and names what is wrong."""

    schema = serializers.IntegerField(
        required=False, allow_null=True, help_text="Version of the classes; null: in force."
    )
    states = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=", ".join(CHOICES["states"])
    )
    lanes = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=", ".join(CHOICES["lanes"])
    )
    verdicts = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=", ".join(CHOICES["verdicts"])
    )
    sources = serializers.ListField(child=serializers.CharField(), required=False)
    licences = serializers.ListField(child=serializers.CharField(allow_blank=True), required=False)
    splits = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=", ".join(CHOICES["splits"])
    )
    restricted = serializers.BooleanField(
        required=False, help_text="false: no licence that forbids commercial use or changed copies."
    )
    min_trust = serializers.FloatField(required=False, help_text="0…1")
    since = serializers.CharField(required=False, allow_null=True, help_text="UTC.")
    until = serializers.CharField(required=False, allow_null=True, help_text="UTC.")


class SnapshotOrderSerializer(serializers.Serializer):
    rule = RuleSerializer(required=False, help_text="Empty lists ask for nothing. Default: all.")


class SnapshotJobSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    state = serializers.ChoiceField(Job.State.choices)
    rule = serializers.DictField(source="request.rule")
    snapshot = serializers.CharField(
        source="result.snapshot", default="", help_text="Its hash, once it is made."
    )
    progress = serializers.DictField()
    error = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)


class DiffTilesSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    keys = serializers.ListField(child=serializers.CharField(), help_text="Of the first.")


class DiffSerializer(serializers.Serializer):
    first = serializers.CharField()
    second = serializers.CharField()
    added = DiffTilesSerializer()
    removed = DiffTilesSerializer()
    relabelled = DiffTilesSerializer(help_text="In both, with another label.")
    reread = DiffTilesSerializer(help_text="In both, with other imagery.")
    unchanged = serializers.IntegerField()
    pixels = serializers.DictField(help_text="{class: {first, second, change}}")
    authors = serializers.DictField(help_text="{username: {first, second}}: tiles.")
    rule = serializers.DictField(help_text="{field: [first's, second's]} where they differ.")


class DiffQuerySerializer(serializers.Serializer):
    to = serializers.CharField(help_text="Hash of the other snapshot, or its first letters.")


class Snapshots(Resource):
    @reads(
        "snapshots",
        answer=SnapshotPageSerializer,
        parameters=[SnapshotQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's snapshots, the newest first."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = SnapshotQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(SnapshotPageSerializer(snapshots(campaign, **asked.validated_data)).data)

    @writes(
        "snapshot_create", request=SnapshotOrderSerializer, answer=SnapshotJobSerializer, status=202
    )
    def post(self, request: Request, slug: str) -> Response:
        """Freeze the labels that a rule takes: done by a worker. The same labels give the same
        snapshot."""
        campaign = campaign_for(request.user, slug, LEADS)
        rule = read_rule(_body(request).get("rule", {}))
        job = start_freeze(campaign=campaign, rule=rule, by=request.user, now=now())
        return Response(SnapshotJobSerializer(job).data, status=202)


class SnapshotJob(Resource):
    @reads("snapshot_job", answer=SnapshotJobSerializer, refuses=[403])
    def get(self, request: Request, slug: str, id: str) -> Response:
        """How far a snapshot is that was asked for."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        job = Job.objects.filter(kind=KIND, campaign=campaign, uuid=id).first()
        if job is None:
            raise NotFound(f"No snapshot of {slug} was asked for under {id}.", field="id")
        return Response(SnapshotJobSerializer(job).data)


class SnapshotView(Resource):
    @reads("snapshot", answer=SnapshotDetailSerializer, refuses=[403, 422])
    def get(self, request: Request, hash: str) -> Response:
        """A snapshot with its rule and datasheet, by its hash or the first letters of it."""
        return Response(SnapshotDetailSerializer(snapshot_to_see(request.user, hash)).data)


class SnapshotDiff(Resource):
    @reads(
        "snapshot_diff",
        answer=DiffSerializer,
        parameters=[DiffQuerySerializer],
        refuses=[403, 409, 422],
    )
    def get(self, request: Request, hash: str) -> Response:
        """What differs from this snapshot to another one."""
        asked = DiffQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        first = snapshot_to_see(request.user, hash)
        second = snapshot_to_see(request.user, asked.validated_data["to"])
        return Response(DiffSerializer(asdict(diff(first, second, blobs=store()))).data)


def snapshot_to_see(user: User, hash: str) -> Snapshot:
    """A snapshot of a campaign that the person oversees. Raises NotFound, NotAllowed, BadInput."""
    snapshot = snapshot_named(hash)
    if role_of(user, snapshot.campaign) is None:
        # Not campaign_for's words: they would tell an outsider the campaign's name.
        raise NotFound(f"There is no snapshot {hash}.", field="snapshot")
    campaign_for(user, snapshot.campaign.slug, OVERSEERS)
    return snapshot


def _body(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise BadInput('The body is an object: {"rule": {…}}.', field="body")
    return request.data
