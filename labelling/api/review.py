"""Reviewing labels: what waits, taking one, and the verdict."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, OVERSEERS, campaign_for, task_for
from labelling.api.annotations import AnnotationSerializer
from labelling.api.operation import Resource, asking, reads, writes
from labelling.api.review_shape import (
    ClaimReviewSerializer,
    FeedbackSerializer,
    NoteSerializer,
    PageQuerySerializer,
    RejectSerializer,
    ReviewPageSerializer,
    ReviewQuerySerializer,
    ReviewRulesSerializer,
    RuleChangesSerializer,
    TaskReviewSerializer,
    WaitingPageSerializer,
)
from labelling.api.submission import SubmissionSerializer, TakesLabels, takes_label
from labelling.api.task_shape import TaskInHand
from labelling.api.tasks import StateSerializer
from labelling.clock import now
from labelling.errors import NotAllowed
from labelling.insights.reviewing import authors, feedback, reviews, waiting
from labelling.models import Annotation, Membership, Task, role_of
from labelling.workflow.review import accept, hand_in_fix, label_in_review, ready_fix, reject
from labelling.workflow.review_queue import claim_review, release_review
from labelling.workflow.review_rules import REASONS, change_rules, review_rules
from labelling.workflow.submission import Ready

REVIEWERS = frozenset({Membership.Role.REVIEWER, Membership.Role.LEAD})


class ReviewRulesView(Resource):
    @reads("review_rules", answer=ReviewRulesSerializer, refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """What is checked and how much is reviewed."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        return Response(ReviewRulesSerializer(review_rules(campaign)).data)

    @writes("change_review_rules", request=RuleChangesSerializer, answer=ReviewRulesSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Change some of it, for what is handed in from now on."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = RuleChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        rules = change_rules(campaign=campaign, who=request.user, now=now(), **asked.validated_data)
        return Response(ReviewRulesSerializer(rules).data)


class ReviewQueue(Resource):
    @reads(
        "review_queue",
        answer=WaitingPageSerializer,
        parameters=[PageQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Labels that wait for review or are being reviewed, the oldest first."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = PageQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = waiting(campaign, asked_by=request.user, **asked.validated_data)
        return Response(WaitingPageSerializer(found).data)


class Reviews(Resource):
    @reads(
        "reviews",
        answer=ReviewPageSerializer,
        parameters=[ReviewQuerySerializer],
        refuses=[403, 422],
    )
    def get(self, request: Request, slug: str) -> Response:
        """What reviewers said, the newest first."""
        campaign = campaign_for(request.user, slug, OVERSEERS)
        asked = ReviewQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(ReviewPageSerializer(reviews(campaign, **asked.validated_data)).data)


class NextReview(Resource):
    @writes("next_review", request=ClaimReviewSerializer, answer=TaskReviewSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The label in hand, or the one that has waited longest; never one's own."""
        campaign = campaign_for(request.user, slug, REVIEWERS)
        asked = ClaimReviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data.get("task")
        task = task_for(request.user, wanted) if wanted else None
        spell = claim_review(campaign=campaign, reviewer=request.user, now=now(), task=task)
        return Response(_told(task_for(request.user, spell.task.uuid), request.user))


class TaskReview(Resource):
    @reads("task_review", answer=TaskReviewSerializer, refuses=[403, 409])
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """A label as its reviewer sees it."""
        return Response(_told(task_to_review(request.user, id), request.user))


class TaskFeedback(Resource):
    @reads("task_feedback", answer=FeedbackSerializer)
    def get(self, request: Request, id: uuid.UUID) -> Response:
        """What a reviewer said of one's label, and of the one that this tile is a rework of."""
        task = task_for(request.user, id)
        everything = role_of(request.user, task.campaign) in OVERSEERS
        said = feedback(task, request.user, everything=everything)
        return Response(FeedbackSerializer({"results": said, "reasons": REASONS}).data)


class Accept(Resource):
    @writes("accept", request=NoteSerializer, answer=StateSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Take the label as it is."""
        task = task_to_review(request.user, id)
        said = NoteSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        accept(task=task, reviewer=request.user, now=now(), **said.validated_data)
        return Response(StateSerializer(task).data)


class Reject(Resource):
    @writes("reject", request=RejectSerializer, answer=StateSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Send the label back with a reason: its author is the first to rework it."""
        task = task_to_review(request.user, id)
        said = RejectSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        reject(task=task, reviewer=request.user, now=now(), **said.validated_data)
        return Response(StateSerializer(task).data)


def _placed(view: TakesLabels, request: Request, id: uuid.UUID) -> Ready | Annotation:
    task = task_to_review(request.user, id)
    return ready_fix(task=task, reviewer=request.user, now=now(), **view.read(request, task))


class Fix(TakesLabels):
    @takes_label("fix", how=SubmissionSerializer, answer=AnnotationSerializer, status=201)
    @asking(_placed)
    def post(self, request: Request, id: uuid.UUID, seen: Ready | Annotation) -> Response:
        """Hand in a corrected version, in the form of a submission; both are its authors."""
        fixed = hand_in_fix(seen, now=now())
        return Response(AnnotationSerializer(fixed).data, status=201)


class ReleaseReview(Resource):
    @writes("release_review", answer=StateSerializer)
    def post(self, request: Request, id: uuid.UUID) -> Response:
        """Give the label back unreviewed."""
        task = task_to_review(request.user, id)
        return Response(
            StateSerializer(release_review(task=task, reviewer=request.user, now=now())).data
        )


def task_to_review(user: User, id: uuid.UUID) -> Task:
    """Any task of a campaign where the person reviews; whether he holds it is asked elsewhere."""
    task = task_for(user, id)
    role = role_of(user, task.campaign)
    if role not in REVIEWERS:
        raise NotAllowed(
            f"As {role} you don't review labels; it takes lead or reviewer.",
            help="Ask a lead of the campaign.",
        )
    return task


def _told(task: Task, person: User) -> dict[str, Any]:
    label = label_in_review(task)
    label.authors = authors(label)
    holds = task.state == Task.State.IN_REVIEW and task.holder_id == person.pk
    told = {
        "task": TaskInHand(task, "review" if holds else None),
        "label": label,
        "before": feedback(task, person, everything=True),
        "reasons": REASONS,
    }
    return TaskReviewSerializer(told).data
