"""All cells of a replay side by side: point curves a seed, and curves of a two-way bootstrap.

S seeds, R budgets, P test products, K classes, B resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.replay.cells import CEILING, START, Cell, found
from labelling.compute.replay.curves import class_mean_iou, iou
from labelling.compute.replay.plan import Plan
from labelling.compute.replay.significance import draws, interval

CLASS_MEAN = "class_mean"
BOOTSTRAP_SEED = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Resamples:
    """Which seeds and which test products each resample holds; the same for every arm."""

    seeds: Floats
    """(B, S) how often each."""
    products: Floats
    """(B, P)"""

    @classmethod
    def draw(cls, seeds: int, products: int, resamples: int) -> Resamples:
        rng = np.random.default_rng(BOOTSTRAP_SEED)
        return cls(draws(seeds, resamples, rng=rng), draws(products, resamples, rng=rng))


@dataclass(frozen=True, eq=False)
class History:
    """One arm over all seeds."""

    budgets: tuple[int, ...]
    points: Mapping[str, Floats]
    """Metric -> (S, R), all test products."""
    resampled: Mapping[str, Floats]
    """Metric -> (B, R), mean over the resample's seeds."""
    told: Sequence[Mapping[str, Any]]
    """What each seed's cell says of its picks and costs."""

    def mean(self, metric: str) -> Floats:
        """(R,) over the seeds."""
        return self.points[metric].mean(axis=0)

    def cost(self, name: str) -> Floats:
        """(R,) `tiles`, `pixels` or `minutes` at each budget, mean over the seeds."""
        return np.mean([told[name] for told in self.told], axis=0)

    def described(self, metric: str) -> list[dict[str, Any]]:
        """Mean, deviation over seeds, 95 % interval and every seed's value, for each budget."""
        rows = []
        for values, boot in zip(self.points[metric].T, self.resampled[metric].T):
            low, high = interval(boot)
            rows.append(
                {
                    "mean": plain(values.mean()),
                    "low": plain(low),
                    "high": plain(high),
                    "deviation": plain(values.std(ddof=1) if len(values) > 1 else 0.0),
                    "seeds": [plain(value) for value in values],
                }
            )
        return rows


@dataclass(frozen=True, eq=False)
class Evidence:
    start: History
    ceiling: History
    """Two looks: taught in as many steps as the arms, and for longer. The second is the ceiling."""
    arms: Mapping[str, History]
    metrics: tuple[str, ...]
    products: int


def gather(plan: Plan, folder: Path, classes: Sequence[str]) -> Evidence:
    """Everything the finished cells of this plan say."""
    names = (START, CEILING, *plan.strategies)
    stacks = {
        name: [found(Cell(name, seed), folder) for seed in range(plan.seeds)] for name in names
    }
    products = stacks[START][0].confusion.shape[1]
    resamples = Resamples.draw(plan.seeds, products, plan.resamples)
    histories = {
        name: history(
            np.stack([each.confusion for each in cells]),
            [each.told for each in cells],
            resamples,
            classes,
        )
        for name, cells in stacks.items()
    }
    return Evidence(
        start=histories.pop(START),
        ceiling=histories.pop(CEILING),
        arms=histories,
        metrics=(CLASS_MEAN, *classes),
        products=products,
    )


def history(
    confusion: NDArray[np.int64],
    told: Sequence[Mapping[str, Any]],
    resamples: Resamples,
    classes: Sequence[str],
) -> History:
    """confusion: (S, R, P, K, K)."""
    s, r, p, k, _ = confusion.shape
    flat = np.moveaxis(confusion, 2, 0).reshape(p, -1).astype(np.float64)
    pooled = (resamples.products @ flat).reshape(-1, s, r, k, k)  # (B, S, R, K, K)
    share = resamples.seeds / resamples.seeds.sum(axis=1, keepdims=True)
    return History(
        budgets=tuple(told[0]["budgets"]),
        points=metrics(confusion.sum(axis=2), classes),
        resampled={
            name: np.einsum("bs,bsr->br", share, values)
            for name, values in metrics(pooled, classes).items()
        },
        told=told,
    )


def metrics(confusion: NDArray[np.number], classes: Sequence[str]) -> dict[str, Floats]:
    """(…, K, K) -> for the mean over classes and for each class: (…) IoU."""
    each = iou(confusion)
    by_class = {name: each[..., number] for number, name in enumerate(classes)}
    return {CLASS_MEAN: class_mean_iou(confusion), **by_class}


def plain(value: float) -> float | None:
    """A number for JSON; null stands for nan."""
    return None if not np.isfinite(value) else round(float(value), 6)
