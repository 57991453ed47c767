"""How the labelled set grows and spreads, and what the models make of it."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import OVERSEERS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.insights.calibration import calibration
from labelling.insights.curve import learning_curve
from labelling.insights.tallies import spread_of
from labelling.models import Model


class GrowthPartSerializer(serializers.Serializer):
    name = serializers.CharField()
    tiles = serializers.IntegerField()
    scenes = serializers.IntegerField(
        help_text="Independent: tiles of one ground square and moment are one."
    )
    pixels = serializers.DictField(
        child=serializers.IntegerField(), help_text="By class code, of each tile's newest label."
    )


class GrowthClassSerializer(serializers.Serializer):
    code = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField()
    tiles = serializers.IntegerField(help_text="That have any of it.")
    scenes = serializers.IntegerField()
    pixels = serializers.IntegerField()


class GrowthWeekSerializer(serializers.Serializer):
    first = serializers.DateField(help_text="A Monday, UTC.")
    tiles = serializers.IntegerField(help_text="Labelled by the week's end.")


class GrowthTargetSerializer(serializers.Serializer):
    tiles = serializers.IntegerField(allow_null=True)
    date = serializers.CharField(allow_null=True, help_text="A day; null: none was set.")


class GrowthSerializer(serializers.Serializer):
    tiles = serializers.IntegerField()
    scenes = serializers.IntegerField()
    pixels = serializers.IntegerField()
    target = GrowthTargetSerializer()
    classes = GrowthClassSerializer(many=True)
    months = GrowthPartSerializer(many=True, help_text="01 to 12 of any year; undated.")
    places = GrowthPartSerializer(many=True, help_text="Ground squares, the most tiles first.")
    sources = GrowthPartSerializer(many=True)
    weeks = GrowthWeekSerializer(many=True)


class LearningFigureSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the interval over scenes.")
    high = serializers.FloatField(allow_null=True)


class LearningPointSerializer(serializers.Serializer):
    round = serializers.IntegerField()
    strategy = serializers.CharField()
    labels = serializers.IntegerField(help_text="Tiles of the pool that it learnt from.")
    hours = serializers.FloatField(help_text="Active, of all labelling before the round.")
    mean = LearningFigureSerializer()
    iou = serializers.DictField(child=LearningFigureSerializer(), help_text="By class name.")
    control = LearningFigureSerializer(
        help_text="Class mean on the round's control tiles, as foreseen before they were labelled."
    )
    active = LearningFigureSerializer(help_text="The same on the tiles that the model chose.")


class LearningSerializer(serializers.Serializer):
    points = LearningPointSerializer(many=True)
    split = serializers.CharField(allow_blank=True)
    level = serializers.FloatField(allow_null=True, help_text="Coverage of the intervals.")
    scenes = serializers.IntegerField(allow_null=True, help_text="Of the newest.")


class ReliabilityBinSerializer(serializers.Serializer):
    said = serializers.FloatField(help_text="Mean probability.")
    seen = serializers.FloatField(help_text="Share of the pixels that have the class.")
    pixels = serializers.IntegerField()


class ClassCalibrationSerializer(serializers.Serializer):
    name = serializers.CharField()
    colour = serializers.CharField(allow_blank=True)
    before = serializers.FloatField(allow_null=True, help_text="Error, without temperature.")
    after = serializers.FloatField(allow_null=True)
    bins_before = ReliabilityBinSerializer(many=True)
    bins_after = ReliabilityBinSerializer(many=True)


class ModelCalibrationSerializer(serializers.Serializer):
    model = serializers.CharField()
    state = serializers.ChoiceField(Model.State.choices)
    round = serializers.IntegerField(allow_null=True)
    scenes = serializers.IntegerField()
    pixels = serializers.IntegerField()
    held_out = serializers.BooleanField(
        help_text="Each scene was judged with a temperature fitted on others."
    )
    temperatures = serializers.ListField(child=serializers.FloatField())
    classes = ClassCalibrationSerializer(many=True)


class CalibrationSerializer(serializers.Serializer):
    calibration = ModelCalibrationSerializer(allow_null=True, help_text="null: none was measured.")


class Growth(Resource):
    @reads("growth", answer=GrowthSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """The labelled set by week, class, month, place and source."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        targets = {name: campaign.targets.get(name) for name in ("tiles", "date")}
        told = {**vars(spread_of(campaign)), "target": targets}
        return Response(GrowthSerializer(told).data)


class LearningCurve(Resource):
    @reads("learning_curve", answer=LearningSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """IoU of each round's model against labels and hours, with intervals."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        return Response(LearningSerializer(learning_curve(campaign)).data)


class CalibrationView(Resource):
    @reads("calibration", answer=CalibrationSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Of the champion: what it says against what is seen, before and after its temperature."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        return Response(CalibrationSerializer({"calibration": calibration(campaign)}).data)
