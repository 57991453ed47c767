"""A submitted label."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import annotation_for
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Resource, reads
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation


class AnnotationSerializer(serializers.Serializer):
    """Its number on the acquisition is left out: it tells whether others have labelled the tile."""

    id = serializers.UUIDField(source="uuid")
    author = serializers.CharField(
        source="author.username",
        default="",
        allow_blank=True,
        help_text="Empty: none of our people.",
    )
    created = serializers.DateTimeField()
    kind = serializers.ChoiceField(Annotation.Kind.choices)
    labelled_share = serializers.FloatField(help_text="0…1 of the pixels carry a class.")
    pixels = serializers.DictField(child=serializers.IntegerField(), help_text="{code: pixels}")
    schema_version = serializers.IntegerField(source="schema.version")
    task = serializers.UUIDField(source="task.uuid", default=None, allow_null=True)


class AnnotationView(Resource):
    @reads("annotation", answer=AnnotationSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        return Response(AnnotationSerializer(annotation_for(request.user, id)).data)


class AnnotationLabel(Resource):
    @reads("annotation_label", answer={(200, OCTETS): OpenApiTypes.BINARY})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """The octets as they were submitted: label plane, then provenance plane."""
        annotation = annotation_for(request.user, id)
        return octets(read_label(stored(annotation.raster)))
