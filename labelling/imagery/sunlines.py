"""What lies between a pixel and the sun, followed over the ground."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def lit_through(
    possible: Mask, shadow: Mask, fall: tuple[float, float], height: float
) -> NDArray[np.bool_]:
    """For each shadow pixel, row by row: whether its line to the sun meets a `possible` pixel or
    the tile's edge before it is `height` metres up.

    The plane is turned so that light comes from the top, then sheared so that it falls down the
    columns; a running maximum along them tells how far up the last possible pixel lies.
    """
    down, right = fall
    rows, columns = np.nonzero(shadow)
    if abs(right) > abs(down):
        possible, (down, right), (rows, columns) = possible.T, (right, down), (columns, rows)
    if down < 0:
        possible, down, rows = possible[::-1], -down, len(possible) - 1 - rows
    if down == 0:
        return np.ones(len(rows), bool)  # a sun right above: every shadow lies under its cloud
    drift = np.rint(np.arange(len(possible)) * (right / down)).astype(int)
    last = np.maximum.accumulate(_numbered(_sheared(possible, drift)), axis=0)
    return rows - last[rows, columns - drift[rows] + drift.max()] <= math.ceil(height * down)


def _sheared(plane: Mask, drift: NDArray[np.int_]) -> Mask:
    """Each row moved left by its drift, in a frame that holds them all; true beyond the tile."""
    height, width = plane.shape
    span = int(np.ptp(drift))
    framed = np.ones((height, width + 2 * span), bool)
    framed[:, span : span + width] = plane
    starts = span - drift.max() + drift
    return np.stack([row[start : start + width + span] for row, start in zip(framed, starts)])


def _numbered(plane: Mask) -> NDArray[np.int16]:
    """Its row's number where the plane is true, else -1, the row before the first."""
    return np.where(plane, np.arange(len(plane), dtype=np.int16)[:, None], np.int16(-1))
