"""Learning curves: how good a model is at each budget, and how many tiles a given level costs.

A curve is m_0 … m_R at budgets n_0 < … < n_R; both are plain arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]

SMALLEST_GAP = 0.05
"""Between start and ceiling; below it fractions of the gap are noise."""
FEWEST_PRODUCTS = 50
"""To judge on; fewer are a picture, not a measurement."""
FLATTEST = 0.005
"""Rise a doubling of the budget; where a baseline rises less, its crossing is noise."""


def iou(confusion: NDArray[np.number]) -> Floats:
    """(…, K, K) pooled counts -> (…, K) hits / (truth + predicted - hits); nan where there is
    neither. Row = truth, column = prediction."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    union = confusion.sum(axis=-1) + confusion.sum(axis=-2) - hits
    return np.divide(hits, union, out=np.full(hits.shape, np.nan), where=union > 0)


def class_mean_iou(confusion: NDArray[np.number]) -> Floats:
    """(…, K, K) -> (…): mean IoU of the classes present in the truth; nan where there is none."""
    there = confusion.sum(axis=-1) > 0
    total = np.where(there, iou(confusion), 0.0).sum(axis=-1)
    count = there.sum(axis=-1)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def area(budgets: ArrayLike, curve: ArrayLike) -> float:
    """AUBC: the mean height of the curve over log2(budget), by trapezoids.

    On budgets that double each time it is (1 / R) sum_r (m_r + m_(r+1)) / 2.
    """
    place = np.log2(np.asarray(budgets, dtype=np.float64))
    height = np.asarray(curve, dtype=np.float64)
    return float(((height[1:] + height[:-1]) / 2 * np.diff(place)).sum() / (place[-1] - place[0]))


def at_budget(budgets: ArrayLike, curve: ArrayLike, wanted: ArrayLike) -> Floats:
    """The curve's height at other budgets inside its own, straight between looks in log2."""
    return np.interp(np.log2(np.asarray(wanted, float)), np.log2(np.asarray(budgets, float)), curve)


@dataclass(frozen=True)
class Needed:
    """The budget a curve first reaches a level at."""

    value: float
    """Where it is censored: the last budget, or the first."""
    censored: str
    """"" exact; "above": not reached by the last budget; "below": reached by the first already."""
    slope: float
    """Rise of the curve a doubling of the budget, where it crosses; its last where it doesn't."""


def needed(budgets: Sequence[float], curve: ArrayLike, level: float) -> Needed:
    """Of the isotonic regression of the curve, straight between looks in log2(budget)."""
    place = np.log2(np.asarray(budgets, dtype=np.float64))
    risen = isotonic_regression(np.asarray(curve, dtype=np.float64)).x
    rise = np.diff(risen) / np.diff(place)
    if level > risen[-1]:
        return Needed(float(budgets[-1]), "above", float(rise[-1]))
    if level <= risen[0]:
        return Needed(float(budgets[0]), "below", float(rise[0]))
    right = int(np.argmax(risen >= level))
    part = (level - risen[right - 1]) / (risen[right] - risen[right - 1])
    where = place[right - 1] + part * (place[right] - place[right - 1])
    return Needed(float(2**where), "", float(rise[right - 1]))


@dataclass(frozen=True)
class Ratio:
    """How many times fewer labels an arm needs than a baseline, at one level."""

    value: float
    """The ratio, or its numeric bound; 0 where nothing can be said."""
    bound: str
    """"" exact; ">" at least so much; "<" at most so much; "none" where neither got there."""

    @property
    def censored(self) -> bool:
        return self.bound != ""


BOUNDS = {
    ("", ""): "",
    ("above", ""): ">",
    ("above", "below"): ">",
    ("", "below"): ">",
    ("", "above"): "<",
    ("below", ""): "<",
    ("below", "above"): "<",
}
"""(baseline's censoring, arm's) -> the ratio's; all others say nothing."""


def ratio(baseline: Needed, arm: Needed) -> Ratio:
    """LER = n_baseline / n_arm, never extrapolated: a budget not reached gives a bound."""
    bound = BOUNDS.get((baseline.censored, arm.censored), "none")
    return Ratio(0.0 if bound == "none" else baseline.value / arm.value, bound)


def level(start: float, ceiling: float, share: float) -> float:
    """tau_g = m_0 + g (m_ceiling - m_0)."""
    return start + share * (ceiling - start)


def weakness(start: float, ceiling: float, baseline: Needed, *, products: int) -> str:
    """Why a ratio read here means little; empty where it does mean something."""
    if products < FEWEST_PRODUCTS:
        return f"{products} test products are too few for a ratio: an illustration"
    if ceiling - start < SMALLEST_GAP:
        return f"start and ceiling are only {100 * (ceiling - start):.1f} points apart"
    if baseline.slope < FLATTEST:
        return f"the baseline rises only {100 * baseline.slope:.2f} points a doubling " + (
            "at its end" if baseline.censored else "where it is read"
        )
    return ""
