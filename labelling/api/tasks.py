"""A task: look at it, keep it, extend it, give it back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import task_for, task_to_label
from labelling.api.operation import Resource, reads, writes
from labelling.api.task_shape import TaskInHand, TaskStatusSerializer
from labelling.clock import now
from labelling.models import Task
from labelling.workflow.claims import extend, heartbeat, live_reservation, release
from labelling.workflow.queue_rules import queue_rules


class LeaseSerializer(serializers.Serializer):
    lease_ends = serializers.DateTimeField()
    warn_at = serializers.DateTimeField(help_text="From then on, warn and offer to extend.")
    idle_after_seconds = serializers.IntegerField(
        help_text="Without activity for so long, show the time left; before, renew by itself."
    )


@dataclass(frozen=True)
class Lease:
    task: Task
    lease_ends: datetime

    @property
    def warn_at(self) -> datetime:
        return self.lease_ends - queue_rules(self.task.campaign).warning

    @property
    def idle_after_seconds(self) -> int:
        return 60 * queue_rules(self.task.campaign).idle_minutes


class StateSerializer(serializers.Serializer):
    state = serializers.CharField()


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
        task = task_to_label(request.user, id)
        ends = heartbeat(task=task, person=request.user, now=now())
        return Response(LeaseSerializer(Lease(task, ends)).data)


class Extend(Resource):
    @writes("extend", answer=LeaseSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Ask for a fresh lease without working on the tile: the pause is counted as one."""
        task = task_to_label(request.user, id)
        ends = extend(task=task, person=request.user, now=now())
        return Response(LeaseSerializer(Lease(task, ends)).data)


class Release(Resource):
    @writes("release", answer=StateSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Give the tile back."""
        task = release(task=task_to_label(request.user, id), person=request.user, now=now())
        return Response(StateSerializer(task).data)
