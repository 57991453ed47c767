"""Handing a label in, and taking it back."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import task_for, task_to_label
from labelling.api.annotations import AnnotationSerializer
from labelling.api.errors import first_complaint
from labelling.api.operation import OCTETS, Octets, Resource, asking, writes
from labelling.api.task_shape import TaskInHand, TaskSerializer
from labelling.clock import now
from labelling.errors import BadInput, LabelRejected, StorageAway, WorkbenchError
from labelling.imagery.label_checks import CHECKS
from labelling.models import Annotation, Task, Tile
from labelling.workflow.drafts import Drawn, keep_refused
from labelling.workflow.planes import Planes
from labelling.workflow.submission import Ready, Work, hand_in, ready
from labelling.workflow.withdrawal import withdraw


class Codes(serializers.CharField):
    """Codes with commas between."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:
        text = super().to_internal_value(data)
        return tuple(part.strip() for part in text.split(",") if part.strip())


class SubmissionSerializer(serializers.Serializer):
    """How a label was made."""

    schema_version = serializers.IntegerField(min_value=1, help_text="Of the classes used.")
    tool = serializers.CharField(default="api", help_text="What the label was drawn with.")
    difficulty = serializers.IntegerField(
        required=False, min_value=1, max_value=5, help_text="1 easy … 5 a guess."
    )
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="What is worth knowing of it."
    )
    overrule = Codes(
        required=False,
        allow_blank=True,
        help_text=f"Warnings that the author stands by, with commas between: {', '.join(CHECKS)}. "
        "The note says why.",
    )


class TakesLabels(Resource):
    """A view whose body is a label; what it refuses is kept as the person's draft.

    Kept here and not where it is refused: by then the transaction of the request is rolled back.
    """

    parser_classes = [Octets]
    handed_in: tuple[Task, Planes, int] | None = None

    def read(self, request: Request, task: Task) -> Work:
        """The label and how it was made. Raises LabelRejected or BadInput."""
        label, provenance = planes_of(request.data, task.tile)
        stated = request.query_params.get("schema_version", "")
        version = int(stated) if stated.isdecimal() and len(stated) < 7 else 0
        self.handed_in = task, Planes(label, provenance), version or task.campaign.schema.version
        made = SubmissionSerializer(data=request.query_params)
        if not made.is_valid():
            field, message = first_complaint(made.errors)
            raise BadInput(message, field=field)
        return {"label": label, "provenance": provenance, **made.validated_data}

    def handle_exception(self, exc: Exception) -> Response:
        keeps = isinstance(exc, WorkbenchError) and not isinstance(exc, StorageAway)
        if keeps and self.handed_in:
            self.keep(exc, *self.handed_in)
        return super().handle_exception(exc)

    def keep(self, refused: WorkbenchError, task: Task, planes: Planes, version: int) -> None:
        drawn = Drawn(planes, version)
        try:
            keep_refused(refused, task=task, person=self.request.user, drawn=drawn, now=now())
        except WorkbenchError as lost:
            # The refusal itself is what the person has to hear.
            refused.help = f"{refused.help} Your label could not be kept: {lost}".strip()


def takes_label(name: str, *, answer: Any, how: type, status: int = 200) -> Any:
    """Document a POST of a label's octets; `how` are the parameters beside them."""
    return writes(
        name,
        request={OCTETS: OpenApiTypes.BINARY},
        parameters=[how],
        answer=answer,
        status=status,
        refuses=[413, 415],
    )


def _placed(view: TakesLabels, request: Request, id: uuid.UUID) -> Ready | Annotation:
    task = task_to_label(request.user, id)
    return ready(task=task, person=request.user, now=now(), **view.read(request, task))


class Submit(TakesLabels):
    @takes_label("submit", how=SubmissionSerializer, answer=AnnotationSerializer, status=201)
    @asking(_placed)
    def post(self, request: Request, id: uuid.UUID, seen: Ready | Annotation) -> Response:
        """Hand in a label: the label plane (height x width uint8), then the provenance plane.

        A label with warnings is refused with the code `needs_confirmation` until they are
        overruled; `findings` has them. What is refused is kept as a draft.
        """
        annotation = hand_in(seen, now=now())
        return Response(AnnotationSerializer(annotation).data, status=201)


class Withdraw(Resource):
    @writes("withdraw", answer=TaskSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Take a label back, until its review opens: the tile is in work again."""
        task = task_to_label(request.user, id)
        spell = withdraw(task=task, person=request.user, now=now())
        task = task_for(request.user, id)
        return Response(TaskSerializer(TaskInHand(task, spell.kind)).data)


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
