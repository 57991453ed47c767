"""Crops at another scale or turned freely: bands between pixels, labels never.

B bands, H and W the sides of a tile, S the side of a crop, all in pixels.
"""

from dataclasses import dataclass
from math import ceil, cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.snapshot import IGNORE, Bands, Label
from training.survey import valid_pixels

Plane = NDArray[Any]


@dataclass(frozen=True)
class Warp:
    """A square window on a tile that is not cut along its pixels."""

    row: float
    """Centre of the window, in pixels from the tile's upper left corner."""
    column: float
    ground: float
    """Pixels of the tile to a pixel of the crop, > 0."""
    angle: float
    """Degrees that what the crop shows is turned by, clockwise."""

    def matrix(self) -> NDArray[np.float64]:
        """(2, 2): a step in the crop (rows, columns) -> the step in the tile."""
        turned = radians(self.angle)
        # Showing the ground turned clockwise is looking along axes turned the other way.
        axes = np.array([[cos(turned), -sin(turned)], [sin(turned), cos(turned)]])
        return np.asarray(self.ground * axes)

    def reach(self, side: int) -> float:
        """Half the side of the upright square of the tile that a crop of this side looks at."""
        turned = radians(self.angle)
        return self.ground * side / 2 * (abs(cos(turned)) + abs(sin(turned)))

    def cut(self, bands: Bands, label: Label, side: int) -> tuple[Bands, Label]:
        """(B, H, W), (H, W) -> (B, S, S), (S, S): bilinear, and the nearest label.

        A pixel that leans on one without data, or on none, has no data and no label.
        """
        window, begin = self._window(bands.shape[-2:], side)
        given = np.asarray(bands[(slice(None), *window)])
        valid = valid_pixels(given).astype(np.float32)
        known = self._taken(valid, begin, side, order=1, fill=0) > 1 - 1e-3
        pixels = self.between(bands, side)
        # Rounding must not make no data of a dark pixel; a missing band stays 0.
        stored = np.maximum(np.rint(pixels), pixels > 0) * known
        nearest = self.nearest(label, side, fill=IGNORE)
        return stored.astype(np.uint16), np.where(known, nearest, IGNORE).astype(np.uint8)

    def between(self, planes: Plane, side: int, *, fill: float = 0) -> NDArray[np.float32]:
        """(…, H, W) -> (…, S, S) bilinear; `fill` where the tile ends, nan spreads."""
        window, begin = self._window(planes.shape[-2:], side)
        given = np.asarray(planes[(..., *window)], dtype=np.float32)
        flat = given.reshape(-1, *given.shape[-2:])
        taken = [self._taken(plane, begin, side, order=1, fill=fill) for plane in flat]
        return np.stack(taken).reshape(*planes.shape[:-2], side, side)

    def nearest(self, plane: Plane, side: int, *, fill: int) -> Plane:
        """(H, W) codes -> (S, S) codes, never mixed; `fill` where the tile ends."""
        window, begin = self._window(plane.shape, side)
        return self._taken(plane[window], begin, side, order=0, fill=fill)

    def _taken(
        self, plane: Plane, begin: NDArray[np.float64], side: int, *, order: int, fill: float
    ) -> Plane:
        matrix = self.matrix()
        middle = np.array([self.row, self.column]) - 0.5 - begin  # pixel centres are whole numbers
        start = middle - matrix @ np.full(2, (side - 1) / 2)
        found: Plane = ndimage.affine_transform(
            plane, matrix, start, (side, side), order=order, mode="constant", cval=fill
        )
        return found

    def _window(
        self, shape: tuple[int, ...], side: int
    ) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
        """The part of the tile to read, a pixel more each way, and where it begins."""
        reach = self.reach(side) + 1
        bounds = [
            (max(0, int(centre - reach)), min(length, ceil(centre + reach)))
            for centre, length in zip((self.row, self.column), shape)
        ]
        rows, columns = (slice(first, max(last, first + 1)) for first, last in bounds)
        return (rows, columns), np.array([rows.start, columns.start], dtype=np.float64)
