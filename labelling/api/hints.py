"""What pre-labels do to labels, for leads and reviewers."""

from __future__ import annotations

import uuid

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, annotation_for, campaign_for
from labelling.api.agreement import interval_field
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.errors import NotFound
from labelling.imagery.boundaries import edit_map
from labelling.imagery.tilefile import read_label, read_tile
from labelling.insights.hints import hint_report
from labelling.models import Annotation, Layer, Membership, role_of
from labelling.workflow.regions import without_bare


class EstimateSerializer(serializers.Serializer):
    mean = serializers.FloatField(allow_null=True)
    interval = interval_field()
    tiles = serializers.IntegerField()


class ArmSerializer(serializers.Serializer):
    labels = serializers.IntegerField()
    changed = EstimateSerializer(help_text="0…1 of a tile's pixels that differ from the pre-label.")
    untouched = serializers.FloatField(
        allow_null=True, help_text="0…1 of the labels that are the pre-label as it was."
    )
    iou = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="{class code: pre-label against final label, mean over tiles}",
    )
    agreement = EstimateSerializer(
        help_text="0…1 of a tile's pixels that an unaided second person gave the same class."
    )


class VersionSerializer(serializers.Serializer):
    source = serializers.CharField()
    version = serializers.CharField()
    labels = serializers.IntegerField()
    changed = serializers.FloatField(allow_null=True)
    untouched = serializers.FloatField(allow_null=True)


class HintReportSerializer(serializers.Serializer):
    hinted = ArmSerializer(help_text="Drawn with the pre-label in sight.")
    plain = ArmSerializer(help_text="Drawn without it, by the draw of the round.")
    pull = EstimateSerializer(
        help_text="`changed` without minus with: how far pre-labels pull labels towards them."
    )
    agreement_gap = EstimateSerializer(help_text="`agreement` without minus with.")
    evened = serializers.IntegerField(
        help_text="Labels whose pre-label was withheld for a person's balance; in neither arm."
    )
    versions = VersionSerializer(many=True, help_text="By pre-label shown, the newest first.")


class Hints(Resource):
    @reads("hints", answer=HintReportSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """How much people change pre-labels, and how far these pull them."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(HintReportSerializer(hint_report(campaign)).data)


class AnnotationEdits(Resource):
    @reads("annotation_edits", answer={(200, OCTETS): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint8 (height, width): 1 where the label differs from the pre-label, 0 where it doesn't,
        255 where either says nothing."""
        annotation = annotation_for(request.user, id)
        shown = read_tile(stored(_prelabel(request, annotation).raster))[0]
        if annotation.task:
            shown = without_bare(shown, annotation.task)
        final, _ = read_label(stored(annotation.raster))
        return octets([edit_map(shown.astype(final.dtype), final)])


def _prelabel(request: Request, annotation: Annotation) -> Layer:
    """What the label is held against: for annotators only what they saw. Raises NotFound."""
    layer = annotation.shown
    task = annotation.task
    if layer is None and task and _oversees(request, annotation):
        layer = task.prelabel
    if layer is None:
        raise NotFound("This label wasn't drawn from a pre-label.", field="id")
    return layer


def _oversees(request: Request, annotation: Annotation) -> bool:
    role = role_of(request.user, annotation.schema.campaign)
    return role in (Membership.Role.REVIEWER, Membership.Role.LEAD)
