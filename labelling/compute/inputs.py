"""A listed tile as a model takes it: its bands, and what lies beside them if the model sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelling.imagery.extras import read_plane
from labelling.imagery.tilefile import read_tile
from training.features.layout import Layout
from training.planes import Plane, Tile
from training.predict import Given


def read_input(tile: Mapping[str, Any], bands: Sequence[str], layout: Layout) -> Given:
    """The pixels of an entry {raster, planes: {name: raster}, sun: [zenith, azimuth] or null}.

    A plane that isn't listed is one that the tile lacks; where no planes are listed at all, the
    model is given the bands alone, and refuses if it sees more. Raises RasterRejected.
    """
    pixels = read_tile(tile["raster"], bands)
    if not layout.features.planes or "planes" not in tile:
        return pixels
    return Tile(pixels, {name: _plane(name, tile, bands) for name in layout.features.planes})


def bands_of(given: Given) -> np.ndarray:
    """(bands, height, width) uint16."""
    return given.bands if isinstance(given, Tile) else given


def _plane(name: str, tile: Mapping[str, Any], bands: Sequence[str]) -> Plane | None:
    if name == "sun":
        sun = tile.get("sun")
        return None if sun is None else np.array(sun, dtype=np.float32)
    raster = tile["planes"].get(name)
    return None if raster is None else read_plane(name, raster, bands)
