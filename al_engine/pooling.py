"""From pixels to a tile: how uncertain its most uncertain tenth is.

A mean over the tile drowns a shadow of a few hundred pixels in clear sky, a maximum picks sensor
seams. The score here is the mean of the top tenth of the tile's blocks (ValUES, arXiv 2401.08501:
the way of aggregating changes a ranking as much as the measure of uncertainty does).

All passes over pixels run where the arrays are; one small array of block sums comes back per tile.
Nothing is scaled by what other tiles hold, so a score does not depend on the order of scoring.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, to_device
from numpy.typing import NDArray

from al_engine.acquisition import Array, Ensemble, ceiling
from al_engine.acquisition import acquisition as acquisition_named
from al_engine.boundaries import near_boundary, predicted_class
from al_engine.errors import BadTile

# Half precision leaves the sum of a pixel's probabilities within 1 %; anything further is no
# probability.
SUM_TOLERANCE = 0.02

DLPACK_CPU = 1  # DLDeviceType of main memory


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

    def __post_init__(self) -> None:
        for name, least in (("block", 1), ("margin", 0), ("boundary_radius", 0)):
            if getattr(self, name) < least:
                raise BadTile(
                    f"{name} must be at least {least}, not {getattr(self, name)}.", field=name
                )
        for name in ("top_share", "min_valid", "rho"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadTile(
                    f"{name} must be between 0 and 1, not {getattr(self, name)}.", field=name
                )
        if self.top_share == 0:
            raise BadTile("top_share must be above 0.", field="top_share")


DEFAULT = PoolingConfig()


@dataclass(frozen=True, eq=False)
class TileScore:
    """What is kept of a tile's probabilities; all of it on the host, a few hundred bytes."""

    score: float
    """Mean damped uncertainty of the top tenth of blocks; the unit is the acquisition's."""
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


def score_tile(
    probabilities: Array,
    valid: Array,
    acquisition: str = "entropy",
    config: PoolingConfig = DEFAULT,
) -> TileScore:
    """Score one tile: pixel uncertainty, then pooling.

    probabilities: (M, K, H, W), after temperature and with any test-time flip undone.
    valid: bool (H, W), False where there is no data; the same kind of array, or numpy.
    acquisition: a name in ACQUISITIONS.
    Raises BadTile for an unknown name and for what `Ensemble` and `pool` refuse.
    """
    score = acquisition_named(acquisition)
    ensemble = Ensemble.of(probabilities)
    return pool(
        score(ensemble),
        ensemble.mean,
        valid,
        config,
        highest=ceiling(acquisition, ensemble.mean.shape[0]),
        disagreement=ensemble.mutual_information if ensemble.size > 1 else None,
    )


def pool(
    uncertainty: Array,
    mean_probabilities: Array,
    valid: Array,
    config: PoolingConfig = DEFAULT,
    *,
    highest: float | None = None,
    disagreement: Array | None = None,
) -> TileScore:
    """Reduce a tile's pixels to block scores, class scores and class fractions.

    uncertainty: (H, W) ≥ 0. mean_probabilities: (K, H, W) float32. valid: bool (H, W).
    highest: the largest uncertainty there can be, log K nats unless told.
    disagreement: (H, W) mutual information, nats.
    A tile with nothing to count has score 0 and fractions 0.
    Raises BadTile for shapes that differ, sizes that are no multiple of the block, a tile that is
    all margin, more than 254 classes, and probabilities that are not finite or do not sum to 1.
    """
    xp = array_namespace(uncertainty, mean_probabilities)
    valid = _checked(xp, uncertainty, mean_probabilities, valid, config)
    labels = predicted_class(mean_probabilities)
    counted = xp.astype(_without_margin(xp, valid, config.margin), xp.float32)
    edge = xp.astype(near_boundary(labels, config.boundary_radius), xp.float32)
    damped = uncertainty * counted * (1.0 - (1.0 - config.rho) * edge)
    # Each plane is summed before the next is made: eight live megabytes cost more than the sums.
    sums = [_block_sums(xp, plane, config.block) for plane in (counted, damped)]
    sums += [_block_sums(xp, uncertainty * counted, config.block)]
    sums += [] if disagreement is None else [_block_sums(xp, disagreement * counted, config.block)]
    classes = mean_probabilities.shape[0]
    sums += [
        _block_sums(xp, mean_probabilities[k, ...] * damped, config.block) for k in range(classes)
    ]
    sums += _rank_sums(xp, labels, valid, classes=classes, block=config.block)
    host = _to_host(xp.stack(sums))
    return _reduced(
        host,
        classes=classes,
        config=config,
        highest=math.log(classes) if highest is None else highest,
    )


