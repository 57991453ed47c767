"""Cutting a raster of any size into square tiles on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """One tile's part of a raster, in pixels, and where that part lies in the tile."""

    row: int
    column: int
    """Of the tile, in the grid that the offset counts from."""
    top: int
    left: int
    height: int
    width: int
    """Of the part, in the raster."""
    down: int
    right: int
    """Padding above and left of the part, in the tile."""
    size: int
    """Of the tile."""

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the tile that the part takes up."""
        return (
            slice(self.down, self.down + self.height),
            slice(self.right, self.right + self.width),
        )

    @property
    def middle(self) -> tuple[float, float]:
        """(row, column) of the part's centre in the raster, from its upper-left corner."""
        return self.top + self.height / 2, self.left + self.width / 2

    def place(self, part: NDArray[Any], *, fill: int) -> NDArray[Any]:
        """`part` (…, height, width) in its place in a tile (…, size, size) of `fill`."""
        tile = np.full((*part.shape[:-2], self.size, self.size), fill, dtype=part.dtype)
        tile[(..., *self.inside)] = part
        return tile


def windows(
    *, height: int, width: int, size: int, offset: tuple[int, int] = (0, 0)
) -> list[Window]:
    """The tiles of `size` pixels that cover a raster, row by row.

    `offset` is the raster's upper-left corner (row, column) in the grid's pixels; rasters that
    start inside a grid tile get padding above and left of their first tiles.
    """
    rows = _spans(height, size, offset[0])
    columns = _spans(width, size, offset[1])
    return [
        Window(row, column, top, left, high, wide, down, right, size)
        for row, top, high, down in rows
        for column, left, wide, right in columns
    ]


def valid_share(pixels: NDArray[np.uint16]) -> float:
    """0…1 of the pixels of (bands, height, width) that have data in any band.

    Any, not all: a dark band may hold a true 0 where the others do not.
    """
    return float(np.count_nonzero(np.bitwise_or.reduce(pixels, axis=0)) / pixels[0].size)


def _spans(length: int, size: int, offset: int) -> list[tuple[int, int, int, int]]:
    """(index of the tile, start in the raster, length there, start in the tile) along one axis."""
    spans = []
    for index in range(offset // size, (offset + length - 1) // size + 1):
        begin, end = max(index * size, offset), min((index + 1) * size, offset + length)
        spans.append((index, begin - offset, end - begin, begin - index * size))
    return spans
