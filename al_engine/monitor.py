"""What control tiles tell about the pool: how good the model is there, with an interval.

Prequential: a control tile is judged by the model of the round that drew it, before any model
learns from it. So the estimate is unbiased for that model, and the label is not wasted. Whether
active learning still pays is asked in `duel`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadHistory

Counts = NDArray[np.float64]
RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure of the whole pool, as its control tiles show it."""

    value: float
    low: float
    high: float
    """Ends of the interval; equal to `value` ± nothing is known with one product: see `notes`."""
    level: float
    tiles: int
    products: int
    notes: tuple[str, ...]


def accuracy(confusion: Counts) -> float:
    """Share of pixels on the diagonal of (K, K) counts; NaN without pixels."""
    total = confusion.sum()
    return float(np.trace(confusion) / total) if total else math.nan


def mean_iou(confusion: Counts) -> float:
    """Mean over classes of TP / (TP + FP + FN) of pooled (K, K) counts.

    Classes that are neither there nor predicted don't count; NaN where none is.
    """
    hits = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    seen = union > 0
    return float((hits[seen] / union[seen]).mean()) if seen.any() else math.nan


FIGURES: dict[str, Callable[[Counts], float]] = {"accuracy": accuracy, "mean_iou": mean_iou}


def prequential(
    confusions: NDArray[np.number],
    products: NDArray[np.integer],
    *,
    probabilities: NDArray[np.floating] | None = None,
    figure: str = "accuracy",
    rng: np.random.Generator,
) -> Estimate:
    """Estimate a figure of the pool from control tiles, with a bootstrap interval over products.

    confusions: (t, K, K) pixel counts, label by prediction, of each control tile by the model that
    had not seen it. products: (t,) whole numbers; tiles of one product are not independent, so
    whole products are resampled. probabilities: (t,) Batch.uniform_probability of each tile's
    draw, in (0, 1]; counts are weighted by its inverse before any division (Hájek), for a ratio of
    sums is nearly unbiased where a mean of ratios is not. figure: a name in FIGURES.
    Raises BadHistory for no tiles, shapes that differ, and probabilities out of range.
    Source: prequential evaluation, Dawid (1984); Hájek (1971); bootstrap percentile, Efron (1979).
    """
    weights = _weights(confusions, products, probabilities)
    if figure not in FIGURES:
        raise BadHistory(
            f"There is no figure {figure!r}; there are {', '.join(FIGURES)}.", field="figure"
        )
    weighted = np.asarray(confusions, dtype=np.float64) * weights[:, None, None]
    _, numbers = np.unique(products, return_inverse=True)
    by_product = np.zeros((numbers.max() + 1, *weighted.shape[1:]))
    np.add.at(by_product, numbers, weighted)
    value = FIGURES[figure](by_product.sum(axis=0))
    low, high, notes = _interval(by_product, FIGURES[figure], rng)
    return Estimate(value, low, high, LEVEL, len(weighted), len(by_product), notes)


def _weights(
    confusions: NDArray[np.number],
    products: NDArray[np.integer],
    probabilities: NDArray[np.floating] | None,
) -> Counts:
    """(t,) inverse probabilities, or ones."""
    shape = np.shape(confusions)
    if len(shape) != 3 or shape[1] != shape[2] or not shape[0]:
        raise BadHistory(
            f"Confusions must be (tiles ≥ 1, classes, classes), not {shape}.", field="confusions"
        )
    if not np.isfinite(confusions).all() or (np.asarray(confusions) < 0).any():
        raise BadHistory("Confusions must be finite and not negative.", field="confusions")
    given = np.ones(shape[0]) if probabilities is None else np.asarray(probabilities, np.float64)
    for name, array in (("products", np.asarray(products)), ("probabilities", given)):
        if array.shape != shape[:1]:
            raise BadHistory(f"{name} must be ({shape[0]},), not {array.shape}.", field=name)
    if not ((given > 0) & (given <= 1)).all():
        raise BadHistory("Probabilities must lie in (0, 1].", field="probabilities")
    inverse: Counts = 1.0 / given
    return inverse


def _interval(
    by_product: Counts, figure: Callable[[Counts], float], rng: np.random.Generator
) -> tuple[float, float, tuple[str, ...]]:
    """Bootstrap percentiles over products; the whole range of the figure where there is one."""
    count = len(by_product)
    if count < 2:
        note = "All control tiles are of one product: how far another would differ is not known."
        return 0.0, 1.0, (note,)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    sums = np.tensordot(drawn.astype(np.float64), by_product, axes=1)
    values = [figure(each) for each in sums]
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high), ()


def lure_weights(probabilities: NDArray[np.floating], *, pool: int) -> Counts:
    """(M,) weights that make the mean loss on actively drawn tiles an unbiased one of the pool.

    v_m = 1 + (N - M) / (N - m) · (1 / ((N - m + 1) q_m) - 1), m = 1 … M; the estimate is
    (1/M) Σ v_m L_m. probabilities: (M,) Batch.probabilities of strategy `power`, in draw order.
    pool: N, the tiles there were to draw from (without the control slice).
    For ratios such as IoU weight the sums of TP, FP, FN and divide after.
    Raises BadHistory for a probability of 0 or above 1 (picks made under caps have none), and for
    more draws than tiles.
    Source: LURE, Farquhar et al. (ICLR 2021), arXiv 2101.11665, equation 5.
    """
    q = np.asarray(probabilities, dtype=np.float64)
    drawn = len(q)
    if not drawn or drawn > pool:
        raise BadHistory(
            f"{drawn} draws from {pool} tiles: give 1 to {pool} draws.", field="probabilities"
        )
    if not ((q > 0) & (q <= 1)).all():
        raise BadHistory(
            "LURE needs the chance of every draw, above 0 and at most 1; only picks of strategy "
            "'power' have one.",
            field="probabilities",
        )
    if drawn == pool:
        return np.ones(drawn)
    turn = np.arange(1, drawn + 1)
    weights: Counts = 1 + (pool - drawn) / (pool - turn) * (1 / ((pool - turn + 1) * q) - 1)
    return weights
