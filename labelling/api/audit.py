"""The audit of a campaign: who did what, and when. For leads; nobody can change it."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.insights.audit import LARGEST_PAGE, WORKBENCH, Wanted, events
from labelling.models import Event


class EventSerializer(serializers.Serializer):
    id = serializers.IntegerField(help_text="Grows with every event.")
    when = serializers.DateTimeField()
    who = serializers.CharField(allow_null=True, help_text="null: the workbench itself.")
    verb = serializers.ChoiceField(Event.Verb.choices)
    kind = serializers.CharField(help_text="What it was done to: task, annotation, model …")
    object = serializers.CharField(
        allow_blank=True, help_text="Its UUID, hash or slug; empty: it has none."
    )
    before = serializers.CharField(allow_blank=True, help_text="Content hash.")
    after = serializers.CharField(allow_blank=True, help_text="Content hash.")
    detail = serializers.DictField()


class EventPageSerializer(serializers.Serializer):
    results = EventSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class EventQuerySerializer(serializers.Serializer):
    who = serializers.CharField(
        required=False, help_text=f"Username; {WORKBENCH} for the workbench itself."
    )
    verb = serializers.CharField(required=False, help_text=", ".join(Event.Verb.values))
    kind = serializers.CharField(required=False)
    object = serializers.CharField(required=False, help_text="With `kind`: its UUID, hash or slug.")
    since = serializers.CharField(required=False, help_text="Date or time, UTC.")
    until = serializers.CharField(required=False, help_text="Before this date or time, UTC.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class Events(Resource):
    @reads(
        "events",
        answer=EventPageSerializer,
        parameters=[EventQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's events, the newest first."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = EventQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        paging = {name: wanted.pop(name) for name in ("limit", "cursor") if name in wanted}
        return Response(
            EventPageSerializer(events(campaign, wanted=Wanted(**wanted), **paging)).data
        )
