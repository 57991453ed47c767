"""The next tile."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LABELLERS, campaign_for, task_for
from labelling.api.operation import Resource, writes
from labelling.api.task_shape import TaskInHand, TaskSerializer
from labelling.clock import now
from labelling.models import Reservation
from labelling.workflow.claims import claim_next


class ClaimSerializer(serializers.Serializer):
    hold = serializers.ChoiceField(
        Reservation.Kind.choices,
        default="active",
        help_text="active: to work on now; held: one ahead, fetched early.",
    )


class QueueNext(Resource):
    @writes("queue_next", request=ClaimSerializer, answer=TaskSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The tile in hand, or else the highest-ranked waiting one."""
        campaign = campaign_for(request.user, slug, LABELLERS)
        claim = ClaimSerializer(data=request.data)
        claim.is_valid(raise_exception=True)
        reservation = claim_next(
            campaign=campaign, person=request.user, now=now(), **claim.validated_data
        )
        task = task_for(request.user, reservation.task.uuid)
        return Response(TaskSerializer(TaskInHand(task, reservation.kind)).data)
