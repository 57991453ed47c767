"""Painted cloud and shadow over real clear scenes: the ground is real, the sky and truth are not.

Whatever is shown of these tiles says that they are semi-real. Thirteen bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.painter.pool_skies import Sky, draw_sky, drawn, exact
from labelling.imagery.painter.pools import TARGET, PaintedTiles, draw_weather
from labelling.imagery.painter.products import paint_products
from labelling.imagery.painter.spectra import (
    BANDS,
    ICE_CLOUD,
    RAYLEIGH,
    SKYLIGHT,
    VAPOUR,
    WATER_CLOUD,
)
from labelling.imagery.tilefile import read_tile

CLEAR_NAME = "_clear.tif"
CLOUD_TOP = 1.2
"""Kilometres above the ground, of the water cloud: how much vapour is left above it."""
SCALE_HEIGHT = 2.0
SCENE = 256
"""Side of the painted scenes that a model for these bands can first learn from."""


@dataclass(frozen=True)
class ClearScene:
    """A real acquisition without cloud."""

    path: Path
    place: str
    """Scenes of one place are never in the pool and in the test."""


def find_clear_scenes(folder: Path) -> list[ClearScene]:
    """Files `<place>_<patch>_clear.tif` of thirteen bands, below the folder, by name."""
    paths = sorted(folder.rglob(f"*{CLEAR_NAME}"))
    return [
        ClearScene(path, path.name.removesuffix(CLEAR_NAME).rpartition("_")[0]) for path in paths
    ]


def paint_over(
    scenes: Sequence[ClearScene],
    *,
    seed: Sequence[int],
    products: int,
    tiles: int,
    size: int,
) -> PaintedTiles:
    """`products` times `tiles` windows of real ground, each product under one painted weather.

    A product's windows are of one scene, drawn anywhere in it; pixels are (n, 13, size, size).
    Raises BadInput for scenes smaller than a tile or of other bands, RasterRejected for a file
    that can't be read.
    """
    rng = np.random.default_rng(list(seed))
    ground = [_ground(scene, size) for scene in scenes]
    weather, _ = draw_weather(TARGET, products, tiles, rng)
    sky = draw_sky(weather, size, rng=rng)
    chosen = np.repeat(rng.integers(len(ground), size=products), tiles)
    seen = np.stack([_window(ground[which], size, rng) for which in chosen])
    pixels = _through(seen, sky)
    return PaintedTiles(
        pixels, exact(sky), drawn(sky, rng=rng), np.repeat(np.arange(products), tiles)
    )


def painted_tiles(*, seed: int, products: int, size: int) -> PaintedTiles:
    """Tiles of wholly synthetic scenes in the same thirteen bands, to transfer a model from."""
    parts = []
    for scene in paint_products(products=products, places=products, size=SCENE, seed=seed):
        cut = (_cut(plane, size) for plane in (scene.bands, scene.truth, scene.annotator))
        parts.append(tuple(cut))
    pixels, truth, label = (np.concatenate(each) for each in zip(*parts))
    return PaintedTiles(
        pixels, truth, label, np.repeat(np.arange(products), len(pixels) // products)
    )


def _ground(scene: ClearScene, size: int) -> NDArray[np.float32]:
    """(13, H, W) reflectance at the top of the atmosphere, 0…1."""
    pixels = read_tile(scene.path)
    if len(pixels) != len(BANDS) or min(pixels.shape[1:]) < size:
        raise BadInput(
            f"{scene.path.name}: {pixels.shape} is no scene of {len(BANDS)} bands with room for "
            f"tiles of {size} px.",
            field="samples",
        )
    return pixels.astype(np.float32) / 10_000


def _window(
    ground: NDArray[np.float32], size: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    top, left = (int(rng.integers(side - size + 1)) for side in ground.shape[1:])
    return ground[:, top : top + size, left : left + size]


def _through(ground: NDArray[np.float32], sky: Sky) -> NDArray[np.uint16]:
    """Shade what the sun lit, not the air in front of it; then cloud over both."""
    air = np.minimum(ground.min(axis=(2, 3), keepdims=True), _bandwise(RAYLEIGH))
    dark = _bandwise(SKYLIGHT)
    shaded = air + (ground - air) * (dark + (1 - dark) * sky.light[:, None])
    low = WATER_CLOUD * np.exp(-VAPOUR * np.exp(-CLOUD_TOP / SCALE_HEIGHT))
    ice = sky.ice[:, None]
    colour = (1 - ice) * _bandwise(low) + ice * _bandwise(ICE_CLOUD)
    seen = shaded + sky.cloud[:, None] * (colour - shaded)
    numbers = np.rint(seen * 10_000).clip(1, 65_534).astype(np.uint16)
    return np.where((ground > 0).any(axis=1, keepdims=True), numbers, np.uint16(0))


def _cut(planes: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    """(…, H, W) -> (tiles, …, size, size), row by row, what is left over dropped."""
    high, wide = (side // size for side in planes.shape[-2:])
    kept = planes[..., : high * size, : wide * size]
    split = kept.reshape(*planes.shape[:-2], high, size, wide, size)
    return np.moveaxis(split, (-4, -2), (0, 1)).reshape(-1, *planes.shape[:-2], size, size)


def _bandwise(values: np.ndarray) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)[:, None, None]
