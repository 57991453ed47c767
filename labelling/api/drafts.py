"""Unfinished labels, saved as a person draws."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import task_to_label
from labelling.api.binary import octets, stored
from labelling.api.operation import OCTETS, Octets, Resource, reads
from labelling.api.submission import planes_of, takes_label
from labelling.clock import now
from labelling.errors import NotFound
from labelling.imagery.tilefile import read_label
from labelling.workflow.drafts import Drawn, save_draft, where_to_start
from labelling.workflow.planes import Planes


class View(serializers.CharField):
    """A JSON object as text."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            view = json.loads(super().to_internal_value(data))
        except ValueError:
            view = None
        if not isinstance(view, dict):
            raise serializers.ValidationError("This is no JSON object.")
        return view


class SaveSerializer(serializers.Serializer):
    """What a save says beside the drawing."""

    version = serializers.IntegerField(
        min_value=0, help_text="Of the draft that this one goes on from; 0: there was none."
    )
    schema_version = serializers.IntegerField(min_value=1, help_text="Of the classes used.")
    view = View(
        required=False,
        help_text="Where the person is, as a JSON object: {centre, zoom, composite, tool …}.",
    )


class SavedSerializer(serializers.Serializer):
    version = serializers.IntegerField(help_text="To go on from.")
    saved = serializers.DateTimeField()


class DraftSerializer(serializers.Serializer):
    version = serializers.IntegerField(
        help_text="0: nothing was saved yet; this is the label that came or was taken back."
    )
    saved = serializers.DateTimeField()
    schema_version = serializers.IntegerField(help_text="Of the classes it was drawn with.")
    view = serializers.DictField(help_text="Where the person was; empty: not known.")


class DraftOfTask(Resource):
    parser_classes = [Octets]

    @reads("draft", answer={200: DraftSerializer, 204: None}, refuses=[403])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """What the person goes on with on this tile; 204 where it is an empty label."""
        task = task_to_label(request.user, id)
        try:
            start = where_to_start(task, request.user)
        except NotFound:
            return Response(status=204)
        return Response(DraftSerializer(start).data)

    @takes_label("save_draft", how=SaveSerializer, answer=SavedSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Keep an unfinished label: label plane, then provenance plane.

        409 `stale_draft` when another tab or machine has saved a newer version.
        """
        task = task_to_label(request.user, id)
        planes = Planes(*planes_of(request.data, task.tile))
        said = SaveSerializer(data=request.query_params)
        said.is_valid(raise_exception=True)
        made = said.validated_data
        draft = save_draft(
            task=task,
            person=request.user,
            drawn=Drawn(planes, made["schema_version"], made.get("view")),
            base=made["version"],
            now=now(),
        )
        return Response(SavedSerializer(draft).data)


class DraftLabel(Resource):
    @reads("draft_label", answer={(200, OCTETS): OpenApiTypes.BINARY}, refuses=[403])
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """The octets as they were saved; `Draft-Version` says of which version."""
        start = where_to_start(task_to_label(request.user, id), request.user)
        answer = octets(read_label(stored(start.key)), cached=False)
        answer["Draft-Version"] = str(start.version)
        return answer
