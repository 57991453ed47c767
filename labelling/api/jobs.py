"""A campaign's long work: rounds, snapshots, exports, releases and the rest. For leads."""

from __future__ import annotations

import uuid

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.clock import now
from labelling.errors import NotFound
from labelling.insights.jobs import LARGEST_PAGE, WORDS, jobs_of, row
from labelling.models import Campaign, Job
from labelling.workflow.jobs import cancel_job, retry_job


class JobProgressSerializer(serializers.Serializer):
    stage = serializers.CharField(help_text="What is counted.")
    done = serializers.FloatField()
    total = serializers.FloatField()
    rate = serializers.FloatField(allow_null=True, help_text="Of `done`, a second.")
    eta_seconds = serializers.FloatField(allow_null=True, help_text="null: nobody can tell yet.")
    loss = serializers.FloatField(allow_null=True, help_text="While a network is fitted.")
    workers = serializers.ListField(
        child=serializers.CharField(), help_text="Who does parts of it: machine and process."
    )


class JobRowSerializer(serializers.Serializer):
    """Long work that a worker does."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text=f"{', '.join(WORDS.values())}.")
    campaign = serializers.CharField(help_text="Slug.")
    round = serializers.IntegerField(allow_null=True, help_text="Its number, of a round.")
    state = serializers.ChoiceField(Job.State.choices)
    progress = JobProgressSerializer(allow_null=True, help_text="null: nothing was counted yet.")
    stage = serializers.CharField(allow_blank=True, help_text="What it is at.")
    attempts = serializers.IntegerField(help_text="Above 1: a worker died, another went on.")
    error = serializers.CharField(
        allow_blank=True, help_text="Why it failed, or why it waits to be tried again."
    )
    cancelling = serializers.BooleanField(help_text="Asked to stop, and not stopped yet.")
    asked_by = serializers.CharField(
        allow_blank=True, help_text="Username; empty: the schedule or the command line."
    )
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)
    can_cancel = serializers.BooleanField()
    can_retry = serializers.BooleanField()


class JobPageSerializer(serializers.Serializer):
    results = JobRowSerializer(many=True)
    cursor = serializers.CharField(allow_null=True, help_text="Where the next page begins.")


class JobQuerySerializer(serializers.Serializer):
    state = serializers.MultipleChoiceField(
        choices=Job.State.choices, required=False, help_text="Only jobs in these states."
    )
    cursor = serializers.CharField(required=False, help_text="From the last page.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=LARGEST_PAGE)


class Jobs(Resource):
    @reads("jobs", answer=JobPageSerializer, parameters=[JobQuerySerializer], refuses=[403, 422])
    def get(self, request: Request, slug: str) -> Response:
        """The campaign's long work, the newest first."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = JobQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        rows, cursor = jobs_of(
            Job.objects.of(campaign),
            states=sorted(given.get("state", [])),
            cursor=given.get("cursor"),
            limit=given["limit"],
        )
        return Response(JobPageSerializer({"results": rows, "cursor": cursor}).data)


class CancelJob(Resource):
    @writes("job_cancel", answer=JobRowSerializer)
    def post(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """Ask the job to stop; what it has finished stays."""
        job = job_for(campaign_for(request.user, slug, LEADS), id)
        return Response(JobRowSerializer(row(cancel_job(job=job, by=request.user, now=now()))).data)


class RetryJob(Resource):
    @writes("job_retry", answer=JobRowSerializer, status=202)
    def post(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """Send a failed job to the workers once more; it goes on from what it has finished."""
        job = job_for(campaign_for(request.user, slug, LEADS), id)
        again = retry_job(job=job, by=request.user, now=now())
        return Response(JobRowSerializer(row(again)).data, status=202)


def job_for(campaign: Campaign, id: uuid.UUID) -> Job:
    """Raises NotFound."""
    jobs = Job.objects.of(campaign).select_related("campaign", "round__asked_by")
    job = jobs.filter(uuid=id).first()
    if job is None:
        raise NotFound(f"{campaign.slug} has no job {id}.", field="id")
    return job
