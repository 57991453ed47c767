"""What the lead's page shows."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.api.rounds import RoundSerializer
from labelling.insights.overview import overview
from labelling.insights.running import STEP_STATES
from labelling.models import Membership, Round


class TileCountsSerializer(serializers.Serializer):
    total = serializers.IntegerField()
    pool = serializers.IntegerField()
    validation = serializers.IntegerField()
    test = serializers.IntegerField()
    labelled = serializers.IntegerField()
    labelled_pool = serializers.IntegerField()
    target = serializers.IntegerField(allow_null=True)
    synthetic = serializers.IntegerField(help_text="Painted, not seen by a satellite.")


class ClassCountSerializer(serializers.Serializer):
    code = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField()
    pixels = serializers.IntegerField(help_text="In the newest label of each tile.")


class StepSerializer(serializers.Serializer):
    name = serializers.CharField()
    state = serializers.ChoiceField(STEP_STATES)


class StepProgressSerializer(serializers.Serializer):
    stage = serializers.CharField()
    done = serializers.FloatField()
    total = serializers.FloatField()
    rate = serializers.FloatField(allow_null=True, help_text="Of `done`, a second.")
    eta_seconds = serializers.FloatField(allow_null=True)
    loss = serializers.FloatField(allow_null=True)
    workers = serializers.ListField(
        child=serializers.CharField(), help_text="Who does parts of it: machine and process."
    )


class RunningRoundSerializer(serializers.Serializer):
    n = serializers.IntegerField()
    state = serializers.ChoiceField(Round.State.choices)
    steps = StepSerializer(many=True)
    progress = StepProgressSerializer(allow_null=True)
    attempts = serializers.IntegerField(help_text="Above 1: a worker died, another went on.")
    error = serializers.CharField(allow_blank=True)


class BatchTileSerializer(serializers.Serializer):
    tile = serializers.UUIDField()
    place = serializers.CharField()
    datetime = serializers.DateTimeField(allow_null=True)
    rank = serializers.IntegerField(help_text="Place in the pick order, from 1.")
    score = serializers.FloatField(allow_null=True, help_text="null: there was no model yet.")
    slice = serializers.CharField(help_text="informative, control, coverage or random.")
    why = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True, help_text="Of its task; empty: it has none.")
    synthetic = serializers.BooleanField()
    quota = serializers.CharField(allow_blank=True, help_text="Class whose share brought it in.")
    noise = serializers.FloatField(allow_null=True, help_text="What chance added to its score.")
    standing = serializers.IntegerField(allow_null=True, help_text="Its place by score alone.")
    probability = serializers.FloatField(allow_null=True, help_text="Of a uniform draw.")
    nearest = serializers.UUIDField(allow_null=True, help_text="Labelled tile most like it.")
    likeness = serializers.FloatField(allow_null=True, help_text="Cosine of the two.")


class BatchSerializer(serializers.Serializer):
    round = serializers.IntegerField()
    size = serializers.IntegerField()
    slices = serializers.DictField(child=serializers.IntegerField())
    tiles = BatchTileSerializer(many=True, help_text="The first of them, in pick order.")
    ranked_by = serializers.CharField(
        allow_blank=True, help_text="Hash of the model that chose; empty: the round had none."
    )
    outdated = serializers.BooleanField(
        help_text="Whether another model would choose now: the champion, or the newest one while "
        "there is none."
    )


class PersonSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(Membership.Role.choices)
    submitted = serializers.IntegerField()
    in_hand = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    tiles = TileCountsSerializer()
    tasks = serializers.DictField(
        child=serializers.IntegerField(), help_text="By state, every state named."
    )
    lanes = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="By lane, then by state; lanes without tasks are left out.",
    )
    classes = ClassCountSerializer(many=True)
    rounds = RoundSerializer(many=True)
    running = RunningRoundSerializer(allow_null=True)
    batch = BatchSerializer(allow_null=True)
    people = PersonSerializer(many=True)
    counted = serializers.DateTimeField(
        allow_null=True, help_text="Of a large campaign, when its counts were made; null: now."
    )


class Progress(Resource):
    @reads("progress", answer=ProgressSerializer, refuses=[403])
    def get(self, request: Request, slug: str) -> Response:
        """Growth, learning curve, queue, running round, current batch and people."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(ProgressSerializer(overview(campaign)).data)
