"""The plan of a round's scoring: which tiles are scored, in which shard, and which are taken over.

Each attempt at the round makes it anew and gets the same, unless what figures depend on was changed
meanwhile. Workers find it in storage by its digest, in `rounds/<campaign>/<n>/scoring/<digest>/`:
`plan.json`, and a listing for each shard. All of it goes once the scores are adopted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.strategies import STRATEGIES
from labelling.adapters.blobs import Blobs
from labelling.models import Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool_listing import COMPARED, listed_pool
from labelling.workflow.pool_masks import Other, other_mask
from labelling.workflow.scoring.earlier import Earlier, newest
from labelling.workflow.scoring.keys import Keys, Recipes
from labelling.workflow.sharing.work import NotHere

PASSES = 4
"""Forward passes a tile, for strategies that need members to disagree: flips with dropout."""
SMALLEST, LARGEST, AIM = 32, 256, 64
"""Tiles of a shard, and how many shards there are to be in between: enough that workers end
together, few enough that none is held up by what comes between two."""
AT_ONCE = 8
"""Listings on their way to storage at the same time."""
Listed = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Header:
    """What workers are told of all shards; rasters and models are blob keys."""

    digest: str
    """Of everything that figures depend on, in hex."""
    told: dict[str, Any]
    """{bands, model, acquisition, passes, seed, class_means, provides, before}, where `model` and
    `before` are folders in storage, `before` "" where there is none."""
    sizes: list[int]
    """Tiles of each shard."""
    recipe: str
    """Of the figures, as whoever made the plan makes them: code, torch and numpy are in it."""

    @classmethod
    def read(cls, room: str, blobs: Blobs) -> Header:
        """Raises NotFound."""
        told = json.loads(blobs.read(f"{room}/plan.json"))
        return cls(**{each.name: told[each.name] for each in fields(cls)})

    def check_same_here(self) -> None:
        """Raises NotHere where this worker would make other figures than the plan's maker."""
        if Recipes.of(self.told).scored != self.recipe:
            raise NotHere("has other versions (workbench, torch or numpy) than who holds the job")


@dataclass(frozen=True)
class Plan:
    header: Header
    tiles: Listed
    """The pool, n of them."""
    known: Listed
    """Labelled and in-flight tiles, m of them: only embeddings and features are wanted."""
    scored_keys: Keys
    """Of the n."""
    seen_keys: Keys
    """Of the n, then the m."""
    source: NDArray[np.int64]
    """(n + m,) the row of `earlier` that a tile's figures are taken from; -1: it is scored, and its
    place among those is its place in the shards."""
    earlier: Earlier | None

    @property
    def taken_over(self) -> int:
        return int((self.source >= 0).sum())


def round_key(round: Round) -> str:
    """Blob key of the round's folder."""
    return f"rounds/{round.campaign.slug}/{round.n}"


def room_of(key: str, digest: str) -> str:
    """Blob key of a plan's folder, of the round whose folder is `key`."""
    return f"{key}/scoring/{digest[:16]}"


def listing_key(room: str, n: int) -> str:
    return f"{room}/tiles-{n:05d}.json"


def plan_of(attempt: Attempt) -> Plan:
    """The round's plan, put into storage unless it is there.

    Raises BadInput where the strategy needs another mask and there is none.
    """
    plan = made(attempt)
    room = room_of(attempt.key, plan.header.digest)
    attempt.meanwhile(lambda: keep(plan, room, attempt.blobs))
    return plan


def made(attempt: Attempt) -> Plan:
    listing, round = listed_pool(attempt), attempt.round
    strategy = STRATEGIES[round.strategy]
    compares = COMPARED in strategy.needs and listing["tiles"]
    other = other_mask(round, listing["tiles"], attempt.tick) if compares else Other()
    assert round.ranked_by is not None
    told = {
        "bands": round.campaign.bands,
        "model": round.ranked_by.folder,
        "acquisition": strategy.acquisition or "entropy",
        "passes": PASSES if strategy.members > 1 else 1,
        "seed": round.seed,
        "class_means": "class_means" in strategy.needs,
        "provides": other.mask.provides if other.mask else [],
        "before": other.model.folder if other.model else "",
    }
    tiles, recipes = with_codes(listing["tiles"], other), Recipes.of(told)
    seen_keys = recipes.seen_keys([*tiles, *listing["known"]])
    attempt.tick()
    scored_keys = recipes.scored_keys(tiles)
    earlier = newest(attempt, recipes)
    source = np.full(len(seen_keys), -1, dtype=np.int64)
    if earlier is not None:
        source = earlier.rows_for(scored_keys, seen_keys)
    header = header_of(told, recipes, seen_keys, scored_keys, source)
    return Plan(header, tiles, listing["known"], scored_keys, seen_keys, source, earlier)


def header_of(
    told: dict[str, Any],
    recipes: Recipes,
    seen_keys: Keys,
    scored_keys: Keys,
    source: NDArray[np.int64],
) -> Header:
    sizes = sizes_of(int((source < 0).sum()))
    said = hashlib.sha256(json.dumps([told, sizes], sort_keys=True).encode())
    for array in (seen_keys, scored_keys, source >= 0):
        said.update(array.tobytes())
    return Header(said.hexdigest(), told, sizes, recipes.scored)


def sizes_of(tiles: int) -> list[int]:
    """Tiles of each shard."""
    size = min(max(-(-tiles // AIM), SMALLEST), LARGEST)
    return [min(size, tiles - first) for first in range(0, tiles, size)]


def with_codes(tiles: Listed, other: Other) -> list[dict[str, Any]]:
    """The listed tiles, with the other mask's blob key and content where a tile has it."""
    layers = other.mask.layers if other.mask else {}
    return [
        {**each, "codes": layer.raster, "codes_sha256": layer.sha256}
        if (layer := layers.get(each["uuid"]))
        else each
        for each in tiles
    ]


def keep(plan: Plan, room: str, blobs: Blobs) -> None:
    """Put into storage what isn't there of the plan, `plan.json` last."""
    listings, there = listings_of(plan), {key for key, _ in blobs.sizes(f"{room}/")}
    missing = [n for n in range(len(listings)) if listing_key(room, n) not in there]

    def write(n: int) -> None:
        blobs.write(listing_key(room, n), json.dumps(listings[n]).encode())

    with ThreadPoolExecutor(AT_ONCE) as writing:
        for _ in writing.map(write, missing):
            pass
    if f"{room}/plan.json" not in there:
        blobs.write(f"{room}/plan.json", json.dumps(asdict(plan.header), indent=1).encode())


def listings_of(plan: Plan) -> list[Listed]:
    """The tiles of each shard, in the order of the pool's, then the known ones'."""
    wanted = [*plan.tiles, *plan.known]
    left = [wanted[row] for row in np.flatnonzero(plan.source < 0)]
    cut, first = [], 0
    for size in plan.header.sizes:
        cut.append(left[first : first + size])
        first += size
    return cut


def clear(key: str, blobs: Blobs) -> None:
    """Remove a round's plans and what their shards made, once the scores are adopted."""
    for name in [name for name, _ in blobs.sizes(f"{key}/scoring/")]:
        blobs.delete(name)
