"""The classes of a campaign, version by version; change them, migrate labels to them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.insights.schemas import LARGEST_PAGE, newest_migration, schemas
from labelling.models import Campaign, Job
from labelling.workflow.relabelling import REOPENED, pending, send_migration
from labelling.workflow.schemas import (
    change_schema,
    check_at_rest,
    classes_in_force,
    plan_change,
)


class SchemaClassSerializer(serializers.Serializer):
    code = serializers.IntegerField(help_text="0…252.")
    name = serializers.CharField()
    colour = serializers.CharField(required=False, help_text="Such as #3b7d4f.")
    hotkey = serializers.CharField(required=False, allow_blank=True, help_text="One character.")
    priority = serializers.IntegerField(
        required=False, help_text="Where shapes overlap the higher one wins."
    )


class SchemaVersionSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    in_force = serializers.SerializerMethodField()
    classes = SchemaClassSerializer(many=True)
    parent = serializers.IntegerField(source="parent.version", default=None, allow_null=True)
    mapping = serializers.DictField(
        child=serializers.IntegerField(allow_null=True),
        help_text="{code of the parent: code here, or null: not labelled any more}",
    )
    labels = serializers.IntegerField(help_text="Labels that use this version.")

    def get_in_force(self, schema: Any) -> bool:
        return bool(schema.pk == self.context["campaign"].schema_id)


class SchemaPageSerializer(serializers.Serializer):
    results = SchemaVersionSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class SchemaQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class SchemaChangeSerializer(serializers.Serializer):
    classes = SchemaClassSerializer(many=True, help_text="All classes of the new version.")
    mapping = serializers.DictField(
        child=serializers.IntegerField(allow_null=True),
        required=False,
        help_text="{old code: new code, or null}; a code that isn't named stays.",
    )
    reopen = serializers.CharField(
        default="", allow_blank=True,
        help_text=f"Lane in which tiles that lose labelled pixels are opened again: "
        f"{', '.join(REOPENED)}; empty: none.",
    )  # fmt: skip
    dry_run = serializers.BooleanField(default=False, help_text="Say what would change.")


class MigrateSerializer(serializers.Serializer):
    reopen = serializers.CharField(default="", allow_blank=True)


class MigrationSerializer(serializers.Serializer):
    version = serializers.IntegerField(help_text="In force; with dry_run the one it would change.")
    told = serializers.ListField(
        child=serializers.CharField(), help_text="What becomes of each class, in words."
    )
    left = serializers.IntegerField(help_text="Labels still to be migrated.")
    state = serializers.CharField(allow_blank=True, help_text="Of the migration; empty: none.")
    progress = serializers.DictField()
    result = serializers.DictField(help_text="{labels, acquisitions, reopened} when it is done.")
    error = serializers.CharField(allow_blank=True)


class Schemas(Resource):
    @reads(
        "schemas",
        answer=SchemaPageSerializer,
        parameters=[SchemaQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The versions of the campaign's classes, the newest first."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = SchemaQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = schemas(campaign, **asked.validated_data)
        return Response(SchemaPageSerializer(page, context={"campaign": campaign}).data)

    @writes("schema_change", request=SchemaChangeSerializer, answer=MigrationSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Put a new version of the classes in force; a worker migrates the labels."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = SchemaChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        # As they came: what a class must be is said in one place, with the class's name.
        change = plan_change(
            classes_in_force(campaign), request.data["classes"], given.get("mapping", {})
        )
        if given["dry_run"]:
            check_at_rest(campaign, change.of)
            return _told(campaign, None, told=change.told)
        _, job = change_schema(
            campaign=campaign, change=change, by=request.user, now=now(), reopen=given["reopen"]
        )
        return _told(campaign, job, told=change.told)


class Migration(Resource):
    @reads("schema_migration", answer=MigrationSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """How far the labels are migrated to the classes in force."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        return _told(campaign, newest_migration(campaign), status=200)

    @writes("schema_migrate", request=MigrateSerializer, answer=MigrationSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Go on with a migration that stopped; one that is under way is left to itself."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = MigrateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        job = send_migration(
            classes_in_force(campaign), by=request.user, now=now(), **asked.validated_data
        )
        return _told(campaign, job)


def _told(
    campaign: Campaign, job: Job | None, *, told: list[str] | None = None, status: int = 202
) -> Response:
    schema = classes_in_force(campaign)
    facts = {
        "version": schema.version,
        "told": told or [],
        "left": pending(schema).count(),
        "state": job.state if job else "",
        "progress": job.progress if job else {},
        "result": job.result if job else {},
        "error": job.error if job else "",
    }
    return Response(MigrationSerializer(facts).data, status=status)
