"""How far people agree, for leads."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.api.people import PageQuerySerializer, asked_page
from labelling.insights.agreement import agreement, people_pairs
from labelling.workflow.quality_rules import quality_rules

KAPPA = "Cohen's kappa, -1…1; null: it can't be said."
ALPHA = "Krippendorff's alpha, -1…1; null: it can't be said."
INTERVAL = "95 %, tiles drawn with replacement; null with fewer than two tiles."


def interval_field() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.FloatField(), allow_null=True, min_length=2, max_length=2,
        help_text=INTERVAL,
    )  # fmt: skip


def matrix_field(words: str) -> serializers.ListField:
    row = serializers.ListField(child=serializers.IntegerField())
    return serializers.ListField(child=row, help_text=words)


class MeasuresSerializer(serializers.Serializer):
    kappa = serializers.FloatField(allow_null=True, help_text=KAPPA)
    kappa_interval = interval_field()
    alpha = serializers.FloatField(allow_null=True, help_text=ALPHA)
    alpha_interval = interval_field()
    agreed = serializers.FloatField(allow_null=True, help_text="0…1 of the pixels.")


class ClassAgreementSerializer(serializers.Serializer):
    """A class against all others."""

    code = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField()
    pixels = serializers.IntegerField(help_text="That either person gave this class.")
    kappa = serializers.FloatField(allow_null=True, help_text=KAPPA)
    alpha = serializers.FloatField(allow_null=True, help_text=ALPHA)
    kappa_inner = serializers.FloatField(allow_null=True, help_text="Away from class borders.")
    alpha_inner = serializers.FloatField(allow_null=True, help_text="Away from class borders.")


class AgreementSerializer(serializers.Serializer):
    tiles = serializers.IntegerField()
    pairs = serializers.IntegerField(help_text="Of labels.")
    pixels = serializers.IntegerField(help_text="That both labels of a pair give a class.")
    codes = serializers.ListField(child=serializers.IntegerField(), help_text="Of the matrices.")
    confusion = matrix_field("Pixels; row: class of the label that came first.")
    whole = MeasuresSerializer()
    inner = MeasuresSerializer(help_text="Without the pixels beside class borders.")
    together = MeasuresSerializer(
        allow_null=True, help_text="With the classes of `merged` counted as one."
    )
    merged = serializers.ListField(child=serializers.IntegerField(), help_text="Class codes.")
    classes = ClassAgreementSerializer(many=True)


class PeoplePairSerializer(serializers.Serializer):
    people = serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    tiles = serializers.IntegerField()
    pixels = serializers.IntegerField()
    kappa = serializers.FloatField(allow_null=True, help_text=KAPPA)
    kappa_inner = serializers.FloatField(allow_null=True, help_text="Away from class borders.")
    alpha = serializers.FloatField(allow_null=True, help_text=ALPHA)
    confusion = matrix_field("Pixels; row: the first person's class.")


class PeoplePairPageSerializer(serializers.Serializer):
    results = PeoplePairSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Of the next page; null: none.")


class AgreementView(Resource):
    @reads("agreement", answer=AgreementSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Of the newest blind pairs of labels under the classes in force."""
        campaign = campaign_for(request.user, slug, LEADS)
        found = agreement(campaign, together=quality_rules(campaign).together)
        return Response(AgreementSerializer(found).data)


class AgreementPeople(Resource):
    @reads(
        "agreement_people",
        answer=PeoplePairPageSerializer,
        parameters=[PageQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """People against people, by name."""
        campaign = campaign_for(request.user, slug, LEADS)
        pairs, cursor = people_pairs(campaign, **asked_page(request))
        return Response(PeoplePairPageSerializer({"results": pairs, "cursor": cursor}).data)
