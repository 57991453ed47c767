"""What a choice among many ranked tiles is made of: noise, orders, draws, quotas, distances.

Plain numpy on one number or vector a tile. The dice are always an argument.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

SCORE_FLOOR = 1e-9  # keeps log finite where a class was never predicted
SHORTEST = 1e-30  # a vector of length 0 is divided by this and stays 0
BETA_LAST = 100.0
BETA_ROUNDS = 10


def beta(round_no: int) -> float:
    """Sharpness of the power noise, 1 in round 1 rising exponentially to 100 in round 10 and after.

    Source: ClaSP-PE (arXiv 2601.13677), `exponential_schedule(query_steps, 1, 100)`.
    """
    step = min(max(round_no - 1, 0), BETA_ROUNDS - 1)
    return float(BETA_LAST ** (step / (BETA_ROUNDS - 1)))


def power_noise(count: int, sharpness: float, *, rng: np.random.Generator) -> Floats:
    """(count,) Gumbel(0, 1/sharpness): added to log scores, the top of the sum is a random batch.

    Source: power acquisition, Kirsch et al., TMLR 2023 (arXiv 2106.12059).
    """
    return rng.gumbel(0.0, 1.0 / sharpness, size=count)


def ranked(keys: NDArray[np.floating], *, rng: np.random.Generator) -> Rows:
    """Rows by descending key; equal keys fall in random order, never in that of the file."""
    # A stable sort of a shuffled pool: five times faster than a second key of random numbers.
    lot = rng.permutation(len(keys))
    return lot[np.argsort(-keys[lot], kind="stable")]


def uniform_draw(size: int, count: int, *, rng: np.random.Generator) -> Rows:
    """`count` of `size` rows without replacement, every row with probability count / size."""
    return rng.permutation(size)[:count]


def weighted_quotas(
    count: int, weights: Mapping[int, float], *, rng: np.random.Generator
) -> dict[int, int]:
    """Split `count` picks in proportion to the weights, by largest remainder; ties are drawn.

    weights: finite, ≥ 0, by class; all zero counts as all equal.
    """
    total = sum(weights.values())
    shares = {c: count * (w / total if total else 1 / len(weights)) for c, w in weights.items()}
    quotas = {c: math.floor(share + 1e-9) for c, share in shares.items()}
    lot = dict(zip(weights, rng.permutation(len(weights)).tolist()))
    by_remainder = sorted(weights, key=lambda c: (round(quotas[c] - shares[c], 9), lot[c]))
    for c in by_remainder[: count - sum(quotas.values())]:
        quotas[c] += 1
    return quotas


def equal_quotas(count: int, classes: Sequence[int], *, rng: np.random.Generator) -> dict[int, int]:
    """Split `count` picks equally over classes; who gets the odd ones is drawn."""
    return weighted_quotas(count, dict.fromkeys(classes, 1.0), rng=rng)


def interleaved(quotas: dict[int, int]) -> list[int]:
    """Each quota's name as often as it has picks, evenly spread: half a batch is balanced too."""
    slots = [((i + 0.5) / n, quota) for quota, n in quotas.items() for i in range(n)]
    return [quota for _, quota in sorted(slots)]


def directions(vectors: Vectors, *, centre: Vectors) -> Vectors:
    """Unit vectors from the centre (n, D); a vector at the centre stays zero.

    Features after a ReLU all point into one corner; without a centre every pair looks alike.
    """
    moved = np.asarray(vectors, dtype=np.float32) - centre
    length = np.linalg.norm(moved, axis=-1, keepdims=True)
    return moved / np.maximum(length, np.float32(SHORTEST))


def standings(keys: NDArray[np.floating], rows: Rows) -> Rows:
    """(len(rows),) the place, from 1, that each row has by descending key; equals share the best.

    keys: (n,).
    """
    best_first = -np.sort(-np.asarray(keys))
    return 1 + np.searchsorted(-best_first, -np.asarray(keys)[rows], side="left")