def _checked(
    xp: Any, uncertainty: Array, mean: Array, valid: Array, config: PoolingConfig
) -> Array:
    """The validity mask beside the scores; BadTile for what does not fit together."""
    if len(uncertainty.shape) != 2:
        raise BadTile(
            f"Uncertainty must be (height, width), not {tuple(uncertainty.shape)}.",
            field="uncertainty",
        )
    height, width = tuple(uncertainty.shape)
    if len(mean.shape) != 3 or tuple(mean.shape[1:]) != (height, width) or mean.shape[0] < 2:
        raise BadTile(
            f"Mean probabilities must be (classes ≥ 2, {height}, {width}), "
            f"not {tuple(mean.shape)}.",
            field="mean_probabilities",
        )
    if mean.shape[0] > 254:
        raise BadTile(f"At most 254 classes, not {mean.shape[0]}.", field="mean_probabilities")
    if height % config.block or width % config.block:
        raise BadTile(
            f"A tile of {height} x {width} pixels does not divide into blocks of {config.block}; "
            "pad it and mark the padding as not valid.",
            field="valid",
        )
    if 2 * config.margin >= min(height, width):
        raise BadTile(
            f"A margin of {config.margin} pixels leaves nothing of {height} x {width}; "
            "give a PoolingConfig for tiles of this size.",
            field="margin",
        )
    if tuple(valid.shape) != (height, width) or not str(valid.dtype).endswith("bool"):
        raise BadTile(
            f"valid must be bool ({height}, {width}), not {valid.dtype} {tuple(valid.shape)}.",
            field="valid",
        )
    if isinstance(valid, np.ndarray) and not isinstance(uncertainty, np.ndarray):
        return xp.asarray(valid, device=device(uncertainty), copy=True)
    return valid


def _without_margin(xp: Any, valid: Array, margin: int) -> Array:
    """`valid` with the outermost `margin` pixels switched off."""
    height, width = valid.shape
    inside = xp.zeros_like(valid)
    centre = (slice(margin, height - margin), slice(margin, width - margin))
    inside[centre] = valid[centre]
    return inside


def _block_sums(xp: Any, plane: Array, block: int) -> Array:
    """(H, W) → (H / block, W / block) float32. Rows first: contiguous sums, three times faster."""
    height, width = plane.shape
    dtype = xp.float32 if xp.isdtype(plane.dtype, "real floating") else xp.int32
    rows = xp.sum(xp.reshape(plane, (height // block, block, width)), axis=1, dtype=dtype)
    parts = xp.reshape(rows, (height // block, width // block, block))
    return xp.astype(xp.sum(parts, axis=2, dtype=dtype), xp.float32, copy=False)


def _rank_sums(xp: Any, labels: Array, valid: Array, *, classes: int, block: int) -> list[Array]:
    """Block sums of min(rank, j) for j = 1 … K, rank = class + 1 where valid, 0 elsewhere.

    Their differences count the pixels of each class. Comparing labels with every class says the
    same, but integer comparisons are not vectorised by every library: this is ten times faster.
    """
    rank = (labels + 1) * xp.astype(valid, xp.uint8)
    return [_block_sums(xp, xp.clip(rank, 0, j), block) for j in range(1, classes + 1)]


def _to_host(sums: Array) -> NDArray[np.float64]:
    """The one transfer of a tile: (planes, H / block, W / block)."""
    near = sums if sums.__dlpack_device__()[0] == DLPACK_CPU else to_device(sums, "cpu")
    return np.from_dlpack(near).astype(np.float64)


def _reduced(
    host: NDArray[np.float64], *, classes: int, config: PoolingConfig, highest: float
) -> TileScore:
    """Block sums (3 [+ 1] + K + K, rows, columns), in the order of `pool`, to a TileScore."""
    plain, by_class, ranks = np.split(host, [-2 * classes, -classes])
    counted, damped = plain[0], plain[1]
    _check_probabilities(damped, by_class)
    kept = counted >= max(1.0, config.min_valid * config.block**2)
    blocks = np.where(kept, damped / np.maximum(counted, 1), 0.0)
    per_class = by_class / np.maximum(counted, 1)
    pixels = max(1.0, counted.sum())
    return TileScore(
        score=_top_mean(blocks[kept], config.top_share),
        mean=float(plain[2].sum() / pixels),
        disagreement=float(plain[3].sum() / pixels) if len(plain) > 3 else 0.0,
        class_scores=np.array(
            [_top_mean(c[kept], config.top_share) for c in per_class], dtype=np.float32
        ),
        class_fractions=_fractions(ranks.sum(axis=(1, 2))),
        blocks=np.rint(np.clip(blocks / highest, 0, 1) * 255).astype(np.uint8),
        ceiling=highest,
    )


def _check_probabilities(damped: NDArray[np.float64], by_class: NDArray[np.float64]) -> None:
    """Σ_c p_c u = u wherever probabilities sum to 1: NaN and logits are caught without a pass."""
    if not (np.isfinite(damped).all() and np.isfinite(by_class).all()):
        raise BadTile("The probabilities hold NaN or infinity.", field="probabilities")
    if abs(by_class.sum() - damped.sum()) > SUM_TOLERANCE * damped.sum() + 1e-6:
        raise BadTile(
            "The probabilities of a pixel must sum to 1 over the classes (are these logits?).",
            field="probabilities",
        )


def _top_mean(values: NDArray[np.float64], share: float) -> float:
    """Mean of the largest ceil(share · n) of `values`; 0 for none."""
    if not len(values):
        return 0.0
    count = math.ceil(share * len(values) - 1e-9)  # 0.1 * 30 must not become 4
    return float(np.sort(values)[-count:].mean())


def _fractions(rank_sums: NDArray[np.float64]) -> NDArray[np.float32]:
    """(K,) shares from the tile's sums of min(rank, j), j = 1 … K."""
    at_least = np.append(np.diff(rank_sums, prepend=0.0), 0.0)  # pixels with rank ≥ 1, 2, … K + 1
    return (-np.diff(at_least) / max(1.0, at_least[0])).astype(np.float32)
