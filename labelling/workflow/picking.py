"""Score and pick: from the campaign's eligible tiles to a batch in pick order, all in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from al_engine.batches import Batch, Pool, Request
from al_engine.strategies import STRATEGIES, select
from labelling.adapters.beside import beside
from labelling.imagery.features import tile_features
from labelling.imagery.tilefile import read_tile
from labelling.models import Round, Score, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.aux_chips import beside_tiles, seen_by
from labelling.workflow.fetching import model_here
from labelling.workflow.pool import eligible_tiles, known_tiles

PASSES = 4
"""Forward passes a tile, for strategies that need members to disagree: flips with dropout."""
CHUNK = 2000
"""Rows read or written in one go."""
RANKED_BY = {
    "entropy": "means",
    "margin": "means",
    "clasp": "means",
    "bald": "disagreement",
    "disagree": "contradiction",
}
"""The pool's array that a strategy orders by, where it isn't `scores`."""
NEED_NOTHING = {"random"}
"""Strategies that don't look at the tiles."""
MOST_WORDS = 80
"""Characters of Score.why."""


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
        "bands": round.campaign.bands,
        "model": str(ranker_here(attempt)) if round.ranked_by else "",
        "acquisition": strategy.acquisition or "entropy",
        "passes": PASSES if strategy.members > 1 else 1,
        "seed": round.seed,
        "class_means": "class_means" in strategy.needs,
        **{kind: with_rasters(tiles, attempt) for kind, tiles in listing.items()},
    }
    return write_json(attempt.folder / "score.json", request)


def ranker_here(attempt: Attempt) -> Path:
    """The folder, on this machine, of the model that ranks the round. Raises NotFound."""
    assert attempt.round.ranked_by is not None
    folder = attempt.round.ranked_by.folder
    return attempt.meanwhile(lambda: model_here(folder, blobs=attempt.blobs))


def with_rasters(tiles: list[dict[str, Any]], attempt: Attempt) -> list[dict[str, Any]]:
    """The listed tiles, their rasters' keys replaced by what the child can open."""
    opened = attempt.blobs.raster
    return [
        {
            **each,
            "raster": opened(each["raster"]),
            "planes": {name: opened(key) for name, key in each.get("planes", {}).items()},
        }
        for each in tiles
    ]


def listed_pool(attempt: Attempt) -> dict[str, Any]:
    """The pool as it was when the step first began: a later attempt scores the same tiles."""
    key = f"{attempt.key}/pool.json"
    if not attempt.blobs.exists(key):
        campaign = attempt.round.campaign
        listing = {
            "tiles": listed(eligible_tiles(campaign), attempt),
            "known": listed(known_tiles(campaign), attempt),
        }
        # What another worker has written there stays.
        attempt.blobs.write_once(key, json.dumps(listing, indent=1).encode())
    listing = json.loads(attempt.blobs.read(key))
    assert isinstance(listing, dict)
    return listing


def listed(tiles: QuerySet[Tile], attempt: Attempt) -> list[dict[str, Any]]:
    """What scoring needs to know of each tile, by key."""
    planes, campaign = seen_by(attempt.round.ranked_by), attempt.round.campaign
    entries = []
    keys = list(tiles.values_list("pk", flat=True))
    for first in range(0, len(keys), CHUNK):
        chunk = keys[first : first + CHUNK]
        page = Tile.objects.filter(pk__in=chunk)
        there = beside_tiles(chunk, planes, campaign=campaign)
        for tile in page.select_related("acquisition__place", "scene"):
            entries.append(
                {
                    "key": tile.key,
                    "uuid": str(tile.uuid),
                    "raster": tile.raster,
                    "group": tile.scene.product_id,
                    **(there[tile.pk].told() if planes else {}),
                }
            )
        attempt.tick()
    return sorted(entries, key=lambda each: each["key"])


def write_unscored_pool(
    request: Path, out: Path, *, strategy: str, tick: Callable[[], None]
) -> None:
    """The pool of a round that has no model; with spectral features where they are asked for."""
    told = json.loads(request.read_text())
    groups = group_numbers(told["tiles"])
    features = {}
    if strategy not in NEED_NOTHING:
        features = {
            "features": features_of(told["tiles"], told["bands"], tick),
            "known_features": features_of(told["known"], told["bands"], tick),
        }
    Pool.unscored(groups=groups, **features).save(out / "pool.npz")


def features_of(
    tiles: list[dict[str, str]], bands: list[str], tick: Callable[[], None]
) -> NDArray[np.float32]:
    """(n, F), read tile by tile."""
    rows = []
    for tile in tiles:
        rows.append(tile_features(read_tile(tile["raster"], bands)))
        tick()
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def group_numbers(tiles: list[dict[str, str]]) -> NDArray[np.int64]:
    """(n,) the products as numbers."""
    _, numbers = np.unique([each["group"] for each in tiles], return_inverse=True)
    return numbers.astype(np.int64)


