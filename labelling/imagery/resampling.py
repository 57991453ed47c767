"""From a band's own pixels to the product's grid: bilinear, aligned to pixel centres.

A pixel of the grid takes the mean of the four nearest pixel centres of the band, weighted by
nearness along each axis. A band pixel without data or saturated makes the grid's pixels inside it
so too, and is left out of its neighbours' means. All of it is integer arithmetic, halves rounded
up, so that the result doesn't depend on how the grid is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.radiometry import NO_DATA, SATURATED

Plane = NDArray[np.uint16]
Wide = NDArray[np.uint32]


@dataclass(frozen=True)
class Axis:
    """Along one axis: which of a band's pixels a stretch of the grid needs, and how they lie."""

    start: int
    length: int
    """The stretch, in pixels of the grid."""
    step: int
    """Pixels of the grid along a pixel of the band."""
    size: int
    """Pixels of the band in all."""

    @property
    def first(self) -> int:
        """The first band pixel needed: one before the stretch, where there is one."""
        return max(self.start // self.step - self._reach, 0)

    @property
    def last(self) -> int:
        """One past the last band pixel needed."""
        return min(-(-(self.start + self.length) // self.step) + self._reach, self.size)

    @property
    def lead(self) -> int:
        """Pixels of the grid from the first of `parents` to the stretch."""
        return self.start - (self.start // self.step) * self.step

    @property
    def parents(self) -> int:
        """Band pixels that the stretch lies in."""
        return -(-(self.lead + self.length) // self.step)

    @property
    def inner(self) -> slice:
        """Of the band pixels needed, those that the stretch lies in."""
        begin = self.start // self.step - self.first
        return slice(begin, begin + self.parents)

    @property
    def padding(self) -> tuple[int, int]:
        """Neighbours that the band's edge lacks, before and after."""
        after = -(-(self.start + self.length) // self.step) + self._reach - self.size
        return self._reach - (self.start // self.step - self.first), max(after, 0)

    @property
    def _reach(self) -> int:
        return 0 if self.step == 1 else 1


def bilinear(plane: Plane, rows: Axis, columns: Axis) -> Plane:
    """(rows.length, columns.length) of the grid from a band's pixels first…last of both axes."""
    if rows.step == 1 and columns.step == 1:
        return plane
    padded = np.pad(plane, (rows.padding, columns.padding), mode="edge")
    lowest, highest = plane.min(), plane.max()
    if highest == NO_DATA:
        return np.zeros((rows.length, columns.length), np.uint16)
    if lowest != NO_DATA and highest != SATURATED:
        whole = np.uint32(4 * rows.step * columns.step)
        return _divided(_blended(padded.astype(np.uint32), rows, columns), whole)
    return _around_gaps(padded, rows, columns)


def nearest(plane: NDArray[np.generic], rows: Axis, columns: Axis) -> NDArray[np.generic]:
    """The same with each grid pixel's band pixel itself, for codes."""
    inner = plane[rows.inner, columns.inner]
    if rows.step == 1 and columns.step == 1:
        return inner
    large = inner.repeat(rows.step, axis=0).repeat(columns.step, axis=1)
    return large[rows.lead : rows.lead + rows.length, columns.lead : columns.lead + columns.length]


def _around_gaps(padded: Plane, rows: Axis, columns: Axis) -> Plane:
    sound = (padded != NO_DATA) & (padded != SATURATED)
    weights = _blended(sound.astype(np.uint32), rows, columns)
    sums = _blended(np.where(sound, padded, 0).astype(np.uint32), rows, columns)
    own = padded[1:-1].repeat(rows.step, axis=0) if rows.step > 1 else padded
    own = own[:, 1:-1].repeat(columns.step, axis=1) if columns.step > 1 else own
    own = own[rows.lead : rows.lead + rows.length, columns.lead : columns.lead + columns.length]
    gap = (own == NO_DATA) | (own == SATURATED)
    return np.where(gap, own, _divided(sums, np.maximum(weights, 1)))


def _blended(padded: Wide, rows: Axis, columns: Axis) -> Wide:
    """Weighted sums over the four neighbours; the weights of each sum to 4 · step²."""
    high = np.empty((rows.parents * rows.step, padded.shape[1]), np.uint32)
    for phase, own, other, nearness in _phases(rows):
        high[phase :: rows.step] = nearness * padded[own] + _far(rows, nearness) * padded[other]
    high = high[rows.lead : rows.lead + rows.length]
    wide = np.empty((rows.length, columns.parents * columns.step), np.uint32)
    for phase, own, other, nearness in _phases(columns):
        wide[:, phase :: columns.step] = (
            nearness * high[:, own] + _far(columns, nearness) * high[:, other]
        )
    return wide[:, columns.lead : columns.lead + columns.length]


def _phases(axis: Axis) -> Iterator[tuple[int, slice, slice, np.uint32]]:
    """For each grid pixel of a band pixel: its place, own and other neighbour, and own's weight."""
    reach = 0 if axis.step == 1 else 1
    for phase in range(axis.step):
        # The grid pixel's centre lies (2·phase + 1 - step) / (2·step) from its band pixel's own.
        off = 2 * phase + 1 - axis.step
        other = reach + (off > 0) - (off < 0)
        own = slice(reach, reach + axis.parents)
        yield phase, own, slice(other, other + axis.parents), np.uint32(2 * axis.step - abs(off))


def _far(axis: Axis, nearness: np.uint32) -> np.uint32:
    return np.uint32(2 * axis.step) - nearness


def _divided(sums: Wide, weights: Wide | np.uint32) -> Plane:
    return ((sums + weights // np.uint32(2)) // weights).astype(np.uint16)
