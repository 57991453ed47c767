"""A round whose picks are planned in regions: painted tiles, masks and block maps."""

from __future__ import annotations

import hashlib
import shutil
from typing import Any

import numpy as np

from labelling.adapters.blobs import store
from labelling.compute.files import write_arrays
from labelling.imagery.tilefile import write_mask
from labelling.models import Campaign, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.picking import Picks
from labelling.workflow.regions_plan import plan_tiles
from labelling.workflow.tasks_of_round import Drawn, Opening, open_tasks
from tests.factories import NOON
from tests.labelling.judged import stored
from tests.labelling.one_round import planned, taken
from tests.worlds import painted_tile, truth, world

SIDE = 256
BLOCKS = 8
WHOLE_TILES = {"overlap_share": 0, "plain_share": 0, "gold_share": 0}
"""No tile is labelled by several people or shown without its pre-label."""


def regions_world(*, regions: str = "always", quality: dict[str, Any] | None = None) -> Campaign:
    return world(
        pool=0, validation=0, tile_size=SIDE, picking={"regions": regions},
        quality=WHOLE_TILES if quality is None else quality,
    )  # fmt: skip


def at_the_opening(
    campaign: Campaign, *, active: int, control: int = 0, slice: str = "informative"
) -> tuple[Attempt, Opening]:
    """What a worker has that has picked these tiles and drawn their masks; then planned."""
    attempt = taken(planned(campaign, strategy="entropy", batch=active + control))
    attempt.round.model = attempt.round.ranked_by = stored(campaign, "r1")
    attempt.round.save()
    slices = [slice] * active + ["control"] * control
    tiles = [painted_tile(campaign, n) for n in range(len(slices))]
    keep_maps(attempt, concentrated=len(tiles) // 2, count=len(tiles))
    masks = {str(tile.uuid): model_mask(campaign, tile) for tile in tiles[:active]}
    picks = Picks(
        [
            {"tile": str(tile.uuid), "row": row, "slice": name, "score": 0.5}
            for row, (tile, name) in enumerate(zip(tiles, slices))
        ],
        [],
        0,
    )
    keys = {name: drawn.raster for name, drawn in masks.items()}
    plans = plan_tiles(attempt, picks, tiles, keys)
    return attempt, Opening(picks, masks, plans=plans)


def opened(campaign: Campaign, *, active: int, control: int = 0) -> dict[str, Any]:
    attempt, opening = at_the_opening(campaign, active=active, control=control)
    return open_tasks(attempt, opening, NOON)


def keep_maps(attempt: Attempt, *, concentrated: int, count: int) -> None:
    """Block maps of which the first have all their uncertainty in two blocks."""
    blocks = np.full((count, BLOCKS, BLOCKS), 40, np.uint8)
    blocks[:concentrated] = 0
    blocks[:concentrated, 1, 1:3] = 250
    folder = attempt.folder / "score"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_arrays(folder / "maps.npz", blocks=blocks)
    attempt.adopt("score")


def model_mask(campaign: Campaign, tile: Tile) -> Drawn:
    codes = truth(campaign, tile)
    key = f"layers/{tile.key}/model-r1.tif"
    store().write_with(key, lambda path: write_mask(path, codes, name="model"))
    return Drawn(key, hashlib.sha256(codes.tobytes()).hexdigest())
