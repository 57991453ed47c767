"""Which tiles of a round are labelled in regions, and in which: planned with the pre-labels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.policy import concentration, labelling_mode
from al_engine.regions import Region, RegionConfig, plan_regions
from labelling.imagery.tilefile import read_tile, write_mask
from labelling.models import UNLABELLED, Guidance, Layer, Task, Tile
from labelling.workflow.attempt import Attempt
from labelling.workflow.picking import Picks, channels
from labelling.workflow.picking_rules import picking_rules

SOURCE = "guide"
"""`Layer.source` of a guide mask."""
MOST_SHARE = 0.7
"""Of a round's active tiles: whole tiles keep the shares of the classes in the training set."""
BY_LOT = "random"
"""Slice of strategy `random`: its tiles stand for the pool, so they are labelled whole."""
WINDOWS = 8
"""Windows along a side of a tile: of 64 pixels in one of 512, of 32 in one of 256."""
DICE = 0x8E6
"""Sets this draw apart from others that start from a round's seed."""
BARE_SHARE = 1 / 3
"""At least this share of the informative regions comes without pre-label, and at least as many as
there are control regions: that one is missing doesn't tell them apart."""

Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """What is to become of one picked tile."""

    heat: Plane
    """(rows, columns) block scores of the tile."""
    regions: list[dict[str, Any]] = field(default_factory=list)
    """As Guidance keeps them; []: the whole tile."""
    raster: str = ""
    """Blob key of the guide mask."""
    sha256: str = ""
    """Of the mask's bytes."""


def plan_tiles(
    attempt: Attempt, picks: Picks, tiles: Sequence[Tile], masks: Mapping[str, str]
) -> dict[str, Plan]:
    """{tile uuid: plan} of the tiles that have a pre-label; their guide masks are stored.

    masks: {tile uuid: blob key of the pre-label}. The same round gives the same plans and
    blobs, however often a worker begins anew. Raises BadInput for settings that can't be used.
    """
    rows = {each["tile"]: each["row"] for each in picks.picks}
    by_lot = {each["tile"] for each in picks.picks if each["slice"] == BY_LOT}
    with np.load(attempt.adopted("score") / "maps.npz", allow_pickle=False) as maps:
        blocks = maps["blocks"]
    wanted = [tile for tile in tiles if str(tile.uuid) in masks]
    heat = {str(tile.uuid): blocks[rows[str(tile.uuid)]] for tile in wanted}
    chosen = _in_regions(heat, picking_rules(attempt.round.campaign).regions) - by_lot
    plans = {}
    for tile in wanted:
        name = str(tile.uuid)
        plans[name] = Plan(heat[name])
        if name in chosen:
            mask = read_tile(attempt.blobs.raster(masks[name]))[0].astype(np.uint8)
            plans[name] = _planned(attempt, tile, mask, heat[name])
        attempt.tick()
    return plans


def keep_plans(
    tasks: Sequence[Task], plans: Mapping[str, Plan], *, whole: set[int], now: datetime
) -> int:
    """Store the plans of saved tasks that show a pre-label; how many are labelled in regions.

    whole: acquisitions that are labelled whole whatever was planned. Within the transaction that
    opens the tasks.
    """
    rows = []
    for task in tasks:
        plan = plans.get(str(task.tile.uuid))
        if plan is None or task.prelabel is None or task.arm == Task.Arm.PLAIN:
            continue
        regions = [] if task.acquisition_id in whole else plan.regions
        rows.append(
            Guidance(
                task=task,
                layer=_layer(task.tile, plan, now) if regions else None,
                regions=regions,
                heat=plan.heat.tobytes(),
                heat_rows=len(plan.heat),
            )
        )
    Guidance.objects.bulk_create(rows, batch_size=500)
    return sum(bool(each.regions) for each in rows)


def _in_regions(heat: Mapping[str, Plane], setting: str) -> set[str]:
    """The tiles to plan regions for, of the most concentrated uncertainty first."""
    wanted = [name for name, blocks in heat.items() if _advised(blocks, setting)]
    wanted.sort(key=lambda name: (-concentration(heat[name]), name))
    return set(wanted[: math.floor(MOST_SHARE * len(heat))])


def _advised(blocks: Plane, setting: str) -> bool:
    if setting == "advised":
        return labelling_mode(purpose="pool", blocks=blocks).name == "regions"
    return setting == "always"


def _planned(attempt: Attempt, tile: Tile, mask: Plane, blocks: Plane) -> Plan:
    """The tile's regions; the whole tile where there is nothing that could be one."""
    codes = [each["code"] for each in channels(attempt.round)]
    if len(codes) < 2:
        return Plan(blocks)
    rng = np.random.default_rng([attempt.round.seed, DICE, tile.uuid.int % 2**64])
    channel = np.zeros(256, np.uint8)
    channel[codes] = np.arange(len(codes))
    plan = plan_regions(
        spread(blocks, mask.shape),
        channel[mask],
        mask != UNLABELLED,
        classes=len(codes),
        config=config_for(mask.shape),
        rng=rng,
    )
    if not any(each.kind == "informative" for each in plan.regions):
        return Plan(blocks)
    bare = bare_places(plan.regions, rng)
    regions = [_told(each, codes, bare=place in bare) for place, each in enumerate(plan.regions)]
    digest = hashlib.sha256(plan.guide.tobytes()).hexdigest()
    key = f"layers/{tile.key}/{SOURCE}-{digest[:16]}.tif"
    attempt.blobs.write_with(key, lambda path: write_mask(path, plan.guide, name=SOURCE))
    return Plan(blocks, regions, key, digest)


def spread(blocks: Plane, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(H, W) the score of each pixel's block, 0…1."""
    rows = np.arange(shape[0]) * blocks.shape[0] // shape[0]
    columns = np.arange(shape[1]) * blocks.shape[1] // shape[1]
    return blocks[np.ix_(rows, columns)] / 255.0


def config_for(shape: tuple[int, ...]) -> RegionConfig:
    """Smaller windows on a smaller tile: else its budget would hold a single one."""
    window = min(shape) // WINDOWS
    return RegionConfig(window=window, stride=window // 2, distance=window)


def bare_places(regions: Sequence[Region], rng: np.random.Generator) -> set[int]:
    """Places of the regions without pre-label: all control ones, and drawn informative ones."""
    control = {place for place, each in enumerate(regions) if each.kind == "control"}
    others = [place for place in range(len(regions)) if place not in control]
    count = max(len(control), math.ceil(BARE_SHARE * len(others)))
    return control | {others[drawn] for drawn in rng.permutation(len(others))[:count].tolist()}


def _told(region: Region, codes: Sequence[int], *, bare: bool) -> dict[str, Any]:
    return {
        "top": region.top,
        "left": region.left,
        "height": region.height,
        "width": region.width,
        "kind": region.kind,
        "quota": codes[region.quota] if region.quota >= 0 else None,
        "score": round(region.score, 6),
        "probability": region.probability,
        "bare": bare,
    }


def _layer(tile: Tile, plan: Plan, now: datetime) -> Layer:
    """Named after its content: a later round with the same plan has the same layer."""
    layer, _ = Layer.objects.get_or_create(
        tile=tile,
        source=SOURCE,
        version=plan.sha256[:16],
        defaults={"raster": plan.raster, "sha256": plan.sha256, "created": now},
    )
    return layer
