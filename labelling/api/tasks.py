"""A task: look at it, keep it, give it back, hand it in."""

from __future__ import annotations

import uuid

import numpy as np
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import task_for, task_to_label
from labelling.api.annotations import AnnotationSerializer
from labelling.api.operation import OCTETS, Octets, Resource, reads, writes
from labelling.api.task_shape import TaskInHand, TaskStatusSerializer
from labelling.clock import now
from labelling.errors import LabelRejected
from labelling.models import Tile
from labelling.workflow.claims import heartbeat, live_reservation, release
from labelling.workflow.submission import submit


class LeaseSerializer(serializers.Serializer):
    lease_ends = serializers.DateTimeField()


class StateSerializer(serializers.Serializer):
    state = serializers.CharField()


class SubmissionSerializer(serializers.Serializer):
    """How a label was made."""

    schema_version = serializers.IntegerField(min_value=1, help_text="Of the classes used.")
    tool = serializers.CharField(default="api", help_text="What the label was drawn with.")


class TaskView(Resource):
    @reads("task", answer=TaskStatusSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        task = task_for(request.user, id)
        spell = live_reservation(task, request.user)
        return Response(TaskStatusSerializer(TaskInHand(task, spell.kind if spell else None)).data)


class Heartbeat(Resource):
    @writes("heartbeat", answer=LeaseSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Say that work goes on: the lease is lengthened."""
        ends = heartbeat(task=task_to_label(request.user, id), person=request.user, now=now())
        return Response(LeaseSerializer({"lease_ends": ends}).data)


class Release(Resource):
    @writes("release", answer=StateSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Give the tile back."""
        task = release(task=task_to_label(request.user, id), person=request.user, now=now())
        return Response(StateSerializer(task).data)


class Submit(Resource):
    parser_classes = [Octets]

    @writes(
        "submit",
        request={OCTETS: OpenApiTypes.BINARY},
        parameters=[SubmissionSerializer],
        answer=AnnotationSerializer,
        status=201,
        refuses=[413, 415],
    )
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Hand in a label: the label plane (height x width uint8), then the provenance plane."""
        task = task_to_label(request.user, id)
        made = SubmissionSerializer(data=request.query_params)
        made.is_valid(raise_exception=True)
        label, provenance = planes_of(request.data, task.tile)
        annotation = submit(
            task=task,
            person=request.user,
            label=label,
            provenance=provenance,
            now=now(),
            **made.validated_data,
        )
        return Response(AnnotationSerializer(annotation).data, status=201)


def planes_of(octets: bytes, tile: Tile) -> np.ndarray:
    """(2, height, width) uint8. Raises LabelRejected unless it is exactly two planes."""
    expected = 2 * tile.height * tile.width
    if len(octets) != expected:
        raise LabelRejected(
            f"The label has {len(octets)} octets; this tile of {tile.height} by {tile.width} "
            f"pixels takes {expected}.",
            field="label",
            help="Send the label plane, then the provenance plane, one octet a pixel.",
        )
    return np.frombuffer(octets, dtype=np.uint8).reshape(2, tile.height, tile.width)
