"""A crop before it is read: its tile, its window, the way it is laid down, and where the sun goes.

N crops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from training.augment import TURNS, turned_azimuth
from training.snapshot import Label, Sample
from training.warp import Warp

SUN_LEEWAY = 45.0
"""Degrees that the sun may move by before a shadow counts as lying on another side."""


@dataclass(frozen=True, eq=False)
class Draw:
    """One crop: where it is cut from and how it is laid down."""

    sample: Sample
    label: Label  # (H, W) channel indices of the whole tile
    rows: slice
    columns: slice
    way: int
    """One of TURNS, after cutting."""
    warp: Warp | None = None
    """Cut by this instead of rows and columns."""
    wanted: int | None = None
    """The class it was drawn for; None where any labelled pixel would do."""

    @property
    def sun_azimuth(self) -> float:
        """Where the sun stands in the crop, degrees clockwise from its top; nan if unknown."""
        azimuth = nan if self.sample.sun_azimuth is None else self.sample.sun_azimuth
        return turned_azimuth(azimuth + (self.warp.angle if self.warp else 0), self.way)

    @property
    def moves_sun(self) -> bool:
        """Whether shadows lie on another side than in the tile; a turn might where nobody knows."""
        if self.sample.sun_azimuth is None:
            return self.way != 0
        return apart(self.sun_azimuth, self.sample.sun_azimuth) > SUN_LEEWAY


@dataclass(frozen=True)
class Tally:
    """What N crops were drawn as, for counting."""

    earlier: NDArray[np.bool_]  # (N,) labelled before the campaign
    moved: NDArray[np.bool_]  # (N,) laid down so that shadows lie on another side
    wanted: NDArray[np.int64]  # (N,) class it was drawn for, -1 for any

    @classmethod
    def of(cls, draws: Sequence[Draw]) -> "Tally":
        return cls(
            earlier=np.array([draw.sample.earlier for draw in draws]),
            moved=np.array([draw.moves_sun for draw in draws]),
            wanted=np.array([-1 if draw.wanted is None else draw.wanted for draw in draws]),
        )

    def counts(self) -> dict[str, int]:
        """`crops`, `earlier`, `moved` and, by channel, `class k`."""
        found = {
            "crops": len(self.earlier),
            "earlier": int(self.earlier.sum()),
            "moved": int(self.moved.sum()),
        }
        classes, times = np.unique(self.wanted[self.wanted >= 0], return_counts=True)
        drawn = {f"class {k}": n for k, n in zip(classes.tolist(), times.tolist(), strict=True)}
        return found | drawn


def sunward_turns(azimuth: float | None) -> list[int]:
    """The ways that leave the sun within SUN_LEEWAY of where it was; only 0 where unknown."""
    if azimuth is None or isnan(azimuth):
        return [0]
    return [
        way for way in range(TURNS) if apart(turned_azimuth(azimuth, way), azimuth) <= SUN_LEEWAY
    ]


def apart(one: float, other: float) -> float:
    """Degrees between two directions, 0 … 180."""
    return abs((one - other + 180) % 360 - 180)
