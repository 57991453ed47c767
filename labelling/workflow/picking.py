"""Score and pick: from the campaign's eligible tiles to a batch in pick order, all in files."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from al_engine.batches import Batch, Pool, Request
from al_engine.strategies import STRATEGIES, select
from labelling.models import Score, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.pool import eligible_tiles, known_tiles

PASSES = 4
"""Forward passes a tile, for strategies that need members to disagree: flips with dropout."""
RANKED_BY = {"entropy": "means", "bald": "disagreement"}
"""The pool's array that a strategy orders by, where it isn't `scores`."""


@dataclass(frozen=True)
class Picks:
    """What the pick step decided; `picks` is in pick order."""

    picks: list[dict[str, Any]]
    """{tile: uuid, row: of the pool, score, slice, why, noise}."""
    notes: list[str]
    uniform_probability: float


def pool_request(attempt: Attempt) -> Path:
    """The file that tells the scoring child what to do; it lists the pool in a lasting order."""
    round = attempt.round
    listing = listed_pool(attempt)
    strategy = STRATEGIES[round.strategy]
    request = {
        "root": str(attempt.blobs.root),
        "bands": round.campaign.bands,
        "model": str(attempt.adopted("fit")),
        "acquisition": strategy.acquisition or "entropy",
        "passes": PASSES if strategy.members > 1 else 1,
        "seed": round.seed,
        **listing,
    }
    return write_json(attempt.folder / "score.json", request)


def listed_pool(attempt: Attempt) -> dict[str, Any]:
    """The pool as it was when the step first began: a later attempt scores the same tiles."""
    path = attempt.home / "pool.json"
    if not path.exists():
        campaign = attempt.round.campaign
        listing = {
            "tiles": listed(eligible_tiles(campaign)),
            "known": listed(known_tiles(campaign)),
        }
        write_json(path, listing)
    listing = json.loads(path.read_text())
    assert isinstance(listing, dict)
    return listing


def listed(tiles: QuerySet[Tile]) -> list[dict[str, str]]:
    rows = tiles.select_related("acquisition__place", "scene").iterator(chunk_size=2000)
    entries = [
        {
            "key": tile.key,
            "uuid": str(tile.uuid),
            "raster": tile.raster,
            "group": tile.scene.product_id,
        }
        for tile in rows
    ]
    return sorted(entries, key=lambda each: each["key"])


def write_unscored_pool(request: Path, out: Path) -> None:
    """The pool of a round that has no model."""
    tiles = json.loads(request.read_text())["tiles"]
    Pool.unscored(groups=group_numbers(tiles)).save(out / "pool.npz")


def group_numbers(tiles: list[dict[str, str]]) -> NDArray[np.int64]:
    """(n,) the products as numbers."""
    _, numbers = np.unique([each["group"] for each in tiles], return_inverse=True)
    return numbers.astype(np.int64)


def pool_size(folder: Path) -> int:
    return Pool.load(folder / "pool.npz").size


def pick(attempt: Attempt) -> Picks:
    """Choose the batch from the stored scores; the choice is stored beside them."""
    stored = attempt.adopted("pick") / "picks.json"
    if not stored.exists():
        draft = attempt.folder / "pick" / "picks.json"
        picks = choose(attempt)
        write_json(draft, {**vars(picks), "strategy": attempt.round.strategy})
        attempt.adopt("pick")
    told = json.loads(stored.read_text())
    return Picks(told["picks"], told["notes"], told["uniform_probability"])


def choose(attempt: Attempt) -> Picks:
    round = attempt.round
    pool = Pool.load(attempt.adopted("score") / "pool.npz")
    if not pool.size:
        return Picks([], ["No tile is left to choose from: the pool is labelled or fenced off."], 0)
    request = Request(count=round.batch, seed=round.seed, round_no=round.n)
    batch = select(pool, request, strategy=round.strategy)
    tiles = listed_pool(attempt)["tiles"]
    names = class_names(round.campaign.schema.classes if round.campaign.schema else [])
    values = ranked_by(pool, round.strategy)
    picks = [
        {
            "tile": tiles[row]["uuid"],
            "row": int(row),
            "score": float(values[row]),
            "slice": batch.slices[place],
            "why": reason(batch, place, names),
            "noise": float(batch.noise[place]),
        }
        for place, row in enumerate(batch.indices)
    ]
    return Picks(picks, list(batch.notes), float(batch.uniform_probability))


def class_names(classes: list[dict[str, Any]]) -> list[str]:
    return [each["name"] for each in classes]


def ranked_by(pool: Pool, strategy: str) -> NDArray[np.float32]:
    values: NDArray[np.float32] = getattr(pool, RANKED_BY.get(strategy, "scores"))
    return values


def reason(batch: Batch, place: int, names: list[str]) -> str:
    """In a few words, why the tile at this place of the pick order was chosen."""
    match batch.slices[place]:
        case "control":
            return "drawn at random to keep the estimate honest"
        case "random":
            return "drawn at random"
    quota = int(batch.quotas[place])
    return "most uncertain" if quota < 0 else f"most uncertain about {names[quota]}"


def write_scores(attempt: Attempt, picks: Picks, now: datetime) -> dict[str, Any]:
    """One Score row a tile of the pool, the picked ones with their place."""
    round = attempt.round
    folder = attempt.adopted("score")
    pool = Pool.load(folder / "pool.npz")
    tiles = listed_pool(attempt)["tiles"]
    ids = dict(Tile.objects.filter(enrolments__campaign=round.campaign).values_list("uuid", "pk"))
    places = {each["row"]: (place, each) for place, each in enumerate(picks.picks, start=1)}
    values = ranked_by(pool, round.strategy)
    fractions = stored_fractions(folder, round.campaign.schema.codes if pool.scored else [])
    rows = []
    for row, tile in enumerate(tiles):
        place, told = places.get(row, (None, {}))
        if place is None and not pool.scored:
            continue
        rows.append(
            Score(
                round=round,
                tile_id=ids[uuid.UUID(tile["uuid"])],
                score=float(values[row]),
                fractions=fractions[row] if pool.scored else {},
                picked=place,
                slice=told.get("slice", ""),
                why=told.get("why", ""),
            )
        )
    Score.objects.bulk_create(rows, batch_size=1000)
    return {"picked": len(picks.picks), "notes": picks.notes}


def stored_fractions(folder: Path, codes: list[int]) -> list[dict[str, float]]:
    """For each tile of the pool {class code: share}."""
    if not codes:
        return []
    with np.load(folder / "maps.npz") as maps:
        shares = maps["class_fractions"]
    return [
        {str(code): round(float(share), 5) for code, share in zip(codes, row)} for row in shares
    ]


def write_json(path: Path, content: dict[str, Any]) -> Path:
    """Written beside, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}.part")
    draft.write_text(json.dumps(content, indent=1))
    draft.rename(path)
    return path
