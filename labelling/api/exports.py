"""Exports of a snapshot: ask for one, follow it, stop it. For leads."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, campaign_for
from labelling.api.archives import TYPE, zipped
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.errors import Conflict, NotFound
from labelling.imagery.exports.forms import FORMATS
from labelling.insights.exports import LARGEST_PAGE, exports, row
from labelling.insights.snapshots import snapshot_named
from labelling.models import Job, Snapshot, role_of
from labelling.workflow.export.jobs import KIND, cancel_export, start_export
from labelling.workflow.export.order import Order


class ExportSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(Job.State.choices)
    format = serializers.ChoiceField(list(FORMATS))
    with_bands = serializers.BooleanField(help_text="Whether the imagery goes along.")
    with_provenance = serializers.BooleanField(help_text="Whether pixels' provenance goes along.")
    asked_by = serializers.CharField(allow_blank=True, help_text="Username.")
    done = serializers.IntegerField(help_text="Tiles written so far.")
    total = serializers.IntegerField()
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    folder = serializers.CharField(
        allow_blank=True, help_text="Where it lies in storage; empty until it is done."
    )
    files = serializers.IntegerField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(
        allow_blank=True, help_text="Of its list of files: equal exports have equal ones."
    )


class ExportPageSerializer(serializers.Serializer):
    results = ExportSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class ExportOrderSerializer(serializers.Serializer):
    format = serializers.CharField(help_text=f"{', '.join(FORMATS)}.")
    with_bands = serializers.BooleanField(
        default=False, help_text="Let the imagery go along. NetCDF wants it."
    )
    with_provenance = serializers.BooleanField(
        default=False, help_text="Let the provenance of pixels go along. GeoTIFF only."
    )


class ExportQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class Exports(Resource):
    @reads(
        "exports",
        answer=ExportPageSerializer,
        parameters=[ExportQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, hash: str) -> Response:
        """The snapshot's exports, the newest first."""
        snapshot = snapshot_for(request.user, hash)
        asked = ExportQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        results, cursor = exports(snapshot, **asked.validated_data)
        return Response(ExportPageSerializer({"results": results, "cursor": cursor}).data)

    @writes("export_start", request=ExportOrderSerializer, answer=ExportSerializer, status=202)
    def post(self, request: Request, hash: str) -> Response:
        """Export the snapshot: done by a worker. The same again gives the export there is."""
        snapshot = snapshot_for(request.user, hash)
        asked = ExportOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        order = Order.of(snapshot, form=wanted.pop("format"), **wanted)
        job = start_export(order=order, by=request.user, blobs=store(), now=now())
        return Response(ExportSerializer(row(job, snapshot)).data, status=202)


class ExportFiles(Resource):
    @reads("export_files", answer={(200, TYPE): OpenApiTypes.BINARY}, refuses=[403, 409])
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """A finished export's files as one ZIP."""
        job, snapshot = export_for(request.user, id)
        told = row(job, snapshot)
        if not told.folder:
            raise Conflict(
                f"The export is {told.state}: there are no files yet.",
                help="Ask again when it is done.",
            )
        return zipped(store(), told.folder, name=f"{snapshot.hash[:12]}-{told.format}")


class CancelExport(Resource):
    @writes("export_cancel", answer=ExportSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Ask the export to stop; what was written of it is removed."""
        job, snapshot = export_for(request.user, id)
        cancelled = cancel_export(job=job, by=request.user, now=now())
        return Response(ExportSerializer(row(cancelled, snapshot)).data)


def snapshot_for(user: User, hash: str) -> Snapshot:
    """A snapshot of a campaign that the person leads. Raises NotFound, NotAllowed."""
    snapshot = snapshot_named(hash)
    if role_of(user, snapshot.campaign) is None:
        raise NotFound(f"There is no snapshot {hash}.", field="hash")  # nor whose it is
    campaign_for(user, snapshot.campaign.slug, LEADS)
    return snapshot


def export_for(user: User, id: uuid.UUID) -> tuple[Job, Snapshot]:
    job = Job.objects.select_related("campaign").filter(kind=KIND, uuid=id).first()
    if job is None or role_of(user, job.campaign) is None:
        raise NotFound(f"There is no export {id}.", field="id")
    return job, snapshot_for(user, job.request["snapshot"])
