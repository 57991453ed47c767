"""Which of many ranked tiles make a good batch: noise, caps, quotas and no near-duplicates.

Plain numpy on one number or vector a tile. The dice are always an argument.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    return np.lexsort((rng.random(len(keys)), -keys))


def uniform_draw(size: int, count: int, *, rng: np.random.Generator) -> Rows:
    """`count` of `size` rows without replacement, every row with probability count / size."""
    return rng.permutation(size)[:count]


def equal_quotas(count: int, classes: Sequence[int], *, rng: np.random.Generator) -> dict[int, int]:
    """Split `count` picks equally over classes; who gets the odd ones is drawn."""
    if not classes:
        return {}
    share, odd = divmod(count, len(classes))
    lucky = {int(c) for c in rng.permutation(np.asarray(classes))[:odd]}
    return {c: share + (c in lucky) for c in classes}


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


def farthest_first(vectors: Vectors, known: Vectors, count: int) -> Rows:
    """Greedy k-centre: again and again the row farthest from all that is known or picked.

    vectors: (n, D). known: (m, D), the labelled tiles and those in annotators' hands: leaving the
    latter out sends their duplicates. Equal distances go to the first row. Picks at most n rows;
    with nothing known it starts at the row farthest from the mean. O(count · n · D).
    Source: Gonzalez (1985); core-set selection, Sener and Savarese (ICLR 2018).
    """
    anchors = known if len(known) else vectors.mean(axis=0, keepdims=True)
    distance = np.full(len(vectors), np.inf)
    for anchor in anchors:
        distance = np.minimum(distance, _distances(vectors, anchor))
    picked: list[int] = []
    for _ in range(min(count, len(vectors))):
        farthest = int(distance.argmax())
        picked.append(farthest)
        distance = np.minimum(distance, _distances(vectors, vectors[farthest]))
        distance[farthest] = -1  # a duplicate of a pick may be picked, a pick never again
    return np.array(picked, dtype=np.int64)


def _distances(vectors: Vectors, anchor: Vectors) -> Floats:
    return np.linalg.norm(vectors - anchor, axis=1).astype(np.float64)


@dataclass(eq=False)
class Guard:
    """What a batch may still take: few tiles a group, none nearly equal to one known or taken."""

    groups: NDArray[np.int64]
    """(n,) product of each row."""
    embeddings: Vectors
    """(n, D)"""
    known: Vectors
    """(m, D) labelled and in-flight tiles."""
    cap: int
    """Most rows of one group; raise it to relax."""
    threshold: float
    """Cosine above which two rows are near-duplicates; math.inf to let them pass."""
    taken: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        everything = len(self.embeddings) + len(self.known)
        total = self.embeddings.sum(axis=0, dtype=np.float64) + self.known.sum(
            axis=0, dtype=np.float64
        )
        self._centre = (total / max(1, everything)).astype(np.float32)
        self._seen = directions(self.known, centre=self._centre)
        self._per_group: dict[int, int] = {}
        self._free = np.ones(len(self.groups), dtype=np.bool_)
        self._duplicate = np.zeros(len(self.groups), dtype=np.bool_)

    @property
    def largest_group(self) -> int:
        return int(np.unique(self.groups, return_counts=True)[1].max(initial=0))

    def admits(self, row: int) -> bool:
        """Whether the row may be taken now."""
        if not self._free[row] or self._per_group.get(int(self.groups[row]), 0) >= self.cap:
            return False
        return math.isinf(self.threshold) or not self._is_duplicate(row)

    def take(self, row: int) -> None:
        self.taken.append(row)
        self._free[row] = False
        group = int(self.groups[row])
        self._per_group[group] = self._per_group.get(group, 0) + 1
        self._seen = np.vstack([self._seen, self._direction(row)])

    def _is_duplicate(self, row: int) -> bool:
        # What is seen only grows: once a duplicate, always one, whichever quota asks.
        if not self._duplicate[row] and len(self._seen):
            self._duplicate[row] = bool(
                (self._seen @ self._direction(row)[0]).max() > self.threshold
            )
        return bool(self._duplicate[row])

    def _direction(self, row: int) -> Vectors:
        return directions(self.embeddings[row : row + 1], centre=self._centre)


def fill(
    slots: Iterable[int], orders: dict[int, Rows], guard: Guard
) -> tuple[list[tuple[int, int]], list[int]]:
    """Give each slot the best row of its quota's order that the guard admits, and take it.

    slots: quota names in pick order. orders: each quota's rows, best first.
    Returns (row, quota) in pick order, and the slots left empty because nothing was admitted.
    """
    # A refused row stays refused while the cap stands, so every order is walked only once.
    walks = {quota: iter(order.tolist()) for quota, order in orders.items()}
    picks: list[tuple[int, int]] = []
    empty: list[int] = []
    for quota in slots:
        row = next((r for r in walks[quota] if guard.admits(r)), None)
        if row is None:
            empty.append(quota)
            continue
        guard.take(row)
        picks.append((row, quota))
    return picks, empty
