"""How a batch is split over classes, and which floors it keeps."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from al_engine.autoconfig import AutoConfig
from al_engine.batches import ALL
from al_engine.errors import BadRequest
from al_engine.pools import Pool
from al_engine.selection import interleaved, weighted_quotas

LEAST_WEIGHT, MOST_WEIGHT = 0.15, 0.40


def gap_weights(iou: Sequence[float]) -> tuple[float, ...]:
    """Quota weights from each class's validation IoU: 1 - IoU as shares, clipped to [.15, .40].

    iou: (K,) in [0, 1], from validation tiles, never from the test tiles. Returns (K,), sum 1.
    Source: section 8.3 of the design; after DCAU-AL (arXiv 2604.08965).
    """
    gaps = 1 - np.asarray(iou, dtype=np.float64)
    if not (np.isfinite(gaps).all() and (gaps >= 0).all() and (gaps <= 1).all()):
        raise BadRequest(f"IoU must lie in [0, 1], not {list(iou)}.", field="iou")
    shares = gaps / gaps.sum() if gaps.any() else np.full(len(gaps), 1 / len(gaps))
    clipped = np.clip(shares, LEAST_WEIGHT, MOST_WEIGHT)
    return tuple((clipped / clipped.sum()).tolist())


def class_quotas(
    pool: Pool,
    by_class: NDArray[np.float32],
    count: int,
    config: AutoConfig,
    rng: np.random.Generator,
) -> tuple[dict[int, int], list[str]]:
    """Picks for each class and for ALL, and what the lead should know about it.

    by_class: (n, K) what the classes are ranked by; a class without any score has no quota.
    Raises BadRequest for weights or floors of another number of classes.
    """
    classes = by_class.shape[1]
    for name in ("class_weights", "class_floors"):
        if len(getattr(config, name)) not in (0, classes):
            raise BadRequest(
                f"{name} must have {classes} numbers, one a class of the model, "
                f"not {len(getattr(config, name))}.",
                field=name,
            )
    seen = [c for c in range(classes) if by_class[:, c].any()]
    notes = _unseen(pool, seen)
    stratified = math.floor(config.stratified_share * count + 0.5) if seen else 0
    weights = {c: config.class_weights[c] if config.class_weights else 1.0 for c in seen}
    quotas = {**weighted_quotas(stratified, weights, rng=rng), ALL: count - stratified}
    return _with_floors(quotas, config.class_floors, count), notes


def _unseen(pool: Pool, seen: list[int]) -> list[str]:
    notes = [
        f"Class {c} has no quota: no tile scores for it."
        for c in range(pool.classes)
        if c not in seen
    ]
    if pool.class_fractions.shape[1]:
        never = [c for c in seen if not pool.class_fractions[:, c].any()]
        notes += [
            f"Class {c} is predicted nowhere: its quota goes to where it is likeliest."
            for c in never
        ]
    return notes


def _with_floors(quotas: dict[int, int], floors: Sequence[float], count: int) -> dict[int, int]:
    """Raise quotas to their floors, at the cost of ALL, then of the largest others."""
    least = {c: math.floor(share * count + 1e-9) for c, share in enumerate(floors) if c in quotas}
    raised = {c: max(n, least.get(c, 0)) for c, n in quotas.items()}
    while sum(raised.values()) > count:
        spare = [c for c in raised if c != ALL and raised[c] > least.get(c, 0)]
        giver = ALL if raised[ALL] else max(spare, key=lambda c: (raised[c], -c))
        raised[giver] -= 1
    return raised


def strata_floors(labels: NDArray[np.int64], share: float, count: int) -> dict[int, int]:
    """Least picks for each stratum: `share` of an even split of `count`, rounded down.

    labels: (n,) season or place of each tile; -1 has no floor.
    """
    present = np.unique(labels[labels >= 0]).tolist()
    if not present:
        return {}
    return {int(s): math.floor(share * count / len(present) + 1e-9) for s in present}


def floor_slots(floors: dict[int, int]) -> list[int]:
    """Each stratum as often as its floor says, evenly mixed."""
    return interleaved(floors)
