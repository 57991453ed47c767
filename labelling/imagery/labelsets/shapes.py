"""Shapes of drawing tools as pixels: polygons, boxes, ellipses, and run lengths. Pure numpy.

Coordinates are those of CVAT: x to the right and y down, in pixels from the image's upper-left
corner, so that pixel (row, column) covers [column, column + 1) × [row, row + 1). **The half-pixel
rule**: a shape holds the pixels whose centre (column + ½, row + ½) lies inside it or on its
outline. A box from 2 to 5 is three pixels wide. Where an outline crosses itself, the even-odd rule
decides. A shape that holds no pixel's centre holds no pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labelling.errors import BadInput

Mask = NDArray[np.bool_]

FARTHEST = 1e6
"""Pixels from the image's corner: beyond it a coordinate is a mistake, not a shape cut off."""
MOST_CORNERS = 100_000
"""A polygon around every pixel of a 512² tile has fewer."""


def polygon(points: ArrayLike, *, height: int, width: int) -> Mask:
    """(height, width) of a polygon whose corners (n, 2) are (x, y); it is closed by itself.

    Raises BadInput for fewer than three corners, too many, or a coordinate that isn't a number.
    """
    corners = _corners(points)
    left, top = np.floor(corners.min(axis=0)).clip(0, (width, height)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).clip(0, (width, height)).astype(int) + 1
    window = (min(int(bottom), height) - int(top), min(int(right), width) - int(left))
    inside = np.zeros((height, width), dtype=bool)
    if min(window) > 0:
        part = inside[top : top + window[0], left : left + window[1]]
        _fill(part, corners - (left, top))
    return inside


def box(corners: Sequence[float], *, rotation: float = 0, height: int, width: int) -> Mask:
    """(height, width) of a box (left, top, right, bottom), turned clockwise about its centre.

    `rotation` is in degrees. Raises BadInput for coordinates that aren't numbers or out of order.
    """
    left, top, right, bottom = _numbers(corners, 4)
    if right < left or bottom < top:
        raise BadInput(
            f"A box from {left:g}, {top:g} to {right:g}, {bottom:g} is inside out.", field="box"
        )
    points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    if rotation:
        centre = np.array([(left + right) / 2, (top + bottom) / 2])
        points = (points - centre) @ _turn(rotation).T + centre
    return polygon(points, height=height, width=width)


def ellipse(shape: Sequence[float], *, rotation: float = 0, height: int, width: int) -> Mask:
    """(height, width) of an ellipse (centre x, centre y, radius x, radius y), turned clockwise."""
    x, y, across, down = _numbers(shape, 4)
    if across <= 0 or down <= 0:
        raise BadInput(f"An ellipse has no radii {across:g}, {down:g}.", field="ellipse")
    rows, columns = np.mgrid[:height, :width] + 0.5
    offsets = np.stack([columns - x, rows - y], axis=-1) @ _turn(rotation)
    return (offsets[..., 0] / across) ** 2 + (offsets[..., 1] / down) ** 2 <= 1


def decode_runs(runs: Sequence[int], *, height: int, width: int) -> Mask:
    """(height, width) from run lengths, row by row, the first of them outside the shape.

    Raises BadInput unless the runs are natural numbers that sum to height × width: they are
    checked before anything as large as they say is made.
    """
    if len(runs) > height * width + 1:
        raise BadInput(f"{len(runs)} runs can't make {height} by {width} pixels.", field="rle")
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise BadInput(
            f"The runs sum to {sum(runs)}, not to {height} × {width} = {height * width}, or one is "
            "negative.",
            field="rle",
        )
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, np.asarray(runs, dtype=np.int64)).reshape(height, width)


