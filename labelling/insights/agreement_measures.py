"""Agreement of two people from confusion counts: nothing is read here but (K, K) matrices.

The measures take any number of matrices at once, (…, K, K), and give one value each, NaN where a
measure has none: a bootstrap asks for a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
"""(…, K, K) pixels: row one person's class, column the other's."""
Measure = Callable[[Matrix], NDArray[np.float64]]

REPEATS = 1000
"""Bootstrap samples of an interval."""


def cohen_kappa(confusion: Matrix) -> NDArray[np.float64]:
    """Cohen's kappa: (observed - expected) / (1 - expected), expected from each one's own margins.

    -1…1; NaN without pixels, and where both name one and the same class everywhere: agreement
    by chance is certain then. J. Cohen, "A coefficient of agreement for nominal scales",
    Educational and Psychological Measurement 20 (1960), 37-46.
    """
    total = confusion.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(confusion, axis1=-2, axis2=-1) / total
        expected = (confusion.sum(axis=-2) * confusion.sum(axis=-1)).sum(axis=-1) / total**2
        return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def krippendorff_alpha(confusion: Matrix) -> NDArray[np.float64]:
    """Krippendorff's alpha for nominal data: 1 - observed / expected disagreement, margins pooled.

    `confusion` counts a unit (pixel) with two values once; sums of matrices weighted by 1/(m - 1)
    give alpha for m values a unit. -1…1; NaN without pixels or with one class only.
    K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), from its matrix of
    coincidences.
    """
    coincidences = confusion + np.swapaxes(confusion, -1, -2)
    margins = coincidences.sum(axis=-1)
    total = margins.sum(axis=-1)
    expected = total**2 - (margins**2).sum(axis=-1)
    observed = total - np.trace(coincidences, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)


def one_against_rest(confusion: Matrix, place: int) -> Matrix:
    """(…, 2, 2): the class at this place, and all others together."""
    others = [k for k in range(confusion.shape[-1]) if k != place]
    return merged(confusion, [[place], others])


def merged(confusion: Matrix, groups: Sequence[Sequence[int]]) -> Matrix:
    """The matrices with the classes of each group (places, not codes) counted as one."""
    member = np.zeros((len(groups), confusion.shape[-1]))
    for row, group in enumerate(groups):
        member[row, list(group)] = 1
    return member @ confusion @ member.T


def resampled(matrices: Matrix, *, seed: int) -> Matrix:
    """(REPEATS, K, K): sums over n of the (n, K, K) matrices drawn with replacement.

    Pixels of one tile hang together, so tiles are drawn, not pixels.
    """
    n = len(matrices)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=REPEATS)
    return (draws @ matrices.reshape(n, -1)).reshape(REPEATS, *matrices.shape[1:])


def interval(values: NDArray[Any], level: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of bootstrap values; None where most of them are NaN."""
    known = values[~np.isnan(values)]
    if known.size <= values.size / 2:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def number(value: Any) -> float | None:
    """A measure of one matrix for people and JSON: None for NaN."""
    return None if np.isnan(value) else float(value)
