"""Whether choosing pays, how good the model is on the pool, and what more labels would buy."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.workflow.monitoring import check_worth, monitor
from labelling.workflow.picking_rules import change_rules, picking_rules


class IntervalSerializer(serializers.Serializer):
    """95 %, by bootstrap over products."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ControlTilesSerializer(serializers.Serializer):
    tiles = serializers.IntegerField()
    products = serializers.IntegerField()
    accuracy = IntervalSerializer(allow_null=True, help_text="Share of the pixels, 0…1.")
    mean_iou = IntervalSerializer(allow_null=True)


class ControlRoundSerializer(ControlTilesSerializer):
    round = serializers.IntegerField()
    model = serializers.CharField(help_text="That ranked the round: first eight characters.")
    labelled = serializers.IntegerField(help_text="Tiles of the pool in the round's snapshot.")


class ControlNowSerializer(ControlTilesSerializer):
    rounds = serializers.ListField(child=serializers.IntegerField())


class ChosenSerializer(serializers.Serializer):
    tiles = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)


class ControlSerializer(serializers.Serializer):
    rounds = ControlRoundSerializer(many=True, help_text="The last twelve with labels.")
    now = ControlNowSerializer(
        allow_null=True, help_text="All rounds that one model ranked: the newest's."
    )
    chosen = ChosenSerializer(
        allow_null=True, help_text="The same model on chosen tiles; no estimate of the pool."
    )
    waiting = serializers.IntegerField(help_text="Control tiles of the newest round, unlabelled.")
    text = serializers.CharField()


class DuelSerializer(serializers.Serializer):
    n = serializers.IntegerField()
    tiles = serializers.IntegerField(help_text="That each model learnt from.")
    pairs = serializers.IntegerField()
    chosen = serializers.FloatField()
    random = serializers.FloatField()
    created = serializers.DateTimeField()


class HandSerializer(serializers.Serializer):
    ready = serializers.BooleanField()
    arm = serializers.IntegerField()
    needed_arm = serializers.IntegerField()
    products = serializers.IntegerField()
    needed_products = serializers.IntegerField()


class RandomSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=["waiting", "ahead", "behind", "level"])
    low = serializers.FloatField()
    high = serializers.FloatField()
    detectable = serializers.FloatField(help_text="The smallest difference that could show by now.")
    matters = serializers.FloatField()
    pairs = serializers.IntegerField()
    needed = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(allow_null=True, help_text="Until about when, at this pace.")
    duels = DuelSerializer(many=True)
    next = HandSerializer()
    text = serializers.CharField()


class SlopeSerializer(serializers.Serializer):
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class GainSerializer(serializers.Serializer):
    low = serializers.FloatField()
    expected = serializers.FloatField()
    high = serializers.FloatField()
    batch = serializers.IntegerField()


class PriceSerializer(serializers.Serializer):
    least = serializers.FloatField(allow_null=True)
    expected = serializers.FloatField(allow_null=True)


class StoppingSerializer(serializers.Serializer):
    verdict = serializers.ChoiceField(choices=["too early", "go on", "consider stopping"])
    slope = SlopeSerializer(allow_null=True, help_text="Of mean IoU, for a doubling of labels.")
    gain = GainSerializer(allow_null=True, help_text="From the next batch.")
    minutes_per_point = PriceSerializer(allow_null=True)
    labels_per_point = serializers.IntegerField(allow_null=True)
    worth_minutes = serializers.FloatField()
    agreement = serializers.FloatField(allow_null=True, help_text="Kappa of successive models.")
    text = serializers.ListField(child=serializers.CharField())


class MinutesSerializer(serializers.Serializer):
    median = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class FigureSerializer(serializers.Serializer):
    name = serializers.CharField()
    labels = serializers.IntegerField()
    correlation = serializers.FloatField()


class CurvePointSerializer(serializers.Serializer):
    round = serializers.IntegerField()
    labelled = serializers.IntegerField()
    minutes = serializers.FloatField()
    mean_iou = serializers.FloatField(allow_null=True)


class CostSerializer(serializers.Serializer):
    labels = serializers.IntegerField()
    minutes_per_tile = MinutesSerializer(allow_null=True)
    figures = FigureSerializer(many=True)
    curve = CurvePointSerializer(many=True)


class MonitorSerializer(serializers.Serializer):
    control = ControlSerializer()
    random = RandomSerializer()
    stopping = StoppingSerializer()
    cost = CostSerializer()


WORTH = OpenApiParameter(
    "worth",
    OpenApiTypes.FLOAT,
    description="Minutes of labelling that a point (0.01) is worth; else the campaign's setting.",
)


class MonitorView(Resource):
    @reads("monitor", answer=MonitorSerializer, parameters=[WORTH], refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """What control tiles tell, whether choosing beats random, and what more labels would buy.
        It advises; nothing is stopped by it."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        worth = check_worth(request.query_params.get("worth"))
        return Response(MonitorSerializer(monitor(campaign, worth=worth, now=now())).data)


class PickingRulesSerializer(serializers.Serializer):
    rules = serializers.DictField(help_text="Every setting with the value in force.")
    changed = serializers.DictField(help_text="Those that differ from their default.")


class WantedPickingSerializer(serializers.Serializer):
    picking = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        help_text="{setting: value; null: its default}",
    )


class PickingRulesView(Resource):
    @reads("picking_rules", answer=PickingRulesSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """How rounds choose."""
        campaign = campaign_for(request.user, slug, LEADS)
        rules = picking_rules(campaign).as_json()
        return Response({"rules": rules, "changed": campaign.picking})

    @writes("change_picking_rules", request=WantedPickingSerializer, answer=PickingRulesSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Set what is named; the rest stays as it is. The rules from the next pick on."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = WantedPickingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        rules = change_rules(campaign, **wanted.validated_data, who=request.user, now=now())
        return Response({"rules": rules.as_json(), "changed": campaign.picking})
