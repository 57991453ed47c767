"""The five steps of a round, each in two halves.

`prepare` makes files, outside any transaction and repeatable; `write` turns them into rows, inside
the transaction that also moves the round on. The scores of a whole pool are too many rows for one
transaction: `prepare` of the pick writes them, piece by piece and repeatably too.
"""

from __future__ import annotations

import json
import shutil
import uuid
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
from labelling.workflow import picking, tasks_of_round
from labelling.workflow.attempt import Attempt
from labelling.workflow.children import run_child
from labelling.workflow.snapshot import freeze


@dataclass(frozen=True)
class Step:
    prepare: Callable[[Attempt], Any]
    write: Callable[[Attempt, Any, datetime], dict[str, Any]]

    def __iter__(self):
        return iter((self.prepare, self.write))


def freeze_labels(attempt: Attempt) -> Snapshot | None:
    round = attempt.round

    def show(done: int, total: int) -> None:
        attempt.tick({"stage": "freeze", "done": done, "total": total})

    try:
        return freeze(round.campaign, blobs=attempt.blobs, now=attempt.clock(), progress=show)
    except NothingToLearn:
        if STRATEGIES[round.strategy].needs_model:
            raise
        return None


def note_snapshot(attempt: Attempt, snapshot: Snapshot | None, now: datetime) -> dict[str, Any]:
    attempt.round.snapshot = snapshot
    return {"samples": snapshot.counts["samples"]} if snapshot else {"samples": 0}


def fit(attempt: Attempt) -> Path | None:
    """Train; returns the folder with weights and card.

    None where the labels can't teach a model yet, and the strategy needs none.
    """
    if attempt.round.snapshot is None:
        return None
    adopted = attempt.adopted("fit")
    if not (adopted / "card.json").exists():
        attempt.inherit("fit", "checkpoint.pt")
        try:
            train_afresh_if_stale(attempt)
        except NothingToLearn:
            if STRATEGIES[attempt.round.strategy].needs_model:
                raise
            return None
        attempt.adopt("fit")
    return adopted


def train_afresh_if_stale(attempt: Attempt) -> None:
    try:
        train(attempt)
    except StaleCheckpoint:  # the code was changed since
        (attempt.folder / "fit" / "checkpoint.pt").unlink()
        train(attempt)


def train(attempt: Attempt) -> None:
    """Fit in a child process, from the checkpoint in its folder if there is one."""
    round, out = attempt.round, attempt.folder / "fit"
    assert round.snapshot is not None
    chosen = {"threads": settings.TORCH_THREADS, **round.training}
    run_child(
        "training",
        "fit",
        attempt.blobs.path(round.snapshot.folder),
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
            "folder": publish(folder, card["card_sha256"], attempt.blobs),
            "card": card,
            "metrics": card["metrics"] or {},
            "created": now,
        },
    )
    round.model = model
    if new:
        record("created", model, campaign=round.campaign, who=None, now=now, after=model.hash)
    return {"model": model.hash}


def publish(folder: Path, digest: str, blobs: Blobs) -> str:
    """Put a copy of weights and card under `models/<hash>/`; returns the key."""
    key = f"models/{digest}"
    target = blobs.path(key)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{uuid.uuid4().hex}.part")
        draft.mkdir()
        for name in ("weights.safetensors", "card.json"):
            shutil.copyfile(folder / name, draft / name)
        try:
            draft.rename(target)
        except OSError:  # somebody published the same model meanwhile
            shutil.rmtree(draft)
    return key


def score(attempt: Attempt) -> Path | None:
    """Stream the pool through the model; returns the folder with the pool's arrays."""
    adopted = attempt.adopted("score")
    if not (adopted / "pool.npz").exists():
        request = picking.pool_request(attempt)
        out = attempt.folder / "score"
        attempt.inherit("score", "shard-*.npz")
        if attempt.round.model:
            run_child(
                "labelling.compute",
                "score",
                request,
                out,
                log=attempt.folder / "score.log",
                tick=attempt.tick,
            )
        else:
            picking.write_unscored_pool(request, out)
        attempt.adopt("score")
    return adopted


def note_scores(attempt: Attempt, folder: Path, now: datetime) -> dict[str, Any]:
    return {"tiles": picking.pool_size(folder)}


STEPS = {
    Round.Step.FREEZE: Step(freeze_labels, note_snapshot),
    Round.Step.FIT: Step(fit, keep_model),
    Round.Step.SCORE: Step(score, note_scores),
    Round.Step.PICK: Step(picking.pick, picking.note_picks),
    Round.Step.OPEN: Step(tasks_of_round.predraw, tasks_of_round.open_tasks),
}
