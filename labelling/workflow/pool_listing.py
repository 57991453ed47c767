"""The pool of a round as it was when the round first asked: which tiles, and what is known of them.
All of it in files, so that a later attempt scores and picks the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from al_engine.batches import Pool
from al_engine.strategies import STRATEGIES
from labelling.adapters.beside import beside as beside_file
from labelling.adapters.blobs import Blobs
from labelling.models import Round, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.aux_chips import Beside, beside_tiles, seen_by
from labelling.workflow.fetching import model_here
from labelling.workflow.figures import figures_of
from labelling.workflow.pool import eligible_tiles, known_tiles
from labelling.workflow.pool_masks import rule_mask
from labelling.workflow.pool_strata import numbered, strata, strata_of

CHUNK = 2000
"""Rows read in one go."""
NEED_NOTHING = {"random"}
"""Strategies that don't look at the tiles."""
COMPARED = "compared"
"""What a strategy needs of a pool that compares the model with another mask."""


def ranker_here(attempt: Attempt) -> Path:
    """The folder, on this machine, of the model that ranks the round. Raises NotFound."""
    assert attempt.round.ranked_by is not None
    folder = attempt.round.ranked_by.folder
    return attempt.meanwhile(lambda: model_here(folder, blobs=attempt.blobs))


def with_rasters(tiles: list[dict[str, Any]], blobs: Blobs) -> list[dict[str, Any]]:
    """The listed tiles, their rasters' keys replaced by what the child can open."""
    opened = blobs.raster
    return [
        {
            **each,
            "raster": opened(each["raster"]),
            "planes": {name: opened(key) for name, key in each.get("planes", {}).items()},
            **({"codes": opened(each["codes"])} if "codes" in each else {}),
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
    """What scoring and choosing need to know of each tile, by key."""
    planes, campaign = planes_for(attempt.round), attempt.round.campaign
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
                    "sha256": tile.sha256,
                    "group": tile.scene.product_id,
                    **strata_of(tile),
                    **(beside(there[tile.pk]) if planes else {}),
                }
            )
        attempt.tick()
    return sorted(entries, key=lambda each: each["key"])


def beside(there: Beside) -> dict[str, Any]:
    return {**there.told(), "contents": there.contents}


def planes_for(round: Round) -> tuple[str, ...]:
    """What the model that ranks sees beside bands, and where a strategy compares models, what the
    campaign's other ones see."""
    seen = seen_by(round.ranked_by)
    if round.ranked_by is None or COMPARED not in STRATEGIES[round.strategy].needs:
        return seen
    others = round.campaign.models.exclude(pk=round.ranked_by_id)
    return tuple(dict.fromkeys([*seen, *(name for each in others for name in seen_by(each))]))


def write_unscored_pool(attempt: Attempt, out: Path) -> None:
    """The pool of a round that has no model; with spectral features where they are asked for."""
    listing, bands = listed_pool(attempt), attempt.round.campaign.bands
    features = {}
    if attempt.round.strategy not in NEED_NOTHING:
        features = {
            name: figures_of(with_rasters(tiles, attempt.blobs), bands, attempt.tick)
            for name, tiles in (
                ("features", listing["tiles"]), ("known_features", listing["known"]),
            )
        }  # fmt: skip
    groups = numbered([each["group"] for each in listing["tiles"]])
    Pool.unscored(groups=groups, **features).save(out / "pool.npz")


def complete_pool(attempt: Attempt, folder: Path) -> None:
    """Add to a scored, or unscored, pool what no pixel tells: where and when each tile was seen,
    and before there is a model its class shares by a rule's mask. May be done again."""
    tiles = listed_pool(attempt)["tiles"]
    path = folder / "pool.npz"
    pool = Pool.load(path)
    more: dict[str, NDArray[Any]] = dict(strata(tiles))
    needs_masks = not pool.scored and attempt.round.strategy not in NEED_NOTHING
    mask = rule_mask(attempt.round.campaign, tiles, attempt.tick) if needs_masks else None
    if mask is not None:
        more["mask_fractions"] = mask.shares(tiles)
    replace(pool, **more).save(path)


def pool_size(folder: Path) -> int:
    return Pool.load(folder / "pool.npz").size


def stored_shares(folder: Path) -> NDArray[np.float32]:
    """(n, K) each class's share of a tile's pixels, by channel."""
    with np.load(folder / "maps.npz") as maps:
        shares: NDArray[np.float32] = maps["class_fractions"]
    return shares


def write_json(path: Path, content: dict[str, Any]) -> Path:
    """Written beside, then renamed."""
    with beside_file(path) as draft:
        draft.write_text(json.dumps(content, indent=1))
        draft.rename(path)
    return path
