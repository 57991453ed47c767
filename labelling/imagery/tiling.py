"""Cutting a raster of any size into square tiles, one row of tiles in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.stack import StackReader


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

    def place(self, part: NDArray[Any], *, fill: int) -> NDArray[Any]:
        """`part` (…, height, width) in its place in a tile (…, size, size) of `fill`."""
        tile = np.full((*part.shape[:-2], self.size, self.size), fill, dtype=part.dtype)
        tile[..., self.down : self.down + self.height, self.right : self.right + self.width] = part
        return tile


@dataclass(frozen=True)
class Cut:
    """A tile as cut: pixels (bands, size, size) uint16, padded with 0."""

    window: Window
    pixels: NDArray[np.uint16]
    valid_share: float
    """0…1 of the tile's pixels that have data in any band; padding has none."""


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


def cut(reader: StackReader, parts: list[Window]) -> Iterator[Cut]:
    """Read `parts` (as `windows` orders them) one row of tiles at a time."""
    strip_row, strip, left = None, np.empty((0, 0, 0), dtype=np.uint16), 0
    for window in parts:
        if window.row != strip_row:
            strip_row, strip, left = window.row, *_strip(reader, window, parts)
        start = window.left - left
        pixels = window.place(strip[:, :, start : start + window.width], fill=0)
        yield Cut(window, pixels, valid_share(pixels))


def valid_share(pixels: NDArray[np.uint16]) -> float:
    """0…1 of the pixels of (bands, height, width) that have data in any band.

    Any, not all: a dark band may hold a true 0 where the others do not.
    """
    return float(np.count_nonzero(pixels.any(axis=0)) / pixels[0].size)


def _strip(
    reader: StackReader, first: Window, parts: list[Window]
) -> tuple[NDArray[np.uint16], int]:
    row = [window for window in parts if window.row == first.row]
    left, right = row[0].left, row[-1].left + row[-1].width
    pixels = reader.window(top=first.top, left=left, height=first.height, width=right - left)
    return pixels, left


def _spans(length: int, size: int, offset: int) -> list[tuple[int, int, int, int]]:
    """(index of the tile, start in the raster, length there, start in the tile) along one axis."""
    spans = []
    for index in range(offset // size, (offset + length - 1) // size + 1):
        begin, end = max(index * size, offset), min((index + 1) * size, offset + length)
        spans.append((index, begin - offset, end - begin, begin - index * size))
    return spans
