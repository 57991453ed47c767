"""The queue: the next tile for a labeller; lanes, rules and picks for leads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LABELLERS, LEADS, OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.api.task_shape import TaskInHand, TaskSerializer
from labelling.clock import now
from labelling.insights.queue_health import lane_health, review_backlog
from labelling.insights.tallies import lane_counts_of
from labelling.models import Campaign, Reservation, Task
from labelling.models.commits import may_be_lost
from labelling.workflow.claims import claim_next
from labelling.workflow.picks import MOST_PICKS, pick
from labelling.workflow.queue_rules import QueueRules, change_rules, queue_rules


class ClaimSerializer(serializers.Serializer):
    hold = serializers.ChoiceField(
        Reservation.Kind.choices,
        default="active",
        help_text="active: to work on now; held: one ahead, fetched early.",
    )


class LaneSerializer(serializers.Serializer):
    lane = serializers.ChoiceField(Task.Lane.choices)
    waiting = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True, help_text="Of those that wait.")
    in_hand = serializers.IntegerField()
    kept = serializers.IntegerField(help_text="Waiting for one person or for some level.")
    share = serializers.FloatField(help_text="0…1 of the tiles served, while all lanes have some.")
    served = serializers.IntegerField(help_text="In the last seven days, and not given back.")
    served_share = serializers.FloatField(allow_null=True)
    expired = serializers.IntegerField(help_text="In the last seven days: nobody worked on them.")
    per_day = serializers.FloatField(help_text="Tiles served a day, of the last seven at most.")
    empty_in_days = serializers.FloatField(
        allow_null=True, help_text="At that pace, with none added; null: at no time."
    )


class ReviewBacklogSerializer(serializers.Serializer):
    waiting = serializers.IntegerField()
    in_hand = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True, help_text="Of those that wait.")


class QueueSerializer(serializers.Serializer):
    lanes = LaneSerializer(many=True)
    review = ReviewBacklogSerializer()
    rules = serializers.DictField(help_text="In force, defaults included.")


class QueueRulesSerializer(serializers.Serializer):
    """What is named is set; null sets it back to its default."""

    queue = serializers.DictField(
        required=False, child=serializers.JSONField(allow_null=True), default=dict
    )
    lanes = serializers.DictField(
        required=False,
        child=serializers.JSONField(allow_null=True),
        default=dict,
        help_text="{lane: its share}; a lane of share 0 pauses.",
    )


class PicksSerializer(serializers.Serializer):
    tiles = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=MOST_PICKS
    )
    why = serializers.CharField(default="", allow_blank=True, max_length=80)


class PickedSerializer(serializers.Serializer):
    task = serializers.UUIDField(source="uuid")
    tile = serializers.UUIDField(source="tile.uuid")
    lane = serializers.CharField()


class PicksAnswerSerializer(serializers.Serializer):
    picked = PickedSerializer(many=True)


class QueueNext(Resource):
    @writes("queue_next", request=ClaimSerializer, answer=TaskSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The tile in hand, or else the next one of the queue."""
        campaign = campaign_for(request.user, slug, LABELLERS)
        claim = ClaimSerializer(data=request.data)
        claim.is_valid(raise_exception=True)
        may_be_lost()  # the tile would wait again, and what was drawn be kept as a draft
        reservation = claim_next(
            campaign=campaign, person=request.user, now=now(), **claim.validated_data
        )
        return Response(TaskSerializer(TaskInHand(reservation.task, reservation.kind)).data)


class QueueView(Resource):
    @reads("queue", answer=QueueSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Depth, age and share of each lane."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        return Response(QueueSerializer(shown(campaign)).data)


class QueueRulesView(Resource):
    @writes("queue_rules", request=QueueRulesSerializer, answer=QueueSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Change lease, limits or the lanes' shares; they hold from the next claim on."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = QueueRulesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        change_rules(campaign, who=request.user, now=now(), **wanted.validated_data)
        return Response(QueueSerializer(shown(campaign)).data)


class Picks(Resource):
    @writes("picks", request=PicksSerializer, answer=PicksAnswerSerializer, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Have these tiles labelled, all or none."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = PicksSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        tasks = pick(campaign=campaign, who=request.user, now=now(), **wanted.validated_data)
        return Response(PicksAnswerSerializer({"picked": tasks}).data, status=201)


def shown(campaign: Campaign) -> dict[str, Any]:
    """The lanes and the rules in force."""
    rules = queue_rules(campaign)
    lanes = lane_health(lane_counts_of(campaign, now=now()), shares=rules.shares)
    return {"lanes": lanes, "review": review_backlog(campaign), "rules": told(rules)}


def told(rules: QueueRules) -> dict[str, Any]:
    return {name: value for name, value in asdict(rules).items() if name != "shares"}
