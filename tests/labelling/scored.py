"""A round whose pool is scored in this process, for tests of what is then picked. Synthetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labelling.compute.scoring import Request
from labelling.compute.scoring import Scorer as Loaded
from labelling.models import Campaign, Model, Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import complete_pool
from labelling.workflow.scoring.shards import Scorer, conductors
from labelling.workflow.scoring.step import score_by_model
from labelling.workflow.standing import Tick
from tests.labelling.one_round import planned, taken


class InProcess:
    """What a scoring child does, without one."""

    def __init__(self, request: Path) -> None:
        self.loaded = Loaded(Request.read(json.loads(request.read_text())))

    def ask(self, question: dict[str, Any], tick: Tick) -> dict[str, Any]:
        tick(None)
        return self.loaded.answer(question)

    def end(self) -> None:
        """There is nothing to end."""


def in_process(request: Path, folder: Path) -> Scorer:
    return InProcess(request)


def scored(campaign: Campaign, model: Model, *, strategy: str = "auto", batch: int = 5) -> Attempt:
    """A worker's attempt at a round whose pool is scored, in this process."""
    round = planned(campaign, strategy=strategy, batch=batch)
    Round.objects.filter(pk=round.pk).update(step="pick", model=model, ranked_by=model)
    attempt = taken(round)
    score_here(attempt)
    attempt.adopt("score")
    return attempt


def score_here(attempt: Attempt) -> Path:
    """Score the pool of an attempt in this process; the folder that is to be adopted."""
    out = attempt.folder / "score"
    out.mkdir(parents=True, exist_ok=True)
    score_by_model(attempt, out, conductors(attempt.folder, in_process))
    complete_pool(attempt, out)
    return out
