"""Versions of a label: list them, see how their pixels came about, go back to one."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import annotation_for, tile_for
from labelling.api.binary import stored
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.imagery.tilefile import read_label
from labelling.insights.versions import LARGEST_PAGE, overseen, provenance_summary, versions
from labelling.models import Annotation
from labelling.workflow.versions import revert


class LabelVersionSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    campaign = serializers.CharField(source="schema.campaign.slug")
    schema_version = serializers.IntegerField(source="schema.version")
    n = serializers.IntegerField(help_text="1, 2, … under this version of the classes.")
    author = serializers.CharField(
        source="author.username", default="", help_text="Empty: none of our people."
    )
    tool = serializers.CharField()
    source = serializers.CharField(help_text="`campaign`, or the labelled set it came from.")
    kind = serializers.ChoiceField(Annotation.Kind.choices)
    parent = serializers.SerializerMethodField(
        help_text="The version it came from, where you may see that one."
    )
    task = serializers.UUIDField(source="task.uuid", default=None, allow_null=True)
    sha256 = serializers.CharField(help_text="Of label and provenance: equal means equal pixels.")
    pixels = serializers.DictField(child=serializers.IntegerField(), help_text="{code: pixels}")
    labelled_share = serializers.FloatField()
    created = serializers.DateTimeField()

    def get_parent(self, label: Annotation) -> uuid.UUID | None:
        parent = label.parent
        # An annotator who learnt that his label follows another's would know the lane.
        hidden = parent is None or (
            self.context["own_only"](label) and parent.author_id != label.author_id
        )
        return None if hidden or parent is None else parent.uuid


class LabelVersionPageSerializer(serializers.Serializer):
    results = LabelVersionSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class LabelVersionQuerySerializer(serializers.Serializer):
    campaign = serializers.CharField(required=False, help_text="Its slug; default: all of yours.")
    source = serializers.CharField(required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class ProvenanceSerializer(serializers.Serializer):
    pixels = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="{painted, confirmed, propagated, imported, background, none: pixels}",
    )
    classes = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="The same for each class code, 254 and 255 included.",
    )


class TileLabels(Resource):
    @reads(
        "tile_labels",
        answer=LabelVersionPageSerializer,
        parameters=[LabelVersionQuerySerializer],
        refuses=[422],
    )
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """Versions of the label of the tile's acquisition, the newest first: all of them for
        reviewers and leads, their own for annotators."""
        tile = tile_for(request.user, id)
        asked = LabelVersionQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = versions(tile.acquisition, seen_by=request.user, **asked.validated_data)
        return Response(LabelVersionPageSerializer(page, context=_context(request)).data)


class AnnotationProvenance(Resource):
    @reads("annotation_provenance", answer=ProvenanceSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """How the label's pixels came about."""
        annotation = annotation_for(request.user, id)
        label, provenance = read_label(stored(annotation.raster))
        told = provenance_summary(label, provenance, codes=annotation.schema.codes)
        return Response(ProvenanceSerializer(told).data)


class RevertAnnotation(Resource):
    @writes("annotation_revert", answer=LabelVersionSerializer, status=201)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Go back to this version: a new one with its pixels follows the current one."""
        annotation = annotation_for(request.user, id)
        made = revert(annotation=annotation, by=request.user, now=now())
        return Response(LabelVersionSerializer(made, context=_context(request)).data, status=201)


def _context(request: Request) -> dict[str, Any]:
    """Whether the reader sees only his own labels of a label's campaign. One query."""
    everything = overseen(request.user)
    return {"own_only": lambda label: label.schema.campaign_id not in everything}
