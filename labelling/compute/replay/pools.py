"""The pools a replay can be run on: painted flavours by name, anything else a folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.compute.replay.annotators import with_noise
from labelling.compute.replay.plan import Plan
from labelling.compute.replay.stored import CLASSES, folder_pool, snapshot_pool
from labelling.compute.replay.tiles import ReplayPool, Tiles
from labelling.errors import BadInput
from labelling.imagery.painter.pools import (
    POOL_BANDS,
    SOURCE,
    TEST,
    VALIDATION,
    Domain,
    PaintedTiles,
    paint_pool,
)
from labelling.imagery.painter.semi_real import find_clear_scenes, paint_over, painted_tiles
from labelling.imagery.painter.spectra import BANDS

NOISY = 0.10
"""Share of the noisy flavour's thin-cloud tiles whose labels contradict the others'."""
VALIDATION_PRODUCTS = 30
SOURCE_SCENES = 20
"""Painted scenes of thirteen bands that the semi-real flavour's model knows before."""


def build_pool(plan: Plan) -> ReplayPool:
    """The plan's pool, its labels as noisy as asked. Raises BadInput, RasterRejected, Refusal."""
    made = FLAVOURS[plan.pool](plan) if plan.pool in FLAVOURS else _from_folder(plan)
    depth = 2**plan.net.depth
    if made.pool.size % depth:
        raise BadInput(
            f"Tiles of {made.pool.size} px cannot be halved {plan.net.depth} times.", field="depth"
        )
    return replace(made, pool=with_noise(made.pool, plan.people, generator=plan.generator))


def _natural(plan: Plan) -> ReplayPool:
    return _painted(plan, products=plan.sizes.products, tiles=plan.sizes.tiles)


def _curated(plan: Plan) -> ReplayPool:
    return _painted(plan, products=plan.sizes.products * plan.sizes.tiles, tiles=1)


def _noisy(plan: Plan) -> ReplayPool:
    natural = _natural(plan)
    people = replace(plan.people, label_noise=NOISY)
    noisy = with_noise(natural.pool, people, generator=plan.generator)
    about = f"{natural.about} One in ten tiles with thin cloud is labelled against the others."
    return replace(natural, about=about, pool=noisy)


def _painted(plan: Plan, *, products: int, tiles: int) -> ReplayPool:
    sizes = plan.sizes

    def paint(count: int, each: int, **where: Domain) -> PaintedTiles:
        return paint_pool(plan.generator, products=count, tiles=each, size=sizes.size, **where)

    pool = paint(products, tiles)
    one_class = float((pool.truth == 0).all(axis=(1, 2)).mean())
    return ReplayPool(
        name=plan.pool,
        about=(
            f"Synthetic: {products} painted products of {tiles} tiles of {sizes.size} px, "
            f"{100 * one_class:.0f} % of them clear all over; {sizes.test_products} other "
            f"products of {sizes.test_tiles} tiles to judge on; generator seed {plan.generator}."
        ),
        synthetic=True,
        bands=POOL_BANDS,
        classes=CLASSES,
        pool=_tiles(pool, pool.label),
        test=_judged(paint(sizes.test_products, sizes.test_tiles, domain=TEST)),
        validation=_drawn(paint(VALIDATION_PRODUCTS, sizes.test_tiles, domain=VALIDATION)),
        source=_drawn(paint(sizes.source_products, sizes.tiles, domain=SOURCE)),
    )


def _tiles(painted: PaintedTiles, label: NDArray[np.uint8]) -> Tiles:
    return Tiles(painted.pixels, label, painted.product)


def _drawn(painted: PaintedTiles) -> Tiles:
    return _tiles(painted, painted.label)


def _judged(painted: PaintedTiles) -> Tiles:
    return _tiles(painted, painted.truth)


def _semi_real(plan: Plan) -> ReplayPool:
    """Painted cloud over real clear scenes: places of the pool and of the test are apart."""
    folder = Path(plan.samples)
    scenes = find_clear_scenes(folder)
    places = sorted({scene.place for scene in scenes})
    if len(places) < 3:
        raise BadInput(
            f"{folder} holds clear scenes of {len(places)} places; at least 3 are needed.",
            field="samples",
        )
    held = places[::3]
    free = [place for place in places if place not in held]
    sizes = plan.sizes

    def paint(within: Collection[str], dice: int, count: int) -> PaintedTiles:
        chosen = [scene for scene in scenes if scene.place in within]
        return paint_over(
            chosen, seed=(plan.generator, dice), products=count, tiles=sizes.tiles, size=sizes.size
        )

    pool, test = paint(free, 1, sizes.products), paint(held, 2, sizes.test_products)
    painted = painted_tiles(seed=plan.generator, products=SOURCE_SCENES, size=sizes.size)
    return ReplayPool(
        name=plan.pool,
        about=(
            f"Semi-real: synthetic (painted) cloud and shadow over {len(scenes)} real clear "
            f"13-band scenes of {len(places)} places; {sizes.products} products of {sizes.tiles} "
            f"tiles of {sizes.size} px to choose from, {sizes.test_products} over "
            f"{len(held)} other places to judge on; generator seed {plan.generator}."
        ),
        synthetic=True,
        bands=tuple(BANDS),
        classes=CLASSES,
        pool=_drawn(pool),
        test=_judged(test),
        validation=None,
        source=_drawn(painted),
    )


FLAVOURS: Mapping[str, Callable[[Plan], ReplayPool]] = {
    "natural": _natural,
    "curated": _curated,
    "noisy": _noisy,
    "semi-real": _semi_real,
}


def check_pool(plan: Plan) -> None:
    """Raises BadInput unless the plan's pool is a flavour or a folder."""
    if plan.pool not in FLAVOURS and not Path(plan.pool).is_dir():
        raise BadInput(
            f"{plan.pool!r} is no pool.",
            field="pool",
            help=f"Name one of {', '.join(FLAVOURS)}, or a folder.",
        )


def _from_folder(plan: Plan) -> ReplayPool:
    folder = Path(plan.pool)
    if (folder / "manifest.json").exists():
        return snapshot_pool(folder)
    return folder_pool(folder, seed=plan.generator)