def encode_runs(mask: Mask) -> list[int]:
    """Run lengths of a mask as `decode_runs` takes them; 0 first where its first pixel is set."""
    flat = np.concatenate([[False], mask.ravel(), [not mask.ravel()[-1]]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(changes, prepend=0).tolist()


def placed(part: Mask, *, top: int, left: int, height: int, width: int) -> Mask:
    """A part's mask in an image of (height, width). Raises BadInput when it sticks out."""
    high, wide = part.shape
    if top < 0 or left < 0 or top + high > height or left + wide > width:
        raise BadInput(
            f"A mask of {high} by {wide} pixels at row {top}, column {left} sticks out of an image "
            f"of {height} by {width}.",
            field="mask",
        )
    whole = np.zeros((height, width), dtype=bool)
    whole[top : top + high, left : left + wide] = part
    return whole


def _corners(points: ArrayLike) -> NDArray[np.float64]:
    corners = np.asarray(points, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or not 3 <= len(corners) <= MOST_CORNERS:
        raise BadInput(
            f"A polygon has 3 to {MOST_CORNERS} corners (x, y), not numbers of shape "
            f"{corners.shape}.",
            field="points",
        )
    _check_near(corners, "points")
    return corners


def _numbers(values: Sequence[float], count: int) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise BadInput(f"{count} coordinates are needed, not {list(values)}.", field="points")
    _check_near(numbers, "points")
    return numbers


def _check_near(numbers: NDArray[np.float64], field: str) -> None:
    if not np.all(np.abs(numbers) <= FARTHEST):
        raise BadInput(
            f"A coordinate is not a number, or farther than {FARTHEST:g} pixels away.", field=field
        )


def _turn(degrees: float) -> NDArray[np.float64]:
    """Matrix that turns (x, y), y down, clockwise."""
    if not np.isfinite(degrees):
        raise BadInput("A rotation is not a number.", field="rotation")
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _fill(inside: Mask, corners: NDArray[np.float64]) -> None:
    """Set the polygon's pixels in `inside`, whose upper-left corner is the corners' origin."""
    height, width = inside.shape
    following = np.roll(corners, -1, axis=0)
    rows, crossings = _crossings(corners, following, height=height)
    columns = np.ceil(crossings - 0.5).clip(0, width).astype(np.int64)
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    np.bitwise_xor.at(toggles, (rows, columns), 1)
    inside |= np.bitwise_xor.accumulate(toggles[:, :width], axis=1).astype(bool)
    # The toggles take in centres on a left outline; those on a right or lower one are added.
    _set_exact(inside, rows, crossings - 0.5)
    _set_exact(inside, corners[:, 1] - 0.5, corners[:, 0] - 0.5)
    _set_level(inside, corners, following)


def _crossings(
    start: NDArray[np.float64], end: NDArray[np.float64], *, height: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(rows, x) where edges cross the rows' centre lines; an edge owns its upper end only."""
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first = np.ceil(low - 0.5).clip(0, height).astype(np.int64)
    last = np.ceil(high - 0.5).clip(0, height).astype(np.int64)
    counts = last - first
    edges = np.repeat(np.arange(len(start)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edges]
    (x0, y0), (x1, y1) = start[edges].T, end[edges].T
    return rows, x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)


def _set_exact(inside: Mask, rows: NDArray[np.generic], columns: NDArray[np.float64]) -> None:
    """Set pixels whose centre is exactly one of these positions."""
    height, width = inside.shape
    exact = (rows == np.floor(rows)) & (columns == np.floor(columns))
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = exact & within
    inside[rows[at].astype(np.int64), columns[at].astype(np.int64)] = True


def _set_level(inside: Mask, start: NDArray[np.float64], end: NDArray[np.float64]) -> None:
    """Set the pixels along edges that run exactly through centres from left to right."""
    height, width = inside.shape
    level = (start[:, 1] == end[:, 1]) & (start[:, 1] - 0.5 == np.floor(start[:, 1]))
    for (x0, y), (x1, _) in zip(start[level], end[level]):
        row = int(y - 0.5)
        if 0 <= row < height:
            left, right = sorted((x0, x1))
            first = int(np.clip(np.ceil(left - 0.5), 0, width))
            last = int(np.clip(np.floor(right - 0.5) + 1, 0, width))
            inside[row, first:last] = True
