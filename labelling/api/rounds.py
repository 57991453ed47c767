"""Rounds: what each learnt; plan one, cancel one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.learning import newest_first, row
from labelling.models import Campaign, Round
from labelling.workflow.rounds import LARGEST_SEED, MOST_TASKS, cancel_round, plan_round


class MetricsSerializer(serializers.Serializer):
    split = serializers.CharField(help_text="The tiles it was measured on.")
    class_mean_iou = serializers.FloatField(allow_null=True)
    iou = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="By class name; null where the split has no pixel of the class.",
    )


class RoundSerializer(serializers.Serializer):
    n = serializers.IntegerField()
    state = serializers.ChoiceField(Round.State.choices)
    step = serializers.ChoiceField(Round.Step.choices, help_text="To do next, or that failed.")
    strategy = serializers.CharField()
    batch = serializers.IntegerField(help_text="Tasks to open.")
    labelled = serializers.IntegerField(help_text="Labelled tiles it began with, of all splits.")
    labelled_pool = serializers.IntegerField(help_text="Of these, the ones it learnt from.")
    labelled_pixels = serializers.IntegerField()
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)
    metrics = MetricsSerializer(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_null=True, help_text="First letters of the model's hash.")


class RoundPageSerializer(serializers.Serializer):
    results = RoundSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class RoundPlanSerializer(serializers.Serializer):
    strategy = serializers.CharField(required=False, help_text="Default: the campaign's.")
    batch = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_TASKS, help_text="Default: the campaign's."
    )
    seed = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=LARGEST_SEED,
        help_text="Default: drawn. The same labels, settings and seed give the same batch.",
    )


class PageSerializer(serializers.Serializer):
    cursor = serializers.IntegerField(required=False, min_value=1, help_text="From the last page.")


class Rounds(Resource):
    @reads("rounds", answer=RoundPageSerializer, parameters=[PageSerializer], refuses=[422])
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's rounds, the newest first."""
        campaign = campaign_for(request.user, slug)
        wanted = PageSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        page = newest_first(campaign, before=wanted.validated_data.get("cursor"))
        return Response(RoundPageSerializer(page).data)

    @writes("round_start", request=RoundPlanSerializer, answer=RoundSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Freeze, train, score, pick and open: done by a worker, followed on `progress`."""
        campaign = campaign_for(request.user, slug, LEADS)
        plan = RoundPlanSerializer(data=request.data)
        plan.is_valid(raise_exception=True)
        planned = plan_round(
            campaign=campaign,
            asked_by=request.user,
            now=now(),
            **_with_defaults(plan.validated_data, campaign),
        )
        return Response(RoundSerializer(row(planned)).data, status=202)


class CancelRound(Resource):
    @writes("round_cancel", answer=RoundSerializer)
    def post(self, request: Request, slug: str, n: int) -> Response:
        """Ask the round to stop; what is labelled stays labelled."""
        campaign = campaign_for(request.user, slug, LEADS)
        found = campaign.rounds.select_related("campaign", "snapshot", "model").filter(n=n).first()
        if found is None:
            raise NotFound(f"There is no round {n} of {slug}.", field="n")
        cancelled = cancel_round(round=found, by=request.user, now=now())
        return Response(RoundSerializer(row(cancelled)).data)


def _with_defaults(plan: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    return {"strategy": campaign.strategy, "batch": campaign.batch_size, "seed": None} | plan
