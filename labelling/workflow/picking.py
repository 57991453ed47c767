"""Pick: from a scored pool to a batch in pick order, with what chance, quotas and caps did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Batch, Pool, Request
from al_engine.likeness import nearest_known
from al_engine.strategies import select
from labelling.models import Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.pick_reasons import reason
from labelling.workflow.pick_rows import write_scores
from labelling.workflow.picking_rules import PickingRules, picking_rules
from labelling.workflow.pool_listing import listed_pool, write_json

RANKED_BY = {
    "entropy": "means",
    "margin": "means",
    "clasp": "means",
    "bald": "disagreement",
    "disagree": "contradiction",
}
"""The pool's array that a strategy orders by, where it isn't `scores`."""
WITHOUT_CONTROL = {"random"}
"""Strategies all of whose tiles are drawn uniformly."""
PLAIN = ("pooling",)
"""Fields of AutoConfig that choosing takes no notice of: the scores are there."""


@dataclass(frozen=True)
class Picks:
    """What the pick step decided; `picks` is in pick order."""

    picks: list[dict[str, Any]]
    """{tile: uuid, row: of the pool, score, slice, why, noise, standing, quota, probability,
    at_turn, nearest, likeness}. probability: the chance that the tile had to be drawn uniformly;
    at_turn: that of this draw among the tiles not drawn before; null where it isn't known.
    nearest: uuid of the labelled or in-flight tile most like it by the model's embeddings,
    likeness its cosine."""
    notes: list[str]
    uniform_probability: float
    asked: dict[str, Any] = field(default_factory=dict)
    """{request, config}: what the engine was asked; with the stored pool it gives these picks."""


def pick(attempt: Attempt) -> Picks:
    """Choose the batch from the stored scores; the choice is stored beside them, then as rows."""
    if not attempt.has("pick"):
        draft = attempt.folder / "pick" / "picks.json"
        picks = choose(attempt)
        write_json(draft, {**vars(picks), "strategy": attempt.round.strategy})
        attempt.adopt("pick")
    picks = read_picks(attempt)
    pool = Pool.load(attempt.adopted("score") / "pool.npz")
    codes = [str(each["code"]) for each in channels(attempt.round)]
    values = ranked_by(pool, attempt.round.strategy)
    write_scores(attempt, picks.picks, values, codes if pool.scored else None)
    return picks


def read_picks(attempt: Attempt) -> Picks:
    """What the pick step stored."""
    told = json.loads((attempt.adopted("pick") / "picks.json").read_text())
    told.pop("strategy", None)
    return Picks(**told)


def choose(attempt: Attempt) -> Picks:
    """Raises BadInput for settings that can't be used, EngineError for what the engine refuses."""
    round = attempt.round
    pool = Pool.load(attempt.adopted("score") / "pool.npz")
    if not pool.size:
        return Picks([], ["No tile is left to choose from: the pool is labelled or fenced off."], 0)
    rules = picking_rules(round.campaign)
    request = request_of(round, rules)
    config = rules.config([each["code"] for each in channels(round)])
    batch = select(pool, request, strategy=round.strategy, config=config)
    listing = listed_pool(attempt)
    return Picks(
        told(pool, batch, listing, round),
        list(batch.notes),
        float(batch.uniform_probability),
        {"request": asdict(request), "config": plain(config)},
    )


def request_of(round: Round, rules: PickingRules) -> Request:
    """What the engine is asked for a round, with what it needs to know of the campaign so far."""
    return Request(
        count=round.batch,
        seed=round.seed,
        round_no=turn(round, rules),
        labelled=labelled_tiles(round),
        validation=validation_iou(round),
        control_share=None if round.strategy in WITHOUT_CONTROL else rules.control_share,
    )


def turn(round: Round, rules: PickingRules) -> int:
    """1 for the first round that a model ranks, and for the first from the restart on; rounds that
    ended without a batch of a model's don't count."""
    ranked = Round.objects.filter(
        campaign=round.campaign_id,
        n__lt=round.n,
        n__gte=rules.restart,
        state=Round.State.DONE,
        ranked_by__isnull=False,
    )
    return 1 + ranked.count()


def labelled_tiles(round: Round) -> int | None:
    """Labelled tiles of the pool that the round's snapshot holds; None where its model is no
    beginner: it learnt from other data first."""
    if round.training.get("pretrain_steps"):
        return None
    return int(round.snapshot.counts.get("pool", 0)) if round.snapshot else 0


def validation_iou(round: Round) -> float | None:
    """Mean IoU of the ranking model on validation, as its card has it; None where there is none."""
    metrics = round.ranked_by.metrics if round.ranked_by else {}
    if metrics.get("split") != "validation":
        return None
    found = metrics.get("class_mean_iou")
    return None if found is None else float(found)


def plain(config: AutoConfig) -> dict[str, Any]:
    """The configuration as JSON."""
    return {name: value for name, value in asdict(config).items() if name not in PLAIN}


def told(pool: Pool, batch: Batch, listing: dict[str, Any], round: Round) -> list[dict[str, Any]]:
    """The batch as picks.json lists it."""
    tiles, known = listing["tiles"], listing["known"]
    names = [each["name"] for each in channels(round)]
    values = ranked_by(pool, round.strategy)
    like, cosines = nearest_known(pool, batch.indices)
    return [
        {
            "tile": tiles[row]["uuid"],
            "row": int(row),
            "score": float(values[row]),
            "slice": batch.slices[place],
            "why": reason(batch, place, names),
            "noise": float(batch.noise[place]),
            "standing": int(batch.standings[place]),
            "quota": names[batch.quotas[place]] if batch.quotas[place] >= 0 and names else "",
            "probability": uniform_chance(batch, place),
            "at_turn": float(batch.probabilities[place]) or None,
            "nearest": known[like[place]]["uuid"] if like[place] >= 0 else None,
            "likeness": round_off(cosines[place]) if like[place] >= 0 else None,
        }
        for place, row in enumerate(batch.indices)
    ]


def uniform_chance(batch: Batch, place: int) -> float | None:
    """Of a tile that was drawn uniformly: the chance that any given tile had."""
    uniform = batch.slices[place] in ("control", "random")
    return float(batch.uniform_probability) if uniform else None


def round_off(value: float) -> float:
    return round(float(value), 4)


def channels(round: Round) -> list[dict[str, Any]]:
    """{code, name} of the classes that the ranking model tells apart, channel by channel.

    The campaign's classes may have changed since the model was trained.
    """
    return list(round.ranked_by.card["classes"]) if round.ranked_by else []


def ranked_by(pool: Pool, strategy: str) -> NDArray[np.float32]:
    """(n,) what the strategy orders the pool by."""
    values: NDArray[np.float32] = getattr(pool, RANKED_BY.get(strategy, "scores"))
    return values


def note_picks(attempt: Attempt, picks: Picks, now: datetime) -> dict[str, Any]:
    return {"picked": len(picks.picks), "notes": picks.notes}
