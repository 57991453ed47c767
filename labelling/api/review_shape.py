"""Labels under review, verdicts and the rules of review, as the API tells them."""

from __future__ import annotations

from rest_framework import serializers

from labelling.api.annotations import AnnotationSerializer
from labelling.api.task_shape import TaskStatusSerializer
from labelling.insights.reviewing import LARGEST_PAGE
from labelling.models import Review, Task
from labelling.workflow.review_rules import REASONS


class ReviewedLabelSerializer(AnnotationSerializer):
    """A label with what its author says of it."""

    authors = serializers.ListField(
        child=serializers.CharField(), help_text="Of all its versions, the first one's first."
    )
    parent = serializers.UUIDField(
        source="parent.uuid", default=None, allow_null=True, help_text="The version before."
    )
    difficulty = serializers.IntegerField(allow_null=True, help_text="1 easy … 5 a guess.")
    note = serializers.CharField(allow_blank=True)
    checks = serializers.ListField(
        child=serializers.DictField(), help_text="Warnings that its author overruled."
    )


class VerdictSerializer(serializers.Serializer):
    annotation = serializers.UUIDField()
    reviewer = serializers.CharField()
    verdict = serializers.ChoiceField(Review.Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()


class TaskReviewSerializer(serializers.Serializer):
    """A label as its reviewer sees it."""

    task = TaskStatusSerializer()
    label = ReviewedLabelSerializer()
    before = VerdictSerializer(many=True, help_text="What was said of it and of what it reworks.")
    reasons = serializers.DictField(
        child=serializers.CharField(), help_text="{code: in words} of what it can be rejected for."
    )


class FeedbackSerializer(serializers.Serializer):
    results = VerdictSerializer(many=True, help_text="The newest first.")
    reasons = serializers.DictField(child=serializers.CharField(), help_text="{code: in words}")


class ClaimReviewSerializer(serializers.Serializer):
    task = serializers.UUIDField(required=False, help_text="This one, or none.")


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(default="", allow_blank=True, max_length=2000)


class RejectSerializer(NoteSerializer):
    reason = serializers.CharField(help_text=", ".join(REASONS))


class WaitingSerializer(serializers.Serializer):
    task = serializers.UUIDField()
    annotation = serializers.UUIDField()
    place = serializers.CharField()
    datetime = serializers.DateTimeField(allow_null=True)
    lane = serializers.ChoiceField(Task.Lane.choices)
    state = serializers.ChoiceField(Task.State.choices)
    author = serializers.CharField()
    submitted = serializers.DateTimeField()
    reviewer = serializers.CharField(allow_blank=True, help_text="Who has it; empty: nobody.")
    labelled_share = serializers.FloatField(help_text="0…1 of the pixels carry a class.")
    difficulty = serializers.IntegerField(allow_null=True)
    overruled = serializers.ListField(child=serializers.CharField(), help_text="Codes of warnings.")
    note = serializers.CharField(allow_blank=True)
    own = serializers.BooleanField(help_text="By the person who asks, who can't review it.")


class WaitingPageSerializer(serializers.Serializer):
    results = WaitingSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class ReviewSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    task = serializers.UUIDField(allow_null=True)
    annotation = serializers.UUIDField()
    place = serializers.CharField()
    author = serializers.CharField(allow_blank=True)
    reviewer = serializers.CharField()
    verdict = serializers.ChoiceField(Review.Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()


class ReviewPageSerializer(serializers.Serializer):
    results = ReviewSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class PageQuerySerializer(serializers.Serializer):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)
    cursor = serializers.CharField(required=False, help_text="From the last page.")


class ReviewQuerySerializer(PageQuerySerializer):
    verdict = serializers.CharField(required=False, help_text="Only these.")


class LimitsSerializer(serializers.Serializer):
    unlabelled_share = serializers.FloatField(help_text="0…1 that may be left without a label.")
    sure_share = serializers.FloatField(help_text="0…1 of the tile that makes a class sure.")
    shadow_pixels = serializers.IntegerField(help_text="Smaller shadows may lack their cloud.")
    cloud_height = serializers.IntegerField(help_text="Metres up to which it is looked for.")
    nodata_pixels = serializers.IntegerField(help_text="Of cloud that may lie over no data.")
    sliver_pixels = serializers.IntegerField(help_text="A piece with fewer is a sliver.")
    slivers = serializers.IntegerField(help_text="That a label may have.")


class ReviewRulesSerializer(serializers.Serializer):
    rates = serializers.ListField(
        child=serializers.FloatField(), help_text="0…1 of the labels that are reviewed, by level."
    )
    rework_days = serializers.FloatField(help_text="That a rejected label waits for its author.")
    withdraw_minutes = serializers.FloatField(help_text="In which a label may be taken back.")
    limits = LimitsSerializer()
    strict = serializers.ListField(
        child=serializers.CharField(), help_text="Warnings that nobody may overrule here."
    )


class RuleChangesSerializer(serializers.Serializer):
    changes = serializers.DictField(
        help_text="{setting: value}, the ones left out stay; null: back to the default."
    )
