"""Two masks of the same scenes: how far apart they are, how sure that is, and what it would take.

Both are judged on the same scenes, so scenes are resampled in pairs, and the test exchanges the two
masks' counts within a scene: Fisher's sign-flip test for sums, and for ratios such as an IoU the
approximate randomisation test (Noreen, Computer-Intensive Methods for Testing Hypotheses, 1989).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.errors import BadEvidence
from training.evaluation.counts import (
    Ratios,
    SceneCounts,
    Statistic,
    scenes_per_class,
    total,
)
from training.evaluation.resampling import (
    DRAWS,
    FEWEST,
    LEVEL,
    SEED,
    Resampling,
    percentiles,
    plain,
    resampled,
    sums_of,
)
from training.evaluation.statistics import iou_of

NO_LESS = 1e-12
"""Differences of the same counts in another order differ in their last bits."""


@dataclass(frozen=True)
class Difference:
    """Of a figure of two masks, the first less the second; nan where it can't be said."""

    value: float
    low: float
    high: float
    """Ends of the interval over resampled scenes."""
    p: float
    """Two-sided, of "neither is better": at least 2 / 2**scenes, and 1 / (draws + 1)."""
    scenes: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    def as_json(self) -> dict[str, Any]:
        return {
            "value": plain(self.value), "low": plain(self.low), "high": plain(self.high),
            "p": plain(self.p), "scenes": self.scenes,
        }  # fmt: skip


def paired_difference(
    a: Sequence[SceneCounts],
    b: Sequence[SceneCounts],
    statistic: Statistic,
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Difference:
    """statistic(a) - statistic(b), with a percentile interval over paired resamples of scenes.

    `a` and `b` may come in any order of scenes. Below FEWEST scenes there is neither interval nor
    p. Raises BadEvidence where they aren't of the same scenes with the same truth.
    """
    first, second = in_step(a, b)
    scenes = len(first)
    value = float(statistic(total(first)) - statistic(total(second)))
    if scenes < FEWEST or math.isnan(value):
        return Difference(value, math.nan, math.nan, math.nan, scenes)
    how = Resampling(level, draws, seed)
    apart = resampled(first, statistic, how) - resampled(second, statistic, how)
    low, high = percentiles(apart, level=level)
    p = exchanged(first, second, statistic, abs(value), how)
    return Difference(value, low, high, p, scenes)


def class_differences(
    a: Sequence[SceneCounts],
    b: Sequence[SceneCounts],
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
    strict: bool = False,
) -> list[Difference]:
    """The difference in IoU of each class; all nan where fewer than FEWEST scenes hold it.

    strict: where a mask says nothing, it is wrong.
    """
    first, second = in_step(a, b)
    classes = first[0].counts.classes
    there = scenes_per_class(first, classes)
    return [
        paired_difference(
            first, second, iou_of(k, strict=strict), level=level, draws=draws, seed=seed
        )
        if there[k] >= FEWEST
        else Difference(math.nan, math.nan, math.nan, math.nan, int(there[k]))
        for k in range(classes)
    ]


def needed_scenes(
    half_widths: ArrayLike, scenes: ArrayLike, margins: ArrayLike
) -> list[int | None]:
    """For each class how many more scenes it takes until an interval's half width is below margin.

    An estimate, no promise: a standard error shrinks with the root of the number of scenes
    (`scenes`, those that hold the class), if those to come are like those seen. 0 where it is
    narrow enough; None where there is no interval to go by, or no margin above 0.
    """
    rows = np.broadcast_arrays(
        np.asarray(half_widths, np.float64), np.asarray(scenes), np.asarray(margins, np.float64)
    )
    return [_more(*row) for row in zip(*(each.ravel().tolist() for each in rows), strict=True)]


def _more(half_width: float, scenes: int, margin: float) -> int | None:
    if math.isnan(half_width) or not margin > 0:
        return None
    return max(0, math.ceil(scenes * (half_width / margin) ** 2 - scenes - NO_LESS))


def in_step(
    a: Sequence[SceneCounts], b: Sequence[SceneCounts]
) -> tuple[list[SceneCounts], list[SceneCounts]]:
    """Both in the order of the scenes' names. Raises BadEvidence where they don't fit."""
    first, second = (sorted(each, key=lambda one: one.scene) for each in (a, b))
    names, others = ([one.scene for one in each] for each in (first, second))
    if names != others or not names:
        odd = ", ".join(sorted(set(names) ^ set(others))[:5]) or "no scene"
        raise BadEvidence(
            f"The two masks were not judged on the same scenes: {odd} in one of them only.",
            field="scenes",
        )
    for one, other in zip(first, second, strict=True):
        if not np.array_equal(one.counts.pixels.sum(axis=-1), other.counts.pixels.sum(axis=-1)):
            raise BadEvidence(
                f"The two masks were judged on different pixels of {one.scene}.", field=one.scene
            )
    return first, second


def exchanged(
    a: list[SceneCounts], b: list[SceneCounts], statistic: Statistic, seen: float, how: Resampling
) -> float:
    """Share of exchanges whose difference is at least as far from 0; all where they are few."""
    swaps = exchanges(len(a), how)
    both = [*a, *b]
    far = 0
    known = 0
    for first in range(0, len(swaps), how.draws):
        apart = _apart(both, swaps[first : first + how.draws], statistic)
        sayable = apart[np.isfinite(apart)]
        known += len(sayable)
        far += int((sayable >= seen - NO_LESS).sum())
    return far / known


def _apart(both: list[SceneCounts], swaps: NDArray[np.int64], statistic: Statistic) -> Ratios:
    """(n,) how far apart the two are when scenes are exchanged as `swaps` (n, scenes) says."""
    kept = 1 - swaps
    one = sums_of(both, np.concatenate([kept, swaps], axis=1))
    other = sums_of(both, np.concatenate([swaps, kept], axis=1))
    return np.abs(
        np.concatenate([statistic(x) - statistic(y) for x, y in zip(one, other, strict=True)])
    )


def exchanges(scenes: int, how: Resampling) -> NDArray[np.int64]:
    """(n, scenes) of 0 and 1: every pattern where there are no more than draws, else drawn ones;
    the first is the one observed."""
    if 2**scenes <= how.draws:
        numbers = np.arange(2**scenes)[:, None]
        return (numbers >> np.arange(scenes)) & 1
    rng = np.random.default_rng([how.seed, 1])
    swaps = rng.integers(0, 2, (how.draws + 1, scenes))
    swaps[0] = 0
    return swaps
