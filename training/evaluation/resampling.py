"""How sure a figure is: scenes are drawn again and again, whole, because their pixels go together.

Cluster bootstrap over scenes with percentile intervals (Efron and Tibshirani, An Introduction to
the Bootstrap, 1993, chapters 8 and 13). With few scenes such an interval is too narrow rather than
too wide; below FEWEST it is not given at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.evaluation.counts import Counts, Ratios, SceneCounts, Statistic, total, weighted

FEWEST = 3
"""Scenes below which neither an interval nor a class's figure is given."""
AT_ONCE = 500
"""Resamples summed at a time."""
LEVEL, DRAWS, SEED = 0.95, 2000, 20


@dataclass(frozen=True)
class Resampling:
    """How intervals are made; the same for every figure of a report."""

    level: float = LEVEL
    """Coverage, 0…1."""
    draws: int = DRAWS
    seed: int = SEED
    """Two figures of the same scenes and seed are resampled alike, so that they can be compared."""

    def weights(self, scenes: int) -> NDArray[np.int64]:
        """(draws, scenes): how often each scene is in each resample."""
        rng = np.random.default_rng(self.seed)
        return rng.multinomial(scenes, np.full(scenes, 1 / scenes), size=self.draws)

    def as_json(self) -> dict[str, Any]:
        return {
            "unit": "scene", "method": "cluster bootstrap, percentile interval",
            "level": self.level, "draws": self.draws, "seed": self.seed,
        }  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure with its interval; nan where it can't be said."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        return {"value": plain(self.value), "low": plain(self.low), "high": plain(self.high)}


def figure(scenes: Sequence[SceneCounts], statistic: Statistic, how: Resampling) -> Figure:
    """The statistic of all scenes together, and its interval over resampled scenes.

    Resamples in which it can't be said are left out. Without an interval below FEWEST scenes.
    """
    value = float(statistic(total(scenes)))
    if len(scenes) < FEWEST or np.isnan(value):
        return Figure(value, np.nan, np.nan)
    return Figure(value, *percentiles(resampled(scenes, statistic, how), level=how.level))


def resampled(scenes: Sequence[SceneCounts], statistic: Statistic, how: Resampling) -> Ratios:
    """(draws,) the statistic of each resample."""
    sums = resampled_sums(tuple(scenes), how)
    return np.concatenate([np.asarray(statistic(each), dtype=np.float64) for each in sums])


@lru_cache(maxsize=8)
def resampled_sums(scenes: tuple[SceneCounts, ...], how: Resampling) -> tuple[Counts, ...]:
    """Kept for the next figure of the same scenes: a report has some seventy."""
    return tuple(sums_of(scenes, how.weights(len(scenes))))


def sums_of(scenes: Sequence[SceneCounts], weights: NDArray[Any]) -> Iterable[Counts]:
    """Counts of the resamples, AT_ONCE together."""
    for first in range(0, len(weights), AT_ONCE):
        # Whole numbers below 2**53 add up exactly in float64, which is summed many times faster.
        yield weighted(scenes, weights[first : first + AT_ONCE].astype(np.float64))


def percentiles(values: ArrayLike, *, level: float) -> tuple[float, float]:
    """Ends of the middle `level` of the values, nan left out; (nan, nan) for none."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def plain(value: float) -> float | None:
    """For JSON: six decimals, None for nan."""
    return None if np.isnan(value) else round(float(value), 6)
