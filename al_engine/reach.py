"""Uncertain tiles far from all that is known: a score times a power of a distance."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from al_engine.clusters import CHUNK, DECIMALS, SAMPLE, Scale
from al_engine.guard import CLOSEST, Guard
from al_engine.pools import Pool
from al_engine.selection import Floats, Rows, Vectors


@dataclass(eq=False)
class Distances:
    """How far candidates lie from the nearest labelled, in-flight or chosen tile."""

    rows: Rows
    """(c,) rows of the pool, ascending."""
    features: Vectors
    """(n, F) of the whole pool."""
    scale: Scale
    known: Vectors
    """(m, F) labelled and in-flight tiles, not scaled."""
    _folded: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._vectors = self.scale(self.features[self.rows])
        self._squares = np.full(len(self.rows), math.inf)
        for first in range(0, len(self.known), CHUNK):
            self._fold(self.scale(self.known[first : first + CHUNK]))

    def squares(self, guard: Guard) -> Floats:
        """(c,) squared distances, with what was taken meanwhile; inf where nothing is known."""
        new = guard.taken[self._folded :]
        if new:
            self._fold(self.scale(self.features[new]))
            self._folded = len(guard.taken)
        return self._squares

    def _fold(self, others: Vectors) -> None:
        own = (others**2).sum(axis=1)
        for first in range(0, len(self._vectors), CHUNK):
            part = self._vectors[first : first + CHUNK]
            apart = (part**2).sum(axis=1)[:, None] - 2 * (part @ others.T) + own
            near = np.round(np.maximum(apart.min(axis=1), 0), DECIMALS)
            held = self._squares[first : first + CHUNK]
            np.minimum(held, near, out=held)


@dataclass(eq=False)
class Farthest:
    """A quota's candidates: the one of largest score times distance to the power `weight` is next.

    Source: the sampling weight of k-means++ (Arthur and Vassilvitskii, 2007) times the score, as
    in weighted core sets, taken greedily: of two tiles that a model doubts alike the one unlike
    all that is known, and of two that are as strange the one that it doubts.
    """

    places: Rows
    """(q,) places in `distances.rows`, best keys first."""
    keys: Floats
    """(q,) log score, with noise if there is any."""
    weight: float
    distances: Distances

    def best(self, guard: Guard) -> int | None:
        """The row of largest value that the guard admits."""
        squares = np.minimum(self.distances.squares(guard)[self.places], 1 / CLOSEST**2)
        value = self.keys + self.weight / 2 * np.log(squares + CLOSEST**2)
        rows = self.distances.rows[self.places]
        for place in np.argsort(-np.round(value, DECIMALS), kind="stable").tolist():
            if guard.admits(int(rows[place])):
                return int(rows[place])
        return None


def distances(pool: Pool, rows: Rows, *, rng: np.random.Generator) -> Distances | None:
    """Of these rows in the space of the pool's features, else of its embeddings, else None.

    Scaled robustly on the pool, or on a sample of 20 000 tiles of a larger one.
    """
    for name in ("features", "embeddings"):
        vectors: Vectors = getattr(pool, name)
        if vectors.shape[1]:
            sample: NDArray[np.int64] | slice = slice(None)
            if pool.size > SAMPLE:
                sample = np.sort(rng.permutation(pool.size)[:SAMPLE])
            scale = Scale.of(vectors[sample])
            return Distances(np.unique(rows), vectors, scale, getattr(pool, f"known_{name}"))
    return None
