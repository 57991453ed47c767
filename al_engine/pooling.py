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
from array_api_compat import array_namespace, device

from al_engine.acquisition import acquisition as acquisition_named
from al_engine.acquisition import ceiling
from al_engine.blocks import block_sums, rank_sums, to_host
from al_engine.boundaries import near_boundary
from al_engine.ensemble import Ensemble
from al_engine.errors import BadTile
from al_engine.prediction import Array, predicted_class
from al_engine.reduction import DEFAULT, POOLINGS, PoolingConfig, TileScore, reduced

__all__ = ["DEFAULT", "POOLINGS", "PoolingConfig", "TileScore", "pool", "score_tile"]


@dataclass(frozen=True, eq=False)
class Planes:
    """The pixels of one tile, as they are pooled."""

    uncertainty: Array
    """(H, W) ≥ 0."""
    mean: Array
    """(K, H, W) float32."""
    valid: Array
    """bool (H, W)."""
    highest: float
    """The largest uncertainty there can be."""
    disagreement: Array | None = None
    """(H, W) mutual information, nats."""
    beside: Ensemble | None = None
    """Whose codes to compare with, if it has any."""
    only_compared: bool = False
    """Whether pixels that the other mask says nothing about don't count."""


def score_tile(
    probabilities: Array,
    valid: Array,
    acquisition: str = "entropy",
    config: PoolingConfig = DEFAULT,
) -> TileScore:
    """Score one tile: pixel uncertainty, then pooling.

    probabilities: (M, K, H, W), after temperature and with any test-time flip undone; or an
    Ensemble, whose `codes` are then compared too.
    valid: bool (H, W), False where there is no data; the same kind of array, or numpy.
    acquisition: a name in ACQUISITIONS.
    Raises BadTile for an unknown name and for what `Ensemble` and `pool` refuse.
    """
    score = acquisition_named(acquisition)
    ensemble = Ensemble.of(probabilities)
    planes = Planes(
        uncertainty=score(ensemble),
        mean=ensemble.mean,
        valid=valid,
        highest=ceiling(acquisition, ensemble.mean.shape[0]),
        disagreement=ensemble.mutual_information if ensemble.size > 1 else None,
        beside=ensemble if ensemble.codes is not None else None,
        only_compared=acquisition == "contradiction",
    )
    return _pooled(planes, config)


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
    classes = max(2, mean_probabilities.shape[0])
    most = math.log(classes) if highest is None else highest
    return _pooled(Planes(uncertainty, mean_probabilities, valid, most, disagreement), config)


def _pooled(given: Planes, config: PoolingConfig) -> TileScore:
    xp = array_namespace(given.uncertainty, given.mean)
    valid = _checked(xp, given.uncertainty, given.mean, given.valid, config)
    labels = predicted_class(given.mean)
    inside = _without_margin(xp, valid, config.margin)
    if given.only_compared and given.beside is not None:
        counted = xp.astype(inside & given.beside.compared, xp.float32)
    else:
        counted = xp.astype(inside, xp.float32)
    # Each plane is summed before the next is made: eight live megabytes cost more than the sums.
    sums = {"counted": block_sums(xp, counted, config.block)}
    plain = given.uncertainty * counted
    measured = _damped(xp, plain, labels, config)
    sums["damped"] = block_sums(xp, measured, config.block)
    sums["plain"] = block_sums(xp, plain, config.block)
    if config.pooling == "area":
        measured = xp.astype(measured > config.threshold * given.highest, xp.float32)
        sums["measured"] = block_sums(xp, measured, config.block)
    sums |= _extra_sums(xp, given, inside, counted, config.block)
    classes = given.mean.shape[0]
    by_class = {"class": measured, **({"class mean": plain} if config.class_means else {})}
    for name, plane in by_class.items():
        for k in range(classes):
            sums[f"{name} {k}"] = block_sums(xp, given.mean[k, ...] * plane, config.block)
    ranks = rank_sums(xp, labels, valid, classes=classes, block=config.block)
    host = to_host(xp.stack([*sums.values(), *ranks]))
    named = dict(zip(sums, host))
    return reduced(named, host[len(sums) :], config=config, highest=given.highest)


def _damped(xp: Any, plain: Array, labels: Array, config: PoolingConfig) -> Array:
    """Uncertainty with the band around predicted boundaries counting `rho`."""
    if not config.boundary_radius:
        return plain
    edge = xp.astype(near_boundary(labels, config.boundary_radius), xp.float32)
    return plain * (1.0 - (1.0 - config.rho) * edge)


def _extra_sums(
    xp: Any, given: Planes, inside: Array, counted: Array, block: int
) -> dict[str, Array]:
    """Block sums of what only some tiles have: several members, another mask."""
    sums = {}
    if given.disagreement is not None:
        sums["disagreement"] = block_sums(xp, given.disagreement * counted, block)
    if given.beside is not None:
        for name in ("compared", "contradicted"):
            plane = xp.astype(getattr(given.beside, name) & inside, xp.float32)
            sums[name] = block_sums(xp, plane, block)
        sums["inside"] = block_sums(xp, xp.astype(inside, xp.float32), block)
    return sums


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
