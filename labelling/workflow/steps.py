"""The six steps of a round, each in two halves.

`prepare` makes files, outside any transaction and repeatable; `write` turns them into rows, inside
the transaction that also moves the round on. The scores of a whole pool are too many rows for one
transaction: `prepare` of the pick writes them, piece by piece and repeatably too.
"""

from __future__ import annotations

import copy as copying
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from al_engine.strategies import STRATEGIES
from labelling.adapters.blobs import Blobs
from labelling.errors import NothingToLearn, StaleCheckpoint
from labelling.models import Model, Round, Snapshot, record
from labelling.workflow import judging, picking, pool_listing, tasks_of_round
from labelling.workflow.attempt import Attempt
from labelling.workflow.children import run_child
from labelling.workflow.fetching import MODEL_FILES, snapshot_here
from labelling.workflow.picking_rules import picking_rules
from labelling.workflow.pool import eligible_tiles
from labelling.workflow.pool_masks import check_something_to_disagree_with
from labelling.workflow.scoring import step as scoring
from labelling.workflow.snapshots.freezing import freeze

CHECKPOINT = "checkpoint.pt"
"""What the fit goes on from after a kill; of no use once it is finished."""


@dataclass(frozen=True)
class Step:
    prepare: Callable[[Attempt], Any]
    write: Callable[[Attempt, Any, datetime], dict[str, Any]]

    def __iter__(self):
        return iter((self.prepare, self.write))


def freeze_labels(attempt: Attempt) -> Snapshot | None:
    round, campaign = attempt.round, copying.copy(attempt.round.campaign)
    campaign.training = round.training  # of the plan: the campaign's may have changed since

    check_possible(attempt)

    def show(done: int, total: int) -> None:
        attempt.tick({"stage": "freeze", "done": done, "total": total})

    try:
        return freeze(campaign, blobs=attempt.blobs, now=attempt.clock(), progress=show)
    except NothingToLearn:
        if STRATEGIES[round.strategy].needs_model:
            raise
        return None


def check_possible(attempt: Attempt) -> None:
    """Refuse, before hours of training, what the pick could only refuse. Raises BadInput."""
    rules = picking_rules(attempt.round.campaign)
    if pool_listing.COMPARED in STRATEGIES[attempt.round.strategy].needs:
        tiles = eligible_tiles(attempt.round.campaign).values("uuid")
        listed = [{"uuid": str(each["uuid"])} for each in tiles]
        check_something_to_disagree_with(attempt.round, listed, attempt.tick)
    rules.config([])


def note_snapshot(attempt: Attempt, snapshot: Snapshot | None, now: datetime) -> dict[str, Any]:
    attempt.round.snapshot = snapshot
    return {"samples": snapshot.counts["samples"]} if snapshot else {"samples": 0}


def fit(attempt: Attempt) -> Path | None:
    """Train; returns the folder with weights and card.

    None where the labels can't teach a model yet, and the strategy needs none.
    """
    if attempt.round.snapshot is None:
        return None
    if attempt.has("fit"):
        return published(attempt, attempt.adopted("fit"))
    attempt.inherit("fit", CHECKPOINT)
    try:
        train_afresh_if_stale(attempt)
    except NothingToLearn:
        if STRATEGIES[attempt.round.strategy].needs_model:
            raise
        return None
    return published(attempt, attempt.adopt("fit", without=[CHECKPOINT]))


def train_afresh_if_stale(attempt: Attempt) -> None:
    try:
        train(attempt)
    except StaleCheckpoint:  # the code was changed since
        (attempt.folder / "fit" / CHECKPOINT).unlink()
        train(attempt)


def train(attempt: Attempt) -> None:
    """Fit in a child process, from the checkpoint in its folder if there is one."""
    round, out = attempt.round, attempt.folder / "fit"
    assert round.snapshot is not None
    snapshot = round.snapshot.folder
    chosen = {"threads": settings.TORCH_THREADS, **round.training}
    run_child(
        "training",
        "fit",
        attempt.meanwhile(lambda: snapshot_here(snapshot, blobs=attempt.blobs)),
        out,
        "--seed",
        str(round.seed),
        "--resume",
        out,
        *[word for pair in sorted(chosen.items()) for word in set_word(*pair)],
        log=attempt.folder / "fit.log",
        tick=attempt.tick,
    )


def set_word(name: str, value: Any) -> list[str]:
    return ["--set", f"{name}={json.dumps(value)}"]


def keep_model(attempt: Attempt, folder: Path | None, now: datetime) -> dict[str, Any]:
    round = attempt.round
    if folder is None:
        return {"skipped": "no labels of two classes yet" if round.snapshot else "no labels yet"}
    card = json.loads((folder / "card.json").read_text())
    model, new = Model.objects.get_or_create(
        hash=card["card_sha256"],
        defaults={
            "campaign": round.campaign,
            "snapshot": round.snapshot,
            "folder": model_key(card["card_sha256"]),
            "card": card,
            "metrics": card["metrics"] or {},
            "created": now,
        },
    )
    round.model = model
    if new:
        record("created", model, campaign=round.campaign, who=None, now=now, after=model.hash)
    return {"model": model.hash}


def published(attempt: Attempt, folder: Path) -> Path:
    """The fit's folder, once its model is in storage: copies can take longer than a transaction
    may, in which with SQLite nobody else writes.
    """
    digest = json.loads((folder / "card.json").read_text())["card_sha256"]
    attempt.meanwhile(lambda: publish(folder, model_key(digest), attempt.blobs))
    return folder


def model_key(digest: str) -> str:
    return f"models/{digest}"


def publish(folder: Path, key: str, blobs: Blobs) -> None:
    """Put a copy of weights and card under `key`, unless it is there.

    The card goes last: where it is, the model is whole.
    """
    if not blobs.exists(f"{key}/{MODEL_FILES[-1]}"):
        for name in MODEL_FILES:
            copy(folder / name, f"{key}/{name}", blobs)


def copy(path: Path, key: str, blobs: Blobs) -> None:
    blobs.write_with(key, lambda draft: shutil.copyfile(path, draft))


STEPS = {
    Round.Step.FREEZE: Step(freeze_labels, note_snapshot),
    Round.Step.FIT: Step(fit, keep_model),
    Round.Step.JUDGE: Step(judging.judge, judging.keep_decision),
    Round.Step.SCORE: Step(scoring.score, scoring.note_scores),
    Round.Step.PICK: Step(picking.pick, picking.note_picks),
    Round.Step.OPEN: Step(tasks_of_round.predraw, tasks_of_round.open_tasks),
}
