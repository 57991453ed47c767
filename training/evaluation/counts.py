"""What is counted: sums over pixels, boundaries and objects that add up from tile to tile.

K classes, R radii of the buffer, A area classes. An array may have leading axes (…): one for each
resample, so that a statistic is computed for all of them at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.metrics import Agreement

Whole = NDArray[Any]  # int64, or float64 in a resample
Ratios = NDArray[np.float64]
RADII = tuple(range(21))
"""Pixels by which a mask is dilated."""
AREAS = (1, 10, 100, 1000, 10000)
"""Smallest area, in pixels, of each class of cloud objects."""
FOUND, BARE, HIDDEN, GLIMPSED = 0, 1, 2, 3
"""Shadow objects: with a cloud up-sun · without one · the place to look is partly out of sight, and
no cloud in the rest of it · the same, with a cloud in the rest."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Sums; two of them add up."""

    pixels: Whole
    """(…, K, K + 1): row = truth, column = prediction, the last where it says nothing."""
    boundary: Whole
    """(…, K, 4): predicted boundary pixels, those near the truth's; the truth's, those near the
    predicted."""
    buffer: Whole
    """(…, 2, R + 1): contaminated and clear pixels of the truth by their distance to the predicted
    mask, in pixels rounded up; the last column is beyond all radii."""
    objects: Whole
    """(…, A + 1, 4): cloud objects of the truth, those found, their pixels, those called cloud; the
    last row is of objects cut off by the tile's edge, whose size isn't known."""
    shadows: Whole
    """(…, 4): predicted shadow objects FOUND, BARE, HIDDEN and GLIMPSED."""

    @classmethod
    def empty(cls, classes: int) -> "Counts":
        shapes = (
            (classes, classes + 1), (classes, 4), (2, len(RADII) + 1), (len(AREAS) + 1, 4), (4,)
        )  # fmt: skip
        return cls(*(np.zeros(shape, dtype=np.int64) for shape in shapes))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(self.arrays, other.arrays)))

    @property
    def arrays(self) -> tuple[Whole, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def classes(self) -> int:
        return int(self.pixels.shape[-2])

    @property
    def answered(self) -> Whole:
        """(…, K, K): without the pixels where the prediction says nothing."""
        return self.pixels[..., :-1]

    @property
    def agreement(self) -> Agreement:
        """Of the pixels that are answered; needs counts without leading axes."""
        return Agreement(self.answered)


@dataclass(frozen=True, eq=False)
class SceneCounts:
    """All that is kept of a scene."""

    scene: str
    counts: Counts


Statistic = Callable[[Counts], Ratios]
"""From counts with leading axes (…) to one figure for each (…), nan where it can't be said."""


def total(scenes: Sequence[SceneCounts]) -> Counts:
    """Raises ValueError for no scene at all."""
    return weighted(scenes, np.ones(len(scenes), dtype=np.int64))


def weighted(scenes: Sequence[SceneCounts], times: NDArray[Any]) -> Counts:
    """Sums with each scene taken so many times: `times` (…, scenes) -> counts (…)."""
    if not scenes:
        raise ValueError("There is no scene to sum over.")
    stacks = zip(*(scene.counts.arrays for scene in scenes), strict=True)
    return Counts(*(np.tensordot(times, np.stack(stack), axes=1) for stack in stacks))


def scenes_per_class(scenes: Sequence[SceneCounts], classes: int) -> NDArray[np.int64]:
    """(K,) scenes whose truth has at least one pixel of the class."""
    there = [scene.counts.pixels.sum(axis=-1) > 0 for scene in scenes]
    return np.array(there, dtype=np.int64).reshape(-1, classes).sum(axis=0)
