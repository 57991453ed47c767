"""How much of a tile's ground other tiles of the same pass show already.

Neighbouring MGRS tiles overlap by 10 km, on grids that don't fit each other, so that no tile of one
is the other's copy; but what a tile shows may all be there, spread over several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.files import Georeference
from labelling.imagery.grid import EXTENT, STEP, Grid
from labelling.imagery.tiling import Window

LATTICE = 12
"""Points along each side of a tile that are looked at."""
WHOLE = 0.99
"""Share of the pixels it could have with which a tile counts as showing all its ground."""


@dataclass(frozen=True)
class Sheet:
    """The tiles that another product of the pass left on its own grid."""

    grid: Grid
    shares: Mapping[tuple[int, int], float]
    """{(row, column): share of the tile's pixels with data}."""

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(rows, columns) of the grid: which tiles show all the ground they can."""
        size = self.grid.size
        count = -(-EXTENT // size)
        shown = np.zeros((count, count), dtype=bool)
        for (row, column), share in self.shares.items():
            high, wide = min(size, EXTENT - row * size), min(size, EXTENT - column * size)
            shown[row, column] = share >= WHOLE * high * wide / size**2
        return shown

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the MGRS tile's middle, in degrees."""
        corner = (STEP, 0.0, self.grid.west, 0.0, -STEP, self.grid.north)
        ground = Georeference(f"EPSG:{self.grid.epsg}", corner)
        ((longitude, latitude),) = ground.project("EPSG:4326", [(EXTENT / 2, EXTENT / 2)])
        return longitude, latitude


@dataclass(frozen=True)
class Cover:
    """What is known of one tile's ground."""

    share: float
    """0…1 of the tile's part that other tiles show."""
    most: tuple[int, int, int]
    """The tile that shows most of it: (number of the sheet, row, column)."""


def covers(
    ground: Georeference, parts: Sequence[Window], sheets: Sequence[Sheet]
) -> dict[Window, Cover]:
    """For each of a raster's `parts`, how much of it `sheets` show; `ground` is the raster's.

    Parts that nothing covers are left out. Raises RasterRejected for ground that is not on Earth,
    or not in the sheets' part of it.
    """
    points = [point for part in parts for point in _lattice(part)]
    cells = [_cells(ground, points, sheet.grid) for sheet in sheets]
    shown = [
        (each >= 0).all(axis=1) & sheet.whole[each[:, 0], each[:, 1]]
        for each, sheet in zip(cells, sheets)
    ]
    found = {}
    for place, part in enumerate(parts):
        own = slice(place * LATTICE**2, (place + 1) * LATTICE**2)
        seen = [(cell[own], each[own]) for cell, each in zip(cells, shown)]
        share = float(np.any([each for _, each in seen], axis=0).mean()) if seen else 0.0
        if share > 0:
            found[part] = Cover(share, _most(seen))
    return found


def _most(seen: Sequence[tuple[NDArray[np.intp], NDArray[np.bool_]]]) -> tuple[int, int, int]:
    counts: Counter[tuple[int, int, int]] = Counter()
    for number, (cells, shown) in enumerate(seen):
        there, times = np.unique(cells[shown], axis=0, return_counts=True)
        counts.update(
            {(number, int(row), int(column)): int(n) for (row, column), n in zip(there, times)}
        )
    return max(counts, key=lambda key: (counts[key], key))


def _lattice(part: Window) -> list[tuple[float, float]]:
    steps = (np.arange(LATTICE) + 0.5) / LATTICE
    return [
        (part.top + down * part.height, part.left + right * part.width)
        for down in steps.tolist()
        for right in steps.tolist()
    ]


def _cells(
    ground: Georeference, points: Collection[tuple[float, float]], grid: Grid
) -> NDArray[np.intp]:
    """(points, 2) row and column of the grid's tile at each point, -1 outside the MGRS tile."""
    places = np.array(ground.project(f"EPSG:{grid.epsg}", list(points)))
    across = np.stack([grid.north - places[:, 1], places[:, 0] - grid.west], axis=1) / STEP
    inside = ((across >= 0) & (across < EXTENT)).all(axis=1)
    return np.where(inside[:, None], across // grid.size, -1).astype(np.intp)
