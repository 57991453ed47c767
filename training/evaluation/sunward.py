"""Whether a predicted shadow has a predicted cloud to throw it.

The shadow of a cloud h metres up lies h · tan(sun zenith) from it, away from the sun (Zhu and
Woodcock 2012, Remote Sensing of Environment 118, 83-94): the geometry that labelling/imagery has
for pictures, here walked the other way, from the shadow towards the sun.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from training.evaluation.counts import BARE, FOUND, GLIMPSED, HIDDEN, Whole
from training.evaluation.scheme import NOTHING, Channels, Scheme

LOWEST, HIGHEST = 200.0, 10_000.0
"""Heights of clouds above the ground, in metres."""
LOWEST_SUN = 85.0
"""Degrees of zenith beyond which a shadow's place says nothing."""
FAN = (-10.0, -5.0, 0.0, 5.0, 10.0)
"""Degrees to both sides of the sun's azimuth that are searched: the satellite's slant (10 degrees
from the vertical turns the way to the cloud by 10 degrees where the sun stands at 45), the turn of
grid north (3 degrees at most) and the cloud's width aren't known."""
STRIDE = 2.0
"""Pixels between two looks along a way."""
SMALLEST = 10
"""Pixels of a shadow object that is looked at; specks say nothing."""
ALL_AROUND = np.ones((3, 3), dtype=bool)

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sun:
    """Where the sun stands, seen from the tile."""

    azimuth: float
    """Degrees clockwise from north, which is up in the tile."""
    zenith: float
    """Degrees from the vertical."""
    step: float
    """Metres a pixel."""


def shadow_counts(predicted: Channels, sun: Sun | None, *, scheme: Scheme) -> Whole:
    """(4,) predicted shadow objects FOUND, BARE, HIDDEN, GLIMPSED; see `Counts.shadows`.

    FOUND: from one of its pixels at least, cloud lies up-sun where a cloud LOWEST to HIGHEST
    metres up would be. BARE: none does. Both: all of the way is inside the tile, and the
    prediction says something everywhere on it; where it isn't so, they are GLIMPSED and HIDDEN.
    HIDDEN is also every object where the sun is not known or too low.
    """
    counts = np.zeros(4, dtype=np.int64)
    objects, number = label(np.isin(predicted, scheme.shadows), ALL_AROUND)
    large = np.bincount(objects.ravel(), minlength=number + 1) >= SMALLEST
    large[0] = False
    if not large.any():
        return counts
    if sun is None or sun.zenith > LOWEST_SUN:
        counts[HIDDEN] = large.sum()
        return counts
    shaded, unknown = swept(predicted, sun, scheme)
    with_cloud = np.isin(np.arange(number + 1), objects[shaded])
    out_of_sight = np.isin(np.arange(number + 1), objects[unknown])
    counts[FOUND] = (large & with_cloud & ~out_of_sight).sum()
    counts[BARE] = (large & ~with_cloud & ~out_of_sight).sum()
    counts[HIDDEN] = (large & ~with_cloud & out_of_sight).sum()
    counts[GLIMPSED] = (large & with_cloud & out_of_sight).sum()
    return counts


def swept(predicted: Channels, sun: Sun, scheme: Scheme) -> tuple[Flags, Flags]:
    """(H, W) twice: where cloud lies up-sun, and where the way there is partly out of sight."""
    cloud = np.isin(predicted, scheme.clouds)
    silent = predicted == NOTHING
    shaded, unknown = np.zeros_like(cloud), np.zeros_like(cloud)
    speaks = not silent.any()
    for looks in ways(sun, reach=math.hypot(*cloud.shape)):
        for rows, columns in looks:
            look_up(cloud, rows, columns, into=shaded)
            if not speaks:
                look_up(silent, rows, columns, into=unknown)
        # A way that has left the tile doesn't come back: its end tells.
        unknown |= leaves(unknown.shape, *looks[-1])
    return shaded, unknown


def ways(sun: Sun, *, reach: float) -> Iterator[list[tuple[int, int]]]:
    """For each bearing of the fan: (rows, columns) from a shadow to where its cloud may be, the
    nearest first, as far as `reach` pixels or a little more."""
    tangent = math.tan(math.radians(sun.zenith)) / sun.step
    nearest, farthest = LOWEST * tangent, HIGHEST * tangent
    last = min(farthest, max(nearest, reach + STRIDE))
    lengths = np.linspace(nearest, last, max(2, math.ceil((last - nearest) / STRIDE) + 1))
    for turn in FAN:
        bearing = math.radians(sun.azimuth + turn)
        up, right = -math.cos(bearing), math.sin(bearing)
        looks = [(round(up * length), round(right * length)) for length in lengths]
        yield list(dict.fromkeys(looks))


def look_up(flags: Flags, rows: int, columns: int, *, into: Flags) -> None:
    """Set in `into` each pixel whose neighbour `rows` down and `columns` right is flagged."""
    height, width = flags.shape
    if abs(rows) < height and abs(columns) < width:
        into[_span(rows, height), _span(columns, width)] |= flags[
            _span(-rows, height), _span(-columns, width)
        ]


def leaves(shape: tuple[int, ...], rows: int, columns: int) -> Flags:
    """(H, W): pixels whose neighbour `rows` down and `columns` right is beyond the tile."""
    inside = np.zeros(shape, dtype=bool)
    look_up(np.ones_like(inside), rows, columns, into=inside)
    return ~inside


def _span(shift: int, size: int) -> slice:
    """Places whose neighbour `shift` farther on is inside."""
    return slice(max(0, -shift), min(size, size - shift))
