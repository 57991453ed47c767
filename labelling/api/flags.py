"""Skipping and flagging tiles, and deciding on what was flagged."""

from __future__ import annotations

import uuid

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import OVERSEERS, campaign_for, task_to_label
from labelling.api.operation import Resource, reads, writes
from labelling.api.review import REVIEWERS
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.flags import LARGEST_PAGE, RESOLVED, WAITING, flag_row, flags, skip_rates
from labelling.models import Campaign, Flag, Task
from labelling.workflow.flags import REASONS, flag, resolve, skip


class RaisedSerializer(serializers.Serializer):
    reason = serializers.CharField(
        help_text="; ".join(f"{code}: {words}" for code, words in REASONS.items())
    )
    note = serializers.CharField(default="", allow_blank=True, max_length=2000)


class OwnFlagSerializer(serializers.Serializer):
    """A flag as the person who raised it sees it."""

    id = serializers.IntegerField(source="pk")
    reason = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    skipped = serializers.BooleanField()
    created = serializers.DateTimeField()


class FlagSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    task = serializers.UUIDField()
    place = serializers.CharField()
    datetime = serializers.DateTimeField(allow_null=True)
    lane = serializers.ChoiceField(Task.Lane.choices)
    state = serializers.ChoiceField(Task.State.choices, help_text="Of the task.")
    person = serializers.CharField()
    skipped = serializers.BooleanField(help_text="Whether the tile was put away, unlabelled.")
    reason = serializers.ChoiceField(Flag.Reason.choices)
    note = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()
    outcome = serializers.CharField(allow_blank=True, help_text="Empty: not decided yet.")
    resolved_by = serializers.CharField(allow_blank=True)
    resolved = serializers.DateTimeField(allow_null=True)


class FlagPageSerializer(serializers.Serializer):
    results = FlagSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class FlagQuerySerializer(serializers.Serializer):
    state = serializers.CharField(default=WAITING, help_text=f"{WAITING} or {RESOLVED}.")
    reason = serializers.CharField(required=False, help_text="Only these.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class ResolveSerializer(serializers.Serializer):
    outcome = serializers.CharField(
        help_text="closed: the tile isn't labelled; reopened: somebody else labels it; noted: "
        "nothing changes."
    )
    note = serializers.CharField(default="", allow_blank=True, max_length=2000)


class BandSerializer(serializers.Serializer):
    low = serializers.FloatField(help_text="Lowest score.")
    high = serializers.FloatField()
    labelled = serializers.IntegerField(help_text="Tasks.")
    skipped = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True, help_text="0…1; null: nobody saw one yet.")
    by_reason = serializers.DictField(child=serializers.IntegerField())


class SkipRatesSerializer(serializers.Serializer):
    round = serializers.IntegerField()
    bands = BandSerializer(many=True, help_text="From the lowest scores to the highest.")


class SkipRatesQuerySerializer(serializers.Serializer):
    round = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Its number; default: the newest that has finished.",
    )


class Skip(Resource):
    @writes("skip", request=RaisedSerializer, answer=OwnFlagSerializer, status=201)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Put a tile away unlabelled, with a reason; a reviewer decides what becomes of it."""
        task = task_to_label(request.user, id)
        said = RaisedSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        raised = skip(task=task, person=request.user, now=now(), **said.validated_data)
        return Response(OwnFlagSerializer(raised).data, status=201)


class RaiseFlag(Resource):
    @writes("flag", request=RaisedSerializer, answer=OwnFlagSerializer, status=201)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Say that something is wrong with a tile, and go on with it."""
        task = task_to_label(request.user, id)
        said = RaisedSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        raised = flag(task=task, person=request.user, now=now(), **said.validated_data)
        return Response(OwnFlagSerializer(raised).data, status=201)


class Flags(Resource):
    @reads("flags", answer=FlagPageSerializer, parameters=[FlagQuerySerializer], refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """What waits for a decision, oldest first; or what was decided, newest first."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = FlagQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(FlagPageSerializer(flags(campaign, **asked.validated_data)).data)


class FlagRates(Resource):
    @reads(
        "skip_rates",
        answer=SkipRatesSerializer,
        parameters=[SkipRatesQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """How often the tiles of a round were skipped, by score."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = SkipRatesQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(SkipRatesSerializer(skip_rates(campaign, **asked.validated_data)).data)


class ResolveFlag(Resource):
    @writes("resolve_flag", request=ResolveSerializer, answer=FlagSerializer)
    def post(self, request: Request, slug: str, id: int) -> Response:
        """Close the tile, give it to somebody else, or note what was said."""
        campaign = campaign_for(request.user, slug, REVIEWERS)
        said = ResolveSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        decided = resolve(
            flag=flag_of(campaign, id), by=request.user, now=now(), **said.validated_data
        )
        return Response(FlagSerializer(flag_row(decided)).data)


def flag_of(campaign: Campaign, id: int) -> Flag:
    """Raises NotFound."""
    found = Flag.objects.select_related(
        "task__campaign", "task__acquisition__place", "person", "resolved_by"
    )
    flag = found.filter(task__campaign=campaign, pk=id).first() if id < 2**63 else None
    if flag is None:
        raise NotFound(f"There is no flag {id} in {campaign.slug}.", field="id")
    return flag
