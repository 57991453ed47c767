"""Where to look and draw: the regions of a task, and how uncertain the model is where.

Both are answered only where the task's pre-label is, and refused in the same words whatever the
reason: neither tells which tiles measure somebody.
"""

from __future__ import annotations

import uuid

import numpy as np
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import task_for
from labelling.api.binary import octets
from labelling.api.operation import OCTETS, Resource, reads
from labelling.api.task_shape import GuidanceSerializer
from labelling.errors import NotFound
from labelling.models import Guidance, Task
from labelling.workflow.regions import guidance_of, numbered

BINARY = {(200, OCTETS): OpenApiTypes.BINARY}


class TaskGuidance(Resource):
    @reads("task_guidance", answer=GuidanceSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """The regions to label, in order, and the size of the heat map."""
        _, guidance = _guided(request.user, id)
        return Response(GuidanceSerializer(guidance).data)


class TaskGuideMask(Resource):
    @reads("task_guide_mask", answer=BINARY)
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint8 (height, width): the number of the region, 0 outside of all."""
        task, guidance = _guided(request.user, id)
        plane = numbered(guidance.regions, task.tile.height, task.tile.width)
        return octets([plane], cached=False)


class TaskHeat(Resource):
    @reads("task_heat", answer=BINARY)
    def get(self, request: Request, id: uuid.UUID) -> StreamingHttpResponse:
        """uint8 (rows, columns) over the tile: 0 the model is sure … 255 it is uncertain."""
        _, guidance = _guided(request.user, id)
        if guidance.heat_shape is None:
            raise _nothing()
        return octets([np.frombuffer(bytes(guidance.heat), np.uint8)], cached=False)


def _guided(user: User, id: uuid.UUID) -> tuple[Task, Guidance]:
    task = task_for(user, id)
    guidance = guidance_of(task)
    if guidance is None:
        raise _nothing()
    return task, guidance


def _nothing() -> NotFound:
    return NotFound("This tile has no guidance for you.", help="Label the whole tile.")
