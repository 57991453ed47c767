"""Searches for label errors: have one made, follow it, stop it. For leads."""

from __future__ import annotations

import uuid

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelling.adapters.blobs import store
from labelling.api.access import LEADS, campaign_for
from labelling.api.operation import Resource, reads, writes
from labelling.api.releases import LongJobSerializer, job_of
from labelling.clock import now
from labelling.insights.comparison import NEWEST, snapshot_of
from labelling.insights.mining import KIND
from labelling.workflow.mining import Options, cancel_mining, plan, start_mining

PLAIN = Options()


class MiningOrderSerializer(serializers.Serializer):
    snapshot = serializers.CharField(default=NEWEST, help_text="Hash, or `newest`.")
    folds = serializers.IntegerField(default=PLAIN.folds, help_text="By scene.")
    top = serializers.IntegerField(
        default=PLAIN.top, help_text="Labels to have drawn anew; 0: only rank them."
    )
    seed = serializers.IntegerField(default=PLAIN.seed)
    border = serializers.IntegerField(
        default=PLAIN.border, help_text="Pixels this near to a label's border aren't judged."
    )
    training = serializers.DictField(
        default=dict, help_text="Training settings that differ from the campaign's."
    )


class StartMining(Resource):
    @writes("mining_start", request=MiningOrderSerializer, answer=LongJobSerializer, status=202)
    def post(self, request: Request, slug: str) -> Response:
        """Have labels searched for errors by a worker; the same under way is given again."""
        campaign = campaign_for(request.user, slug, LEADS)
        asked = MiningOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        snapshot = snapshot_of(campaign, given.pop("snapshot"))
        mining = plan(campaign=campaign, snapshot=snapshot, options=Options(**given), blobs=store())
        job = start_mining(mining=mining, by=request.user, now=now())
        return Response(LongJobSerializer(job).data, status=202)


class MiningJob(Resource):
    @reads("mining_job", answer=LongJobSerializer, refuses=[403])
    def get(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """How far a search is; `label-errors` has what it found."""
        campaign = campaign_for(request.user, slug, LEADS)
        return Response(LongJobSerializer(job_of(campaign, KIND, id)).data)


class CancelMining(Resource):
    @writes("mining_cancel", answer=LongJobSerializer)
    def post(self, request: Request, slug: str, id: uuid.UUID) -> Response:
        """Ask the search to stop."""
        campaign = campaign_for(request.user, slug, LEADS)
        job = cancel_mining(job=job_of(campaign, KIND, id), by=request.user, now=now())
        return Response(LongJobSerializer(job).data)
