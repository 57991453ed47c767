"""The model beside other people's masks; and who opened the frozen test."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.errors import NotFound
from labelling.insights.comparison import newest, openings
from labelling.models import Evaluation, Place

PAGE = 50


class ComparedFigureSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True, help_text="null where it can't be said.")
    low = serializers.FloatField(allow_null=True, help_text="Of the interval over scenes.")
    high = serializers.FloatField(allow_null=True)


class ComparedDifferenceSerializer(ComparedFigureSerializer):
    p = serializers.FloatField(allow_null=True, help_text="Two-sided; scenes exchanged.")
    scenes = serializers.IntegerField()


class ComparedLeadSerializer(ComparedDifferenceSerializer):
    p_holm = serializers.FloatField(
        required=False, allow_null=True, help_text="Adjusted for the number of masks."
    )


class ComparedScoreSerializer(serializers.Serializer):
    iou = serializers.DictField(
        child=ComparedFigureSerializer(allow_null=True),
        help_text="By class; null for a class in too few scenes.",
    )
    class_mean_iou = ComparedFigureSerializer()


class ComparedPairSerializer(serializers.Serializer):
    scenes = serializers.IntegerField()
    scenes_per_class = serializers.DictField(child=serializers.IntegerField())
    over = serializers.ListField(
        child=serializers.CharField(), help_text="Classes that the mean is over."
    )
    mask = ComparedScoreSerializer()
    model = ComparedScoreSerializer(
        allow_null=True, help_text="On the same pixels, brought down to the mask's classes."
    )
    lead = ComparedLeadSerializer(required=False, help_text="Of the model over the mask.")
    lead_by_class = serializers.DictField(
        required=False, child=ComparedDifferenceSerializer(allow_null=True), help_text="In IoU."
    )


class ComparedMaskCostSerializer(serializers.Serializer):
    seconds_per_mpix = serializers.FloatField()
    peak_mib = serializers.FloatField(allow_null=True)
    measured = serializers.CharField(help_text="When, and what is in it.")


class ComparedModelCostSerializer(ComparedMaskCostSerializer):
    training_seconds = serializers.FloatField(allow_null=True)


class ComparedMaskSerializer(serializers.Serializer):
    name = serializers.CharField()
    source = serializers.CharField()
    version = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    not_provided = serializers.ListField(
        child=serializers.CharField(), help_text="Classes that it can't tell."
    )
    counted_as = serializers.DictField(
        child=serializers.CharField(), help_text="What those classes are counted as."
    )
    tiles = serializers.IntegerField(help_text="That have the mask.")
    answered = serializers.FloatField(
        allow_null=True, help_text="Share of the labelled pixels that it says something of."
    )
    trained_on_these_data = serializers.BooleanField(
        allow_null=True, help_text="null: nobody says what it was trained on."
    )
    trained_on = serializers.ListField(child=serializers.CharField())
    said_by = serializers.CharField()
    cost = ComparedMaskCostSerializer(allow_null=True, help_text="null: not measured.")
    answered_pixels = ComparedPairSerializer(
        allow_null=True, help_text="On the pixels that it answers."
    )
    all_pixels = ComparedPairSerializer(help_text="Where it cannot say, it is wrong.")
    suite = serializers.JSONField(
        allow_null=True, help_text="Every figure of the evaluation suite, see docs/evaluation.md."
    )


class ComparedModelSerializer(serializers.Serializer):
    hash = serializers.CharField()
    state = serializers.CharField(help_text="When it was compared.")
    cost = ComparedModelCostSerializer()
    trained_on_these_data = serializers.BooleanField(allow_null=True)
    trained_on_tiles = serializers.IntegerField(
        allow_null=True, help_text="Of these tiles, those that lie where it was fitted."
    )
    suite = serializers.JSONField(help_text="Every figure of the evaluation suite.")


class ComparisonSerializer(serializers.Serializer):
    created = serializers.DateTimeField()
    why = serializers.CharField(allow_blank=True, help_text="What the frozen test was opened for.")
    split = serializers.ChoiceField(Place.Split.choices)
    snapshot = serializers.CharField()
    synthetic = serializers.BooleanField()
    label_sources = serializers.ListField(child=serializers.CharField())
    classes = serializers.ListField(child=serializers.CharField())
    tiles = serializers.IntegerField()
    scenes = serializers.IntegerField()
    scenes_per_class = serializers.DictField(child=serializers.IntegerField())
    fewest_scenes = serializers.IntegerField(help_text="Below it a class isn't shown.")
    resampling = serializers.JSONField(help_text="How the intervals were made.")
    test_openings = serializers.IntegerField(help_text="Of the frozen test, up to then.")
    model = ComparedModelSerializer(allow_null=True)
    masks = ComparedMaskSerializer(many=True)


class TestOpeningSerializer(serializers.Serializer):
    created = serializers.DateTimeField()
    who = serializers.CharField(
        source="who.username", default=None, allow_null=True, help_text="null: the command line."
    )
    why = serializers.CharField()
    model = serializers.CharField(source="model.hash", default=None, allow_null=True)
    snapshot = serializers.CharField(source="snapshot.hash", default=None, allow_null=True)


class TestOpeningPageSerializer(serializers.Serializer):
    results = TestOpeningSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class TestOpeningsWantedSerializer(serializers.Serializer):
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class ComparisonView(Resource):
    @reads("comparison", answer=ComparisonSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """The newest comparison of the campaign's model with other people's masks."""
        campaign = campaign_for(request.user, slug, LEADS)
        found = newest(campaign)
        if found is None:
            raise NotFound(
                f"Nothing was compared in {slug} yet.",
                help=f"`manage.py compare --campaign {slug}` does it.",
            )
        return Response(ComparisonSerializer(told(found)).data)


class TestOpenings(Resource):
    @reads(
        "test_openings", answer=TestOpeningPageSerializer,
        parameters=[TestOpeningsWantedSerializer], refuses=[403, 422],
    )  # fmt: skip
    def get(self, request: Request, slug: str) -> Response:
        """Every opening of the frozen test, the newest first."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = TestOpeningsWantedSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        cursor = wanted.validated_data.get("cursor")
        rows, further = openings(campaign, cursor=cursor, limit=PAGE)
        return Response(TestOpeningPageSerializer({"results": rows, "cursor": further}).data)


def told(comparison: Evaluation) -> dict[str, object]:
    return {**comparison.report, "created": comparison.created, "why": comparison.why}
