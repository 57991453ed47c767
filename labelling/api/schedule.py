"""When a campaign trains by itself, and whether it would now. For leads."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.models import Campaign
from labelling.workflow.round_plan import plan_of
from labelling.workflow.schedule import change_schedule, told, weigh


class ScheduleRulesSerializer(serializers.Serializer):
    """When rounds start by themselves."""

    on = serializers.BooleanField(help_text="False: a round starts only when it is asked for.")
    labels = serializers.IntegerField(
        allow_null=True, help_text="Newly accepted labels that make a round due; null: any number."
    )
    cron = serializers.CharField(
        allow_blank=True, help_text="Five fields, in UTC: `30 2 * * 1-5`; empty: not by the clock."
    )
    drift = serializers.BooleanField(help_text="Due after somebody's gold tiles raised the alarm.")
    quiet_days = serializers.IntegerField(
        allow_null=True,
        help_text="Days without a round after which any new label makes one due; null: never.",
    )
    gap_hours = serializers.FloatField(help_text="At least so long after the last round's end.")
    least_labels = serializers.IntegerField(help_text="Labels in all that it takes.")


class ScheduleVerdictSerializer(serializers.Serializer):
    train = serializers.BooleanField(help_text="Whether a round would start by itself now.")
    because = serializers.ListField(child=serializers.CharField(), help_text="Rules that are met.")
    why_not = serializers.ListField(
        child=serializers.CharField(), help_text="Each thing that keeps it from starting."
    )
    fresh = serializers.IntegerField(help_text="Labels accepted since the last round.")
    next_due = serializers.DateTimeField(
        allow_null=True, help_text="null: no clock decides, but labels or an alarm."
    )


class ScheduleSerializer(serializers.Serializer):
    rules = ScheduleRulesSerializer()
    now = ScheduleVerdictSerializer()


class ScheduleChangeSerializer(serializers.Serializer):
    schedule = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        help_text="{setting: value}; what isn't named stays as it is.",
    )


class RoundPlanAnswerSerializer(ScheduleVerdictSerializer):
    words = serializers.CharField(help_text="The schedule's verdict for a person to read.")
    can_start = serializers.BooleanField(help_text="Whether a lead could start one now.")
    strategy = serializers.CharField()
    batch = serializers.IntegerField(help_text="Tasks it would open.")
    pool = serializers.IntegerField(help_text="Tiles it would choose from.")
    known = serializers.IntegerField(help_text="Tiles that are labelled or in hand.")
    minutes = serializers.FloatField(
        allow_null=True, help_text="The last round took; null: there was none."
    )


class ScheduleView(Resource):
    @reads("schedule", answer=ScheduleSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """The rules, and what they say now."""
        return Response(shown(campaign_for(request.user, slug, LEADS)))

    @writes("change_schedule", request=ScheduleChangeSerializer, answer=ScheduleSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Set what is named; the rest stays as it is."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = ScheduleChangeSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changes = wanted.validated_data["schedule"]
        change_schedule(campaign, changes=changes, who=request.user, now=now())
        return Response(shown(campaign))


class RoundPlan(Resource):
    @reads("round_plan", answer=RoundPlanAnswerSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """What a round would do now, and whether one would start by itself; changes nothing."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(RoundPlanAnswerSerializer(plan_of(campaign, now=now())).data)


def shown(campaign: Campaign) -> dict[str, Any]:
    schedule, verdict = weigh(campaign, now=now())
    return dict(ScheduleSerializer({"rules": told(schedule), "now": verdict}).data)
