"""What needs a lead now."""

from __future__ import annotations

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.clock import now
from labelling.insights.alerts import GRAVITIES, Asked, alerts
from labelling.models import Campaign
from labelling.workflow.promotion_rules import promotion_rules


class AlertSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Which trouble it is.")
    gravity = serializers.ChoiceField(GRAVITIES)
    title = serializers.CharField()
    what = serializers.CharField()
    act = serializers.CharField(help_text="What to do.")
    since = serializers.DateTimeField(allow_null=True)


class AlertsSerializer(serializers.Serializer):
    alerts = AlertSerializer(many=True, help_text="The gravest first.")


class Alerts(Resource):
    @reads("alerts", answer=AlertsSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Failed jobs, stale queues, drift, CVAT, disk and validation: each with what to do."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = Asked(
            campaign=campaign,
            now=now(),
            least_scenes=least_scenes(campaign),
            folder=settings.WORKBENCH_VAR,
        )
        return Response(AlertsSerializer({"alerts": alerts(asked)}).data)


def least_scenes(campaign: Campaign) -> dict[str, int]:
    """{class name: validation scenes that a decision takes}, without the classes left out of it."""
    rules = promotion_rules(campaign)
    names = [each["name"] for each in campaign.schema.classes] if campaign.schema else []
    return {name: rules.least_scenes for name in names if name not in rules.unjudged}
