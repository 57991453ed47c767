"""Where tiles lie, many at once: the corners of places in degrees."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.warp import transform

from labelling.errors import BadInput
from labelling.imagery.grid import STEP, Grid, grid_of
from labelling.imagery.ground import ON_GRID

METRES_PER_DEGREE = 111_320.0
"""Along a meridian, and along the equator: to 1 %."""
Corners = NDArray[np.float64]


def corners_of(places: Sequence[tuple[str, float | None, float | None, int]]) -> Corners:
    """(n, 4, 2) degrees of (key, longitude and latitude of the centre, pixels); NaN: unknown."""
    corners = np.full((len(places), 4, 2), np.nan)
    zones: dict[int, list[tuple[int, Corners]]] = {}
    grids: dict[tuple[str, int], Grid | None] = {}
    for at, (key, longitude, latitude, pixels) in enumerate(places):
        placed = _on_grid(key, grids)
        if placed:
            zones.setdefault(placed[0], []).append((at, placed[1]))
        elif longitude is not None and latitude is not None:
            corners[at] = _around(longitude, latitude, pixels * STEP)
    for epsg, found in zones.items():
        metres = np.array([square for _, square in found]).reshape(-1, 2)
        degrees = transform(f"EPSG:{epsg}", "EPSG:4326", metres[:, 0], metres[:, 1])
        corners[[at for at, _ in found]] = np.stack(degrees, axis=-1).reshape(-1, 4, 2)
    return corners


def _on_grid(key: str, grids: dict[tuple[str, int], Grid | None]) -> tuple[int, Corners] | None:
    """(EPSG code, (4, 2) eastings and northings) of a place of the fixed grid."""
    found = re.fullmatch(ON_GRID, key)
    if not found:
        return None
    size, row, column = map(int, found.groups()[1:])
    if (found[1], size) not in grids:
        try:
            grids[found[1], size] = grid_of(found[1], size=size)
        except BadInput:
            grids[found[1], size] = None  # a scene that only happens to be named so
    grid = grids[found[1], size]
    if grid is None:
        return None
    side = size * STEP
    west, north = grid.west + column * side, grid.north - row * side
    return grid.epsg, _square(west, north, west + side, north - side)


def _around(longitude: float, latitude: float, side: float) -> Corners:
    tall = side / 2 / METRES_PER_DEGREE
    wide = tall / max(np.cos(np.radians(latitude)), 0.01)
    return _square(longitude - wide, latitude + tall, longitude + wide, latitude - tall)


def _square(west: float, north: float, east: float, south: float) -> Corners:
    return np.array([(west, north), (east, north), (east, south), (west, south)])
