"""A round's choice made once more, from its stored pool and what the engine was asked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from al_engine.autoconfig import AutoConfig
from al_engine.batches import Batch, Pool, Request
from al_engine.strategies import select
from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict, NotFound
from labelling.models import Campaign


@dataclass(frozen=True)
class Again:
    round: int
    picked: int
    different: int
    """Places of the pick order that hold another tile, or the same for another reason."""

    @property
    def same(self) -> bool:
        return not self.different


def chosen_again(campaign: Campaign, n: int, *, blobs: Blobs) -> Again:
    """Raises NotFound for a round without picks, Conflict for one from before what was asked was
    kept with them."""
    key = f"rounds/{campaign.slug}/{n}"
    if not blobs.whole(f"{key}/pick"):
        raise NotFound(
            f"Round {n} of {campaign.slug} has picked nothing yet.",
            field="round",
            help="`manage.py round status` lists the rounds.",
        )
    told = json.loads((blobs.folder(f"{key}/pick") / "picks.json").read_text())
    if told["picks"] and not told.get("asked"):
        raise Conflict(
            f"Round {n} is from before it was kept what the engine was asked.", field="round"
        )
    if not told["picks"]:
        return Again(n, 0, 0)
    pool = Pool.load(blobs.folder(f"{key}/score") / "pool.npz")
    batch = batch_of(pool, told)
    stored = [
        (each["row"], each["slice"], each["noise"], each["standing"]) for each in told["picks"]
    ]
    now = list(
        zip(
            batch.indices.tolist(),
            batch.slices,
            batch.noise.tolist(),
            batch.standings.tolist(),
            strict=True,
        )
    )
    places = max(len(stored), len(now))
    same = sum(one == other for one, other in zip(stored, now))
    return Again(n, len(stored), places - same)


def batch_of(pool: Pool, told: dict) -> Batch:
    """What the engine chooses when it is asked as it was then."""
    config = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in told["asked"]["config"].items()
    }
    return select(
        pool,
        Request(**told["asked"]["request"]),
        strategy=told["strategy"],
        config=AutoConfig(**config),
    )
