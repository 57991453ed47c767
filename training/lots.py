"""How likely each sample is to be drawn: by what is labelled in it, by class and by stratum.

K classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.snapshot import Sample

STRATA: dict[str, Callable[[Sample], Any]] = {
    "group": lambda sample: sample.group,
    "source": lambda sample: sample.source,
    "month": lambda sample: sample.month,
}


class Lot:
    """Samples that one draw chooses between: by the class wanted, or by all that is labelled."""

    def __init__(self, weights: NDArray[np.float64], pixels: NDArray[np.int64]) -> None:
        """weights (samples,) >= 0, how much each counts; pixels (samples, K)."""
        # The root: a tile with four times the pixels of a class is no four times better lesson.
        self.by_class = _shares(np.sqrt(pixels) * weights[:, None])  # (samples, K)
        self.overall = _shares(np.sqrt(pixels.sum(axis=1)) * weights)  # (samples,)
        held = (pixels * (weights > 0)[:, None]).sum(axis=0)
        self.rarity = _shares(np.where(held > 0, np.maximum(held, 1) ** -0.5, 0))  # (K,)

    def choose(self, rng: np.random.Generator, rare_share: float) -> tuple[int, int | None]:
        """The sample's place and the class it was drawn for."""
        wanted, shares = None, self.overall
        if rng.random() < rare_share:
            wanted = int(rng.choice(len(self.rarity), p=self.rarity))
            shares = self.by_class[:, wanted]
        return int(rng.choice(len(shares), p=shares)), wanted


def strata_factors(
    samples: Sequence[Sample], by: str, pixels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(samples,) factors by which a stratum weighs as the root of what is labelled in it."""
    if by == "none":
        return np.ones(len(samples))
    kinds = np.array([str(STRATA[by](sample)) for sample in samples])
    weights = np.sqrt(pixels.sum(axis=1))
    factors = np.zeros(len(kinds))
    for kind in np.unique(kinds):
        inside = kinds == kind
        total = weights[inside].sum()
        factors[inside] = np.sqrt(pixels[inside].sum()) / total if total else 0
    return factors


def shares_of_strata(samples: Sequence[Sample], by: str, lot: Lot) -> dict[str, Any]:
    """By name, the share of draws that any labelled pixel would do for."""
    if by == "none":
        return {"by": by}
    shares: dict[str, float] = {}
    for sample, share in zip(samples, lot.overall.tolist(), strict=True):
        kind = str(STRATA[by](sample))
        shares[kind] = shares.get(kind, 0) + share
    return {"by": by, "shares": {kind: round(shares[kind], 6) for kind in sorted(shares)}}


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide by the sum over the first axis; all zero stays zero."""
    total = weights.sum(axis=0)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
