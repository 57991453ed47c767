"""The models of a campaign: what was decided about each; promote one, go back to the one before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.models import ModelPage, models_of, row_of
from labelling.models import Campaign, Model
from labelling.workflow.promotion import promote, rollback
from labelling.workflow.promotion_rules import change_rules, promotion_rules
from labelling.workflow.promotion_verdict import VERDICTS

LARGEST_PAGE = 100


class PromotionDifferenceSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True, help_text="Candidate less champion, in IoU.")
    low = serializers.FloatField(allow_null=True, help_text="Of the interval over scenes.")
    high = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True, help_text="Two-sided; scenes exchanged.")
    scenes = serializers.IntegerField()


class PromotionClassSerializer(serializers.Serializer):
    scenes = serializers.IntegerField(
        allow_null=True, help_text="Of validation that hold it; null: nothing was computed."
    )
    reference = serializers.IntegerField(help_text="Of the reference sample that hold it.")
    margin = serializers.FloatField(help_text="IoU that it may lose.")
    candidate = serializers.FloatField(allow_null=True, help_text="IoU.")
    champion = serializers.FloatField(allow_null=True, help_text="IoU on the same pixels.")
    difference = PromotionDifferenceSerializer(allow_null=True)
    verdict = serializers.ChoiceField(list(VERDICTS))


class PromotionCalibrationSerializer(serializers.Serializer):
    candidate = serializers.FloatField(allow_null=True, help_text="Mean over the classes.")
    champion = serializers.FloatField(allow_null=True)
    most = serializers.FloatField(help_text="What it may be.")
    holds = serializers.BooleanField()


class PromotionByHandSerializer(serializers.Serializer):
    who = serializers.CharField(allow_null=True, help_text="null: the command line.")
    why = serializers.CharField()
    when = serializers.DateTimeField()


class PromotionDecisionSerializer(serializers.Serializer):
    promote = serializers.BooleanField(default=None, allow_null=True, help_text="What rules said.")
    reasons = serializers.ListField(child=serializers.CharField(), default=list)
    needs = serializers.DictField(
        child=serializers.IntegerField(), default=dict,
        help_text="{class: about how many more scenes the decision takes}",
    )  # fmt: skip
    champion = serializers.CharField(
        default=None, allow_null=True, help_text="Hash of what it was judged beside."
    )
    classes = serializers.DictField(child=PromotionClassSerializer(), default=dict)
    calibration = PromotionCalibrationSerializer(default=None, allow_null=True)
    tiles = serializers.IntegerField(default=None, allow_null=True)
    scenes = serializers.IntegerField(default=None, allow_null=True)
    synthetic = serializers.BooleanField(default=None, allow_null=True)
    by_hand = PromotionByHandSerializer(default=None, allow_null=True)


class ModelSerializer(serializers.Serializer):
    hash = serializers.CharField()
    state = serializers.ChoiceField(Model.State.choices)
    round = serializers.IntegerField(allow_null=True, help_text="That trained it.")
    snapshot = serializers.CharField(allow_null=True, help_text="Hash of what it learnt from.")
    created = serializers.DateTimeField()
    class_mean_iou = serializers.FloatField(allow_null=True, help_text="On validation.")
    features = serializers.CharField(allow_null=True, help_text="What it sees.")
    decided = serializers.DateTimeField(allow_null=True)
    decision = PromotionDecisionSerializer(allow_null=True, help_text="null: not judged yet.")


class ModelPageSerializer(serializers.Serializer):
    results = ModelSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")
    champion = ModelSerializer(allow_null=True)
    test_openings = serializers.IntegerField(help_text="Of the frozen test, listed elsewhere.")


class ModelsWantedSerializer(serializers.Serializer):
    cursor = serializers.CharField(required=False, help_text="From the last page.")
    limit = serializers.IntegerField(default=20, min_value=1, max_value=LARGEST_PAGE)


class PromoteSerializer(serializers.Serializer):
    why = serializers.CharField(help_text="Kept beside what the rules said.")


class RollbackSerializer(serializers.Serializer):
    why = serializers.CharField(required=False, default="", allow_blank=True)


class PromotionRulesSerializer(serializers.Serializer):
    rules = serializers.DictField(help_text="Every setting with the value in force.")
    changed = serializers.DictField(help_text="Those that differ from their default.")


class PromotionRulesWantedSerializer(serializers.Serializer):
    promotion = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        help_text="{setting: value; null: its default}",
    )


class Models(Resource):
    @reads("models", answer=ModelPageSerializer, parameters=[ModelsWantedSerializer], refuses=[422])
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's models, the newest first, with the champion beside them."""
        campaign = campaign_for(request.user, slug)
        wanted = ModelsWantedSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        page = models_of(campaign, cursor=asked.get("cursor"), limit=asked["limit"])
        return Response(told_page(page))


class ModelView(Resource):
    @reads("model", answer=ModelSerializer)
    def get(self, request: Request, slug: str, hash: str) -> Response:
        """One model, and what was decided about it."""
        campaign = campaign_for(request.user, slug)
        return Response(told(model_of(campaign, hash)))


class ModelCard(Resource):
    @reads("model_card", answer=OpenApiTypes.OBJECT, refuses=[403])
    def get(self, request: Request, slug: str, hash: str) -> Response:
        """Its card.json: what it sees, learnt from and was set to, how it was judged, and where it
        was trained. `card_sha256` is the hash of all the rest."""
        model = model_of(campaign_for(request.user, slug, LEADS), hash)
        name = f"{slug}-{model.hash[:8]}-card.json"
        return Response(
            model.card, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )


class PromoteModel(Resource):
    @writes("model_promote", request=PromoteSerializer, answer=ModelSerializer)
    def post(self, request: Request, slug: str, hash: str) -> Response:
        """Make it champion, whatever the rules said; the champion so far is retired."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = PromoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        model = model_of(campaign, hash)
        promote(model, **asked.validated_data, who=request.user, blobs=store(), now=now())
        return Response(told(model))


class RollBackModel(Resource):
    @writes("model_rollback", request=RollbackSerializer, answer=ModelSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Make the champion before this one champion again; answers with it."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = RollbackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        before, _ = rollback(
            campaign, **asked.validated_data, who=request.user, blobs=store(), now=now()
        )
        return Response(told(before))


class PromotionRulesView(Resource):
    @reads("promotion_rules", answer=PromotionRulesSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """What a candidate must fulfil to become champion by itself."""
        return Response(told_rules(campaign_for(request.user, slug, LEADS)))

    @writes(
        "change_promotion_rules",
        request=PromotionRulesWantedSerializer,
        answer=PromotionRulesSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Set what is named; the rest stays as it is."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = PromotionRulesWantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        change_rules(campaign, **wanted.validated_data, who=request.user, now=now())
        return Response(told_rules(campaign))


def model_of(campaign: Campaign, hash: str) -> Model:
    """Raises NotFound."""
    found = Model.objects.filter(campaign=campaign, hash=hash).first()
    if found is None:
        raise NotFound(f"{campaign.slug} has no model {hash[:12]!r}.", field="hash")
    return found


def told(model: Model) -> dict[str, Any]:
    return dict(ModelSerializer(asdict(row_of(model))).data)


def told_page(page: ModelPage) -> dict[str, Any]:
    return dict(ModelPageSerializer(asdict(page)).data)


def told_rules(campaign: Campaign) -> dict[str, Any]:
    rules = {"rules": promotion_rules(campaign).as_json(), "changed": campaign.promotion}
    return dict(PromotionRulesSerializer(rules).data)
