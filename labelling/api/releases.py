"""Releases of a campaign: have one made, follow it, take its files. For leads."""

from __future__ import annotations

import json
import uuid

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import OCTETS, Resource, reads, writes
from labelling.clock import now
from labelling.errors import NotFound
from labelling.imagery.exports.forms import FORMATS
from labelling.insights.snapshots import snapshot_named
from labelling.models import Campaign, Job, Release
from labelling.workflow.releasing.copying import LIST
from labelling.workflow.releasing.evidence import model_named
from labelling.workflow.releasing.jobs import KIND, start_release
from labelling.workflow.releasing.release import Wanted

LARGEST_PAGE = 100


class ReleaseOrderSerializer(serializers.Serializer):
    version = serializers.CharField(help_text="Such as 1.0; no other release has it.")
    snapshot = serializers.CharField(help_text="Hash.")
    model = serializers.CharField(required=False, help_text="Hash, or `champion`.")
    formats = serializers.ListField(
        child=serializers.CharField(), default=["geotiff"], help_text=f"{', '.join(FORMATS)}."
    )
    with_bands = serializers.BooleanField(default=False, help_text="Imagery goes along.")
    licence = serializers.CharField(
        default="", allow_blank=True, help_text="SPDX name, of the team's own labels."
    )
    source_licences = serializers.DictField(
        child=serializers.CharField(), default=dict, help_text="{source: licence}, if it says none."
    )
    authors = serializers.CharField(default="", allow_blank=True, help_text="Whom to cite.")
    allow_non_commercial = serializers.BooleanField(default=False)


class ReleaseSerializer(serializers.Serializer):
    version = serializers.CharField()
    created = serializers.DateTimeField()
    snapshot = serializers.CharField(source="snapshot.hash")
    model = serializers.CharField(source="model.hash", default=None, allow_null=True)
    sha256 = serializers.CharField(help_text="Of its list of files, which names their hashes.")


class ReleaseFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()


class ReleaseWithFilesSerializer(ReleaseSerializer):
    files = ReleaseFileSerializer(many=True)


class ReleasePageSerializer(serializers.Serializer):
    results = ReleaseSerializer(many=True)


class LongJobSerializer(serializers.Serializer):
    """Long work that a worker does."""

    id = serializers.UUIDField(source="uuid")
    state = serializers.ChoiceField(Job.State.choices)
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)
    progress = serializers.DictField(help_text="{stage, done, total}; empty before it begins.")
    error = serializers.CharField(allow_blank=True)


class Releases(Resource):
    @reads("releases", answer=ReleasePageSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """The newest releases."""
        campaign = campaign_for(request.user, slug, LEADS)
        rows = campaign.releases.select_related("snapshot", "model").order_by("-pk")
        return Response(ReleasePageSerializer({"results": rows[:LARGEST_PAGE]}).data)

    @writes("release_start", request=ReleaseOrderSerializer, answer=LongJobSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Have a release made by a worker. What can't be released is refused at once."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = ReleaseOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        model = given.pop("model", "")
        wanted = Wanted(
            campaign=campaign,
            snapshot=snapshot_named(given.pop("snapshot")),
            model=model_named(campaign, model) if model else None,
            forms=given.pop("formats"),
            **given,
        )
        job = start_release(wanted, by=request.user, blobs=store(), now=now())
        return Response(LongJobSerializer(job).data, status=202)


class ReleaseJob(Resource):
    @reads("release_job", answer=LongJobSerializer, refuses=[403])
    def get(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """How far a release is."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(LongJobSerializer(job_of(campaign, KIND, id)).data)


class ReleaseView(Resource):
    @reads("released", answer=ReleaseWithFilesSerializer, refuses=[403])
    def get(self, request: Request, slug: str, version: str) -> Response:
        """A release and the list of its files."""
        found = release_of(campaign_for(request.user, slug, LEADS), version)
        found.files = files_of(found)
        return Response(ReleaseWithFilesSerializer(found).data)


class ReleaseFile(Resource):
    @reads("release_file", answer={(200, OCTETS): OpenApiTypes.BINARY}, refuses=[403])
    def get(self, request: Request, slug: str, version: str, name: str) -> FileResponse:
        """One of a release's files."""
        found = release_of(campaign_for(request.user, slug, LEADS), version)
        if name not in {each["name"] for each in files_of(found)}:
            raise NotFound(f"Release {version} has no file {name!r}.", field="name")
        path = store().local(f"{found.folder}/{name}")
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=path.name, content_type=OCTETS
        )


def job_of(campaign: Campaign, kind: str, id: uuid.UUID) -> Job:
    """Raises NotFound."""
    job = Job.objects.filter(campaign=campaign, kind=kind, uuid=id).first()
    if job is None:
        raise NotFound(f"{campaign.slug} has no such job {id}.", field="id")
    return job


def release_of(campaign: Campaign, version: str) -> Release:
    rows = campaign.releases.select_related("snapshot", "model")
    found = rows.filter(version=version).first()
    if found is None:
        raise NotFound(f"{campaign.slug} has no release {version!r}.", field="version")
    return found


def files_of(release: Release) -> list[dict[str, object]]:
    """{name, sha256, bytes} of each, the list itself first."""
    content = store().read(f"{release.folder}/{LIST}")
    files = json.loads(content)["files"]
    itself = {"name": LIST, "sha256": release.sha256, "bytes": len(content)}
    return [itself, *({"name": name, **told} for name, told in files.items())]
