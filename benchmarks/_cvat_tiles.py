"""Synthetic tiles to push to CVAT: rasters, pre-labels, a clear date each, composites drawn."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_mask, write_tile
from labelling.models import Campaign, Layer, Scene, Task, Tile
from labelling.workflow.cvat.packing import composites_of
from labelling.workflow.pictures import drawn, picture_of
from tests.factories import (
    NOON,
    AcquisitionFactory,
    PlaceFactory,
    SceneFactory,
    TaskFactory,
    TileFactory,
    rank,
)

SIDE = 512
BANDS = ("B02", "B03", "B04", "B08", "B8A", "B11", "B12", "B10")
BLOCK, COARSE = 16, 32
"""Pixels of a block of one class, and of one ground."""


def fill(campaign: Campaign, tiles: int) -> None:
    """Open tasks, ranked, each with a pre-label and another date that is clear."""
    dice = np.random.default_rng(0)
    stretch = {band: [0, 6000] for band in BANDS}
    shown, other = (
        SceneFactory(stretch=stretch, taken=NOON - timedelta(days=days)) for days in (0, 5)
    )
    rank(campaign, *(_task(campaign, shown, other, dice) for _ in range(tiles)))


def _task(campaign: Campaign, shown: Scene, other: Scene, dice: np.random.Generator) -> Task:
    place = PlaceFactory()
    tile, clear = (_tile(campaign, place, scene, dice) for scene in (shown, other))
    coarse = dice.integers(0, 4, (SIDE // BLOCK, SIDE // BLOCK))
    codes = coarse.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1).astype(np.uint8)
    hint = _layer(tile, "model", codes)
    _layer(clear, "SCL", np.zeros_like(codes))
    return TaskFactory(campaign=campaign, tile=tile, prelabel=hint)


def _tile(campaign: Campaign, place: object, scene: Scene, dice: np.random.Generator) -> Tile:
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place, taken=scene.taken), scene=scene,
        height=SIDE, width=SIDE, bands=list(BANDS), sun_azimuth=160.0, sun_zenith=40.0,
        campaign=campaign,
    )  # fmt: skip
    coarse = dice.integers(300, 5000, (len(BANDS), SIDE // COARSE, SIDE // COARSE))
    ground = coarse.repeat(COARSE, axis=1).repeat(COARSE, axis=2)
    # With noise, so that its PNGs are as large as those of real tiles.
    values = (ground + dice.integers(0, 120, ground.shape)).astype(np.uint16)
    store().write_with(tile.raster, lambda path: write_tile(path, values, bands=BANDS))
    for composite in composites_of(tile, campaign):
        drawn(picture_of(tile, composite["bands"]), blobs=store())
    return tile


def _layer(tile: Tile, source: str, codes: NDArray[np.uint8]) -> Layer:
    key = f"layers/{tile.pk}-{source}.tif"
    store().write_with(key, lambda path: write_mask(path, codes, name="label"))
    found, counts = np.unique(codes, return_counts=True)
    shares = {str(code): n / codes.size for code, n in zip(found.tolist(), counts.tolist())}
    return Layer.objects.create(
        tile=tile, source=source, version="1", raster=key, classes=shares, provides=[0, 1, 2, 3],
        created=NOON,
    )  # fmt: skip
