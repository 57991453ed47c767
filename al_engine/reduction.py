"""From block sums to what is kept of a tile: the named poolings, and TileScore."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from al_engine.blocks import fractions, top_mean
from al_engine.errors import BadTile

# Half precision leaves the sum of a pixel's probabilities within 1 %; anything further is no
# probability.
SUM_TOLERANCE = 0.02

Blocks = NDArray[np.float64]


@dataclass(frozen=True)
class PoolingConfig:
    """How pixels become blocks and blocks a score. Raises BadTile for a value out of range."""

    block: int = 32
    """Side of a block, pixels."""
    margin: int = 16
    """Pixels at the tile's border that the network saw with half its surroundings; not counted."""
    top_share: float = 0.10
    """Share of the kept blocks that makes the score, in (0, 1]."""
    min_valid: float = 0.25
    """A block with a smaller share of counted pixels is dropped, in [0, 1]."""
    boundary_radius: int = 2
    """Pixels this near to another predicted class are damped; 0 damps none."""
    rho: float = 0.25
    """Weight of a damped pixel, in [0, 1]."""
    pooling: str = "top_blocks"
    """A name in POOLINGS."""
    threshold: float = 0.5
    """For "area": a pixel counts above this share of the acquisition's ceiling, in [0, 1]."""
    class_means: bool = False
    """Whether to give `class_means` of damped tiles too; costs a pass for each class."""

    def __post_init__(self) -> None:
        for name, least in (("block", 1), ("margin", 0), ("boundary_radius", 0)):
            if getattr(self, name) < least:
                raise BadTile(
                    f"{name} must be at least {least}, not {getattr(self, name)}.", field=name
                )
        for name in ("top_share", "min_valid", "rho", "threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadTile(
                    f"{name} must be between 0 and 1, not {getattr(self, name)}.", field=name
                )
        if self.top_share == 0:
            raise BadTile("top_share must be above 0.", field="top_share")
        if self.pooling not in POOLINGS:
            raise BadTile(
                f"There is no pooling {self.pooling!r}; there are {', '.join(POOLINGS)}.",
                field="pooling",
            )


def _top_blocks(values: Blocks, counted: Blocks, config: PoolingConfig) -> float:
    """Mean of the top share of block means."""
    return top_mean(values, config.top_share)


def _mean(values: Blocks, counted: Blocks, config: PoolingConfig) -> float:
    """Mean over the counted pixels of the kept blocks; for "area" of 0 and 1."""
    return float((values * counted).sum() / max(1.0, counted.sum()))


POOLINGS: dict[str, Callable[[Blocks, Blocks, PoolingConfig], float]] = {
    "top_blocks": _top_blocks,
    "mean": _mean,
    "area": _mean,
}
"""How the kept blocks, (b,) means and (b,) counted pixels, become one number."""

DEFAULT = PoolingConfig()


@dataclass(frozen=True, eq=False)
class TileScore:
    """What is kept of a tile's probabilities; all of it on the host, a few hundred bytes."""

    score: float
    """Damped uncertainty, pooled as the config says; the unit is the acquisition's, or for "area"
    the share of counted pixels above the threshold."""
    mean: float
    """Plain mean of the undamped uncertainty over the counted pixels."""
    disagreement: float
    """Plain mean of the mutual information over the counted pixels, nats; 0 for one member."""
    class_scores: NDArray[np.float32]
    """(K,) like `score`, for uncertainty times the probability of the class."""
    class_fractions: NDArray[np.float32]
    """(K,) share of the valid pixels that the class is predicted for; sums to 1, or to 0."""
    blocks: NDArray[np.uint8]
    """(H / block, W / block) block scores; 255 is `ceiling`, dropped blocks are 0."""
    ceiling: float
    """What 255 in `blocks` stands for, in the unit of the acquisition."""
    class_means: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """(K,) like `mean`, for uncertainty times the probability of the class; (0,) unless the config
    asks for it or damps nothing."""
    contradiction: float = 0.0
    """Share of the compared pixels that another mask names another class for; 0 without one."""
    compared: float = 0.0
    """Share of the counted pixels that the other mask can say something about."""


def reduced(
    sums: dict[str, Blocks], ranks: Blocks, *, config: PoolingConfig, highest: float
) -> TileScore:
    """Named block sums (rows, columns), and those of ranks (K, rows, columns), to a TileScore."""
    counted, damped = sums["counted"], sums["damped"]
    measured = sums.get("measured", damped)
    by_class = _of_classes(sums, "class", len(ranks))
    _check_probabilities(sums, measured, by_class)
    kept = counted >= max(1.0, config.min_valid * config.block**2)
    shared = np.maximum(counted, 1)
    pooled = POOLINGS[config.pooling]
    pixels = max(1.0, counted.sum())
    means = by_class if config.boundary_radius == 0 and "measured" not in sums else None
    if config.class_means:
        means = _of_classes(sums, "class mean", len(ranks))
    return TileScore(
        score=pooled((measured / shared)[kept], counted[kept], config),
        mean=float(sums["plain"].sum() / pixels),
        disagreement=float(np.sum(sums.get("disagreement", 0)) / pixels),
        class_scores=np.array(
            [pooled((c / shared)[kept], counted[kept], config) for c in by_class], dtype=np.float32
        ),
        class_fractions=fractions(ranks.sum(axis=(1, 2))),
        blocks=np.rint(np.clip(damped / shared * kept / highest, 0, 1) * 255).astype(np.uint8),
        ceiling=highest,
        class_means=np.array([] if means is None else means.sum(axis=(1, 2)) / pixels, np.float32),
        contradiction=_share(sums, "contradicted", of="compared"),
        compared=_share(sums, "compared", of="inside"),
    )


def _of_classes(sums: dict[str, Blocks], name: str, classes: int) -> Blocks:
    return np.stack([sums[f"{name} {k}"] for k in range(classes)])


def _share(sums: dict[str, Blocks], name: str, *, of: str) -> float:
    return float(sums[name].sum() / max(1.0, sums[of].sum())) if name in sums else 0.0


def _check_probabilities(sums: dict[str, Blocks], measured: Blocks, by_class: Blocks) -> None:
    """Σ_c p_c u = u wherever probabilities sum to 1: NaN and logits are caught without a pass."""
    if not (np.isfinite(sums["plain"]).all() and np.isfinite(by_class).all()):
        raise BadTile("The probabilities hold NaN or infinity.", field="probabilities")
    if abs(by_class.sum() - measured.sum()) > SUM_TOLERANCE * measured.sum() + 1e-6:
        raise BadTile(
            "The probabilities of a pixel must sum to 1 over the classes (are these logits?).",
            field="probabilities",
        )
