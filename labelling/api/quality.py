"""The rules of gold, agreement and pre-labels, for leads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.workflow.quality_rules import QualityRules, change_rules, quality_rules


class QualityRulesSerializer(serializers.Serializer):
    rules = serializers.DictField(help_text="Every setting with the value in force.")
    changed = serializers.DictField(help_text="Those that differ from their default.")


class WantedSerializer(serializers.Serializer):
    quality = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        help_text="{setting: value; null: its default}",
    )


class QualityRulesView(Resource):
    @reads("quality_rules", answer=QualityRulesSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(told(quality_rules(campaign), campaign.quality))

    @writes("change_quality_rules", request=WantedSerializer, answer=QualityRulesSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Set what is named; the rest stays as it is."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = WantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        rules = change_rules(campaign, **wanted.validated_data, who=request.user, now=now())
        return Response(told(rules, campaign.quality))


def told(rules: QualityRules, changed: dict[str, Any]) -> dict[str, Any]:
    return dict(QualityRulesSerializer({"rules": asdict(rules), "changed": changed}).data)
