"""Labels that are probably wrong, for leads: the newest ranking."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads
from labelling.errors import NotFound
from labelling.insights.mining import LARGEST_PAGE, Doubted, newest, ranking
from labelling.models import Job, Task


class DoubtedPairSerializer(serializers.Serializer):
    given = serializers.CharField(help_text="Class that the label has.")
    seen = serializers.CharField(help_text="Class that the model is sure of.")
    pixels = serializers.IntegerField()


class DoubtedPatchSerializer(DoubtedPairSerializer):
    row = serializers.IntegerField(help_text="Of a pixel in it, from the top.")
    col = serializers.IntegerField(help_text="Of the same pixel, from the left.")


class DoubtedLabelSerializer(serializers.Serializer):
    rank = serializers.IntegerField(help_text="1 is the most doubtful.")
    key = serializers.CharField(help_text="The tile's name.")
    tile = serializers.UUIDField(allow_null=True, help_text="null: not in the campaign any more.")
    annotation = serializers.UUIDField()
    author = serializers.CharField(allow_blank=True, help_text="Username; empty: imported.")
    source = serializers.CharField(help_text="`campaign`, or the imported set.")
    scene = serializers.CharField()
    fold = serializers.IntegerField(help_text="Of the models: the one that never saw the scene.")
    doubtfulness = serializers.FloatField(help_text="0 to 1; `formula` says what it is.")
    judged = serializers.IntegerField(help_text="Labelled pixels away from borders.")
    doubted = serializers.IntegerField(help_text="Of those, that the model contradicts for sure.")
    confirmed = serializers.IntegerField(
        help_text="Of the doubted, pixels of a pre-label that were left as they were."
    )
    pairs = DoubtedPairSerializer(many=True)
    classes = serializers.DictField(
        child=serializers.FloatField(), help_text="By class, the doubted share of its pixels."
    )
    largest = DoubtedPatchSerializer(allow_null=True, help_text="The largest patch of one kind.")
    task = serializers.UUIDField(allow_null=True, help_text="In which it is drawn anew.")
    task_state = serializers.ChoiceField(
        [*Task.State.choices, ("", "none")], help_text="Empty: there is no such task."
    )


class MiningFoldSerializer(serializers.Serializer):
    scenes = serializers.ListField(child=serializers.CharField(), help_text="That it judged.")
    tiles = serializers.IntegerField()
    model = serializers.CharField(help_text="Hash.")
    temperatures = serializers.ListField(child=serializers.FloatField())
    calibrated = serializers.BooleanField(
        help_text="False: no validation tile was left to calibrate by."
    )
    class_mean_iou = serializers.FloatField(
        allow_null=True, help_text="On those tiles: how far its doubts can be trusted."
    )


class MiningSerializer(serializers.Serializer):
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField()
    snapshot = serializers.CharField(help_text="Hash.")
    synthetic = serializers.BooleanField()
    formula = serializers.CharField()
    border = serializers.IntegerField(help_text="Pixels beside a border that aren't judged.")
    thresholds = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="By class: probability from which the model counts as sure.",
    )
    folds = MiningFoldSerializer(many=True)
    tiles = serializers.IntegerField()
    doubted_tiles = serializers.IntegerField()
    passed_over = serializers.DictField(
        child=serializers.IntegerField(), help_text="Why labels weren't opened, and how many."
    )
    results = DoubtedLabelSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class MiningQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class MiningView(Resource):
    @reads(
        "mining", answer=MiningSerializer, parameters=[MiningQuerySerializer], refuses=[403, 422]
    )
    def get(self, request: Request, slug: str) -> Response:
        """The newest search for label errors: its labels, the most doubtful first."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = MiningQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = newest(campaign)
        if found is None:
            raise NotFound(
                f"No label of {slug} was searched for errors yet.",
                help=f"`manage.py mine --campaign {slug}` does it.",
            )
        rows, cursor = ranking(found, **asked.validated_data)
        return Response(MiningSerializer(told(found, rows, cursor)).data)


def told(mining: Job, rows: list[Doubted], cursor: str | None) -> dict[str, object]:
    return {
        **mining.result,
        "created": mining.created,
        "finished": mining.finished,
        "results": [flat(each) for each in rows],
        "cursor": cursor,
    }


def flat(doubted: Doubted) -> dict[str, object]:
    facts = {
        "tile": doubted.tile,
        "author": doubted.author,
        "task": doubted.task,
        "task_state": doubted.task_state,
    }
    return {**doubted.row, **facts}