def pool_size(folder: Path) -> int:
    return Pool.load(folder / "pool.npz").size


def pick(attempt: Attempt) -> Picks:
    """Choose the batch from the stored scores; the choice is stored beside them, then as rows."""
    if not attempt.has("pick"):
        draft = attempt.folder / "pick" / "picks.json"
        picks = choose(attempt)
        write_json(draft, {**vars(picks), "strategy": attempt.round.strategy})
        attempt.adopt("pick")
    picks = read_picks(attempt)
    write_scores(attempt, picks)
    return picks


def read_picks(attempt: Attempt) -> Picks:
    """What the pick step stored."""
    told = json.loads((attempt.adopted("pick") / "picks.json").read_text())
    return Picks(told["picks"], told["notes"], told["uniform_probability"])


def choose(attempt: Attempt) -> Picks:
    round = attempt.round
    pool = Pool.load(attempt.adopted("score") / "pool.npz")
    if not pool.size:
        return Picks([], ["No tile is left to choose from: the pool is labelled or fenced off."], 0)
    request = Request(count=round.batch, seed=round.seed, round_no=round.n)
    batch = select(pool, request, strategy=round.strategy)
    tiles = listed_pool(attempt)["tiles"]
    names = [each["name"] for each in channels(round)]
    values = ranked_by(pool, round.strategy)
    picks = [
        {
            "tile": tiles[row]["uuid"],
            "row": int(row),
            "score": float(values[row]),
            "slice": batch.slices[place],
            "why": reason(batch, place, names),
            "noise": float(batch.noise[place]),
            "standing": int(batch.standings[place]),
            "probability": float(batch.probabilities[place]),
        }
        for place, row in enumerate(batch.indices)
    ]
    return Picks(picks, list(batch.notes), float(batch.uniform_probability))


def channels(round: Round) -> list[dict[str, Any]]:
    """{code, name} of the classes that the ranking model tells apart, channel by channel.

    The campaign's classes may have changed since the model was trained.
    """
    return list(round.ranked_by.card["classes"]) if round.ranked_by else []


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
        case "coverage":
            return "like many tiles that nobody has labelled"
    quota = int(batch.quotas[place])
    return "most uncertain" if quota < 0 else f"most uncertain about {names[quota]}"[:MOST_WORDS]


def write_scores(attempt: Attempt, picks: Picks) -> None:
    """One Score row a tile of the pool, the picked ones with their place.

    In many short transactions: with SQLite nobody else writes during one. What an earlier attempt
    wrote of these rows is left as it is: it is the same.
    """
    tiles = listed_pool(attempt)["tiles"]
    folder = attempt.adopted("score")
    pool = Pool.load(folder / "pool.npz")
    values = ranked_by(pool, attempt.round.strategy)
    shares = stored_shares(folder) if pool.scored else None
    codes = [str(each["code"]) for each in channels(attempt.round)]
    places = {each["row"]: (place, each) for place, each in enumerate(picks.picks, start=1)}
    wanted = range(len(tiles)) if pool.scored else sorted(places)
    for first in range(0, len(wanted), CHUNK):
        rows = wanted[first : first + CHUNK]
        ids = tile_ids([tiles[row]["uuid"] for row in rows])
        scores = []
        for row in rows:
            place, told = places.get(row, (None, {}))
            scores.append(
                Score(
                    round=attempt.round,
                    tile_id=ids[tiles[row]["uuid"]],
                    score=float(values[row]),
                    fractions={} if shares is None else rounded(codes, shares[row]),
                    picked=place,
                    slice=told.get("slice", ""),
                    why=told.get("why", ""),
                )
            )
        with attempt.fenced():
            Score.objects.bulk_create(scores, ignore_conflicts=True)
        attempt.tick({"stage": "pick", "done": first + len(rows), "total": len(wanted)})


def note_picks(attempt: Attempt, picks: Picks, now: datetime) -> dict[str, Any]:
    return {"picked": len(picks.picks), "notes": picks.notes}


def tile_ids(names: list[str]) -> dict[str, int]:
    found = Tile.objects.filter(uuid__in=names).values_list("uuid", "pk")
    return {str(name): key for name, key in found}


def stored_shares(folder: Path) -> NDArray[np.float32]:
    """(n, K) each class's share of a tile's pixels, by channel."""
    with np.load(folder / "maps.npz") as maps:
        shares: NDArray[np.float32] = maps["class_fractions"]
    return shares


def rounded(codes: list[str], shares: NDArray[np.float32]) -> dict[str, float]:
    """{class code: share}"""
    return {code: round(float(share), 5) for code, share in zip(codes, shares, strict=True)}


def write_json(path: Path, content: dict[str, Any]) -> Path:
    """Written beside, then renamed."""
    with beside(path) as draft:
        draft.write_text(json.dumps(content, indent=1))
        draft.rename(path)
    return path
