"""The step of a round that scores its pool."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import (
    complete_pool,
    pool_size,
    write_json,
    write_unscored_pool,
)
from labelling.workflow.scoring.merging import Rows, merge
from labelling.workflow.scoring.plan import Plan, clear, plan_of
from labelling.workflow.scoring.shards import conductors
from labelling.workflow.sharing.conduct import share
from labelling.workflow.sharing.work import Work

COUNTS = "counts.json"
"""{taken_over, scored, from_round} of a pool that a model scored."""
AT_ONCE = 8
"""Shards' files on their way to this machine at the same time."""


def score(attempt: Attempt) -> Path:
    """Have the pool scored; returns the folder with the pool's arrays."""
    if not attempt.has("score"):
        make(attempt)
    attempt.meanwhile(lambda: clear(attempt.key, attempt.blobs))
    return attempt.adopted("score")


def make(attempt: Attempt) -> None:
    out = attempt.folder / "score"
    out.mkdir(parents=True, exist_ok=True)
    if attempt.round.ranked_by:
        score_by_model(attempt, out, conductors(attempt.folder))
    else:
        write_unscored_pool(attempt, out)
    complete_pool(attempt, out)
    attempt.adopt("score")


def score_by_model(attempt: Attempt, out: Path, work: Work) -> None:
    """Write a scored pool's files into `out`."""
    plan = plan_of(attempt)
    results = share(
        attempt,
        work=work,
        plan=plan.header.digest,
        units=plan.header.sizes,
        blobs=attempt.blobs,
        line={"stage": "score", "taken_over": plan.taken_over},
    )
    rows = Rows(plan, attempt.meanwhile(lambda: files_of(results, attempt)))
    attempt.meanwhile(lambda: merge(rows, out, results))
    write_json(out / COUNTS, counted(plan))


def files_of(results: list[dict[str, Any]], attempt: Attempt) -> list[Path]:
    """What the shards made, on this machine, in their order."""
    with ThreadPoolExecutor(AT_ONCE) as copying:
        return list(copying.map(lambda each: attempt.blobs.local(each["key"]), results))


def counted(plan: Plan) -> dict[str, Any]:
    taken, earlier = plan.taken_over, plan.earlier
    return {
        "taken_over": taken,
        "scored": len(plan.source) - taken,
        "from_round": earlier.n if earlier and taken else None,
    }


def note_scores(attempt: Attempt, folder: Path, now: datetime) -> dict[str, Any]:
    path = folder / COUNTS
    counts = json.loads(path.read_text()) if path.exists() else {}
    return {"tiles": pool_size(folder), **counts}
