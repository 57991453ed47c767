"""Whether a paired difference is more than luck, and how far it may be off; exact if it can be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT_UP_TO = 20
"""Pairs whose 2**n sign patterns are all looked at."""
DRAWN = 2**17
"""Patterns drawn beyond that."""


def sign_flip(differences: ArrayLike, *, rng: np.random.Generator) -> float:
    """Two-sided p of the paired permutation test of mean 0: the share of sign patterns whose mean
    is at least as far from 0 as the observed one. Exact up to 20 pairs, so at least 2 / 2**n.

    Source: Fisher, The Design of Experiments (1935), section 21.
    """
    given = np.asarray(differences, dtype=np.float64)
    n = len(given)
    if n <= EXACT_UP_TO:
        number = np.arange(2**n)[:, None]
        signs = ((number >> np.arange(n)) & 1) * 2 - 1
    else:
        signs = rng.integers(0, 2, (DRAWN, n)) * 2 - 1
        signs[0] = 1  # the observed pattern counts too
    sums = np.abs(signs @ given)
    # Sums of the same numbers in another order differ in their last bits.
    return float((sums >= abs(given.sum()) - 1e-9 * np.abs(given).sum()).mean())


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p of each test in the family: step-down Bonferroni, never falling, at most 1.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    adjusted: dict[str, float] = {}
    highest = 0.0
    ordered = sorted(p_values, key=lambda name: (p_values[name], name))
    for place, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p_values[name]))
        adjusted[name] = highest
    return adjusted


def draws(count: int, resamples: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """(resamples, count) how often each of `count` things is drawn with replacement."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)


def interval(values: ArrayLike, *, coverage: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap values, nan left out; (nan, nan) for none."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)
