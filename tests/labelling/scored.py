"""A round whose pool is scored in this process, for tests of what is then picked. Synthetic."""

from __future__ import annotations

import json

from labelling.compute.scoring import Request, score_pool
from labelling.models import Campaign, Model, Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import complete_pool, pool_request
from tests.labelling.one_round import planned, taken


def scored(campaign: Campaign, model: Model, *, strategy: str = "auto", batch: int = 5) -> Attempt:
    """A worker's attempt at a round whose pool is scored, in this process."""
    round = planned(campaign, strategy=strategy, batch=batch)
    Round.objects.filter(pk=round.pk).update(step="pick", model=model, ranked_by=model)
    attempt = taken(round)
    request = Request.read(json.loads(pool_request(attempt).read_text()))
    score_pool(request, attempt.folder / "score")
    complete_pool(attempt, attempt.folder / "score")
    attempt.adopt("score")
    return attempt
