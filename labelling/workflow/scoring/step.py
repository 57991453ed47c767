"""The step of a round that scores its pool."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, JobFailed, NotFound
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
from labelling.workflow.sharing.conduct import do_again, share
from labelling.workflow.sharing.work import Work

COUNTS = "counts.json"
"""{taken_over, scored, from_round} of a pool that a model scored."""
AT_ONCE = 8
"""Shards' files on their way to this machine at the same time."""
MOST_LOST = 3
"""Times that lost shards are scored until the round fails."""
logger = logging.getLogger(__name__)


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
    results, files = scored(attempt, plan, work)
    rows = Rows(plan, files)
    attempt.meanwhile(lambda: merge(rows, out, results))
    write_json(out / COUNTS, counted(plan))


def scored(attempt: Attempt, plan: Plan, work: Work) -> tuple[list[dict[str, Any]], list[Path]]:
    """The shards' results, and what they made, on this machine, in their order.

    Rows may outlive the files they tell of, after a restore for instance: those shards are scored
    again. Raises JobFailed where their files don't stay.
    """
    for _ in range(MOST_LOST):
        results = share(
            attempt,
            work=work,
            plan=plan.header.digest,
            units=plan.header.sizes,
            blobs=attempt.blobs,
            line={"stage": "score", "taken_over": plan.taken_over},
        )
        files = attempt.meanwhile(partial(files_of, results, attempt.blobs))
        lost = [n for n, file in enumerate(files) if file is None]
        if not lost:
            return results, [file for file in files if file is not None]
        logger.warning("%s: shards %s are lost, they are scored again", attempt.key, lost)
        do_again(attempt, lost)
    raise JobFailed(
        f"Scores of {len(lost)} shards of {attempt.key} don't stay in storage.",
        help="manage.py verify lists what else is lost; then `jobs retry` goes on there.",
    )


def files_of(results: list[dict[str, Any]], blobs: Blobs) -> list[Path | None]:
    """None for what is lost or isn't what the shard made."""

    def file_of(result: dict[str, Any]) -> Path | None:
        try:
            file = blobs.local(result["key"])
        except (NotFound, BadInput):
            return None
        if sha256_of(file) == result["sha256"]:
            return file
        file.unlink()  # a copy that a cache keeps must not come back
        return None

    with ThreadPoolExecutor(AT_ONCE) as copying:
        return list(copying.map(file_of, results))


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
