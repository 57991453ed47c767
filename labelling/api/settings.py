"""All settings of a campaign in one place: what holds, what would without them, who set them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.insights.settings_log import last_changes
from labelling.models import Campaign
from labelling.workflow.settings import Change, Values, change_settings, defaults, values_of
from labelling.workflow.settings_table import SETTINGS, Setting
from labelling.workflow.settings_words import STRATEGIES

KINDS = (
    "number", "whole", "choice", "flag", "date", "text", "numbers", "codes", "months", "names",
    "by_class",
)  # fmt: skip


class SettingSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="section.field")
    group = serializers.CharField()
    help = serializers.CharField(help_text="What it does, in one line.")
    kind = serializers.CharField(help_text=", ".join(KINDS))
    unit = serializers.CharField(allow_blank=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField())
    value = serializers.JSONField(allow_null=True, help_text="In force.")
    default = serializers.JSONField(allow_null=True)
    changed = serializers.DateTimeField(allow_null=True, help_text="null: never, or long ago.")
    changed_by = serializers.CharField(
        allow_blank=True, help_text="Username; empty: nobody, or the command line."
    )


class StrategySerializer(serializers.Serializer):
    name = serializers.CharField()
    help = serializers.CharField(allow_blank=True, help_text="What it chooses.")


class SettingsSerializer(serializers.Serializer):
    settings = SettingSerializer(many=True)
    strategies = StrategySerializer(many=True)


class SettingChangeSerializer(serializers.Serializer):
    name = serializers.CharField()
    was = serializers.JSONField(
        allow_null=True, help_text="What was seen: if it isn't that any more, nothing is changed."
    )
    value = serializers.JSONField(allow_null=True, help_text="null: back to the default.")


class SettingChangesSerializer(serializers.Serializer):
    changes = SettingChangeSerializer(many=True, allow_empty=False)


class Settings(Resource):
    @reads("settings", answer=SettingsSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Every setting with its value, its default, and who changed it last."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(told(campaign, values_of(campaign)))

    @writes("change_settings", request=SettingChangesSerializer, answer=SettingsSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Set what is named, all or nothing; what another lead changed meanwhile is a conflict."""
        campaign = campaign_for(request.user, slug, LEADS)
        wanted = SettingChangesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        changes = [Change(**each) for each in wanted.validated_data["changes"]]
        values = change_settings(
            campaign=campaign, changes=changes, who=request.user, now=now(), blobs=store()
        )
        return Response(told(campaign, values))


def told(campaign: Campaign, values: Values) -> dict[str, Any]:
    changed, otherwise = last_changes(campaign), defaults()
    strategies = [
        {"name": name, "help": STRATEGIES.get(name, "")} for name in SETTINGS["strategy"].choices
    ]
    rows = []
    for name, setting in SETTINGS.items():
        by = changed.get(name)
        rows.append(
            {
                **_shape(setting),
                "value": values[name],
                "default": otherwise[name],
                "changed": by.when if by else None,
                "changed_by": by.who if by else "",
            }
        )
    return dict(SettingsSerializer({"settings": rows, "strategies": strategies}).data)


def _shape(setting: Setting) -> dict[str, Any]:
    low, high = setting.range or (None, None)
    return {
        "name": setting.name,
        "group": setting.group,
        "help": setting.help,
        "kind": setting.kind,
        "unit": setting.unit,
        "low": low,
        "high": high,
        "choices": list(setting.choices),
    }
