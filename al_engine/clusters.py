"""Where tiles lie in a space of features: scales, k-means cells, typicality. Plain numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.pools import Pool
from al_engine.selection import Rows, Vectors

SAMPLE = 20_000
"""Tiles that cells are fitted on and coverage picks come from; larger pools are sampled."""
MOST_CELLS = 1000
ITERATIONS = 10
FAR = 8.0  # robust standard deviations beyond which a feature says no more than "far"
NEIGHBOURS = 20  # of TypiClust
CROWD = 1000  # tiles of one cell, nearest to its centre, that compete for being typical
CHUNK = 1024
DECIMALS = 5  # squared distances are rounded: how a library sums products must not decide ties


@dataclass(frozen=True, eq=False)
class Space:
    """A sample of the pool and what is known already, in one scaled space of features."""

    rows: Rows
    """(s,) rows of the pool, ascending."""
    vectors: Vectors
    """(s, F)"""
    known: Vectors
    """(m, F) labelled, in-flight and chosen tiles."""


def space(
    pool: Pool, columns: tuple[str, ...], taken: Rows, *, count: int, rng: np.random.Generator
) -> Space:
    """The space of those columns of the pool ("features", "embeddings") that it has.

    Each is scaled robustly on the sample and weighs the same, whatever its width. taken: rows that
    are chosen already and count as known. Pools of more than max(20 000, 4 count) are sampled.
    """
    size = max(SAMPLE, 4 * count)
    rows = np.arange(pool.size)
    if pool.size > size:
        rows = np.sort(rng.permutation(pool.size)[:size])
    parts = []
    for name in columns:
        vectors: Vectors = getattr(pool, name)
        if vectors.shape[1]:
            known = np.concatenate([getattr(pool, f"known_{name}"), vectors[taken]])
            scale = Scale.of(vectors[rows])
            parts.append((scale(vectors[rows]), scale(known)))
    return Space(
        rows,
        np.hstack([part[0] for part in parts]),
        np.hstack([part[1] for part in parts]),
    )


@dataclass(frozen=True, eq=False)
class Scale:
    """Robust z-scores of F features, over √F: spaces of any width weigh the same."""

    middle: NDArray[np.floating]
    """(F,) medians."""
    deviation: NDArray[np.floating]
    """(F,) > 0: median deviations, where they are 0 the plain ones, where those are 0 too 1."""

    @classmethod
    def of(cls, vectors: Vectors) -> "Scale":
        """The scale of these tiles, (s, F)."""
        middle = np.median(vectors, axis=0)
        deviation = 1.4826 * np.median(np.abs(vectors - middle), axis=0)
        plain = vectors.std(axis=0)
        return cls(middle, np.where(deviation > 0, deviation, np.where(plain > 0, plain, 1.0)))

    def __call__(self, vectors: Vectors) -> Vectors:
        """(r, F) → (r, F)."""
        width = np.sqrt(vectors.shape[1])
        moved = np.clip((vectors - self.middle) / self.deviation, -FAR, FAR)
        out: Vectors = (moved / width).astype(np.float32)
        return out


@dataclass(frozen=True, eq=False)
class Cells:
    """k-means cells of a space."""

    labels: NDArray[np.int64]
    """(s,) cell of each sampled row."""
    known: NDArray[np.int64]
    """(k,) known tiles in each cell."""
    centres: Vectors
    """(k, F)"""


def cells(given: Space, *, count: int, rng: np.random.Generator) -> Cells:
    """Cells for a batch of `count`: as many as there are known tiles and places in the batch.

    Source: TypiClust, Hacohen et al. (ICML 2022), arXiv 2202.02794, K = labelled + batch; there at
    most 500, here 1 000.
    """
    everything = np.concatenate([given.vectors, given.known[:SAMPLE]])
    wanted = min(len(given.known) + count, MOST_CELLS, len(given.vectors))
    centres = k_means(everything, wanted, rng=rng)
    labels = nearest_centre(given.vectors, centres)
    known = np.bincount(nearest_centre(given.known, centres), minlength=len(centres))
    return Cells(labels, known, centres)


def k_means(vectors: Vectors, count: int, *, rng: np.random.Generator) -> Vectors:
    """At most `count` centres (k, F): k-means++ seeds, then ten rounds of Lloyd.

    vectors: (s, F), s ≥ 1. A cell that loses all its tiles keeps its centre.
    Source: Arthur and Vassilvitskii (2007); Lloyd (1982).
    """
    centres = vectors[_seeds(vectors, count, rng=rng)]
    labels = nearest_centre(vectors, centres)
    for _ in range(ITERATIONS):
        sizes = np.bincount(labels, minlength=len(centres))
        order = np.argsort(labels, kind="stable")
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        full = sizes > 0
        sums = np.add.reduceat(vectors[order], starts[full], axis=0)
        centres = centres.copy()
        centres[full] = sums / sizes[full, None].astype(np.float32)
        before, labels = labels, nearest_centre(vectors, centres)
        if (before == labels).all():
            break
    return centres


def _seeds(vectors: Vectors, count: int, *, rng: np.random.Generator) -> Rows:
    """Rows drawn one after the other, in proportion to squared distance from those drawn."""
    squares = (vectors**2).sum(axis=1)
    seeds = [int(rng.integers(len(vectors)))]
    distance = np.full(len(vectors), np.inf, dtype=np.float32)
    while len(seeds) < count:
        last = seeds[-1]
        step = squares - 2 * (vectors @ vectors[last]) + squares[last]
        step = np.round(np.maximum(step, 0, out=step), DECIMALS, out=step)
        np.minimum(distance, step, out=distance)
        mass = np.cumsum(distance, dtype=np.float64)
        if not mass[-1] > 0:
            break  # every tile coincides with a seed
        seeds.append(int(np.searchsorted(mass, rng.random() * mass[-1], side="right")))
    return np.array(seeds, dtype=np.int64)


def nearest_centre(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """(s,) the nearest centre of each vector; of equals the first."""
    own = (centres**2).sum(axis=1)
    labels = np.empty(len(vectors), dtype=np.int64)
    for first in range(0, len(vectors), CHUNK):
        part = vectors[first : first + CHUNK]
        squares = part @ centres.T
        squares *= -2
        squares += own
        labels[first : first + CHUNK] = np.round(squares, DECIMALS, out=squares).argmin(axis=1)
    return labels


def typical_first(vectors: Vectors, centre: Vectors) -> Rows:
    """Places of one cell's tiles, the most typical first.

    Typicality is 1 / mean distance to the 20 nearest tiles of the cell. In a cell of more than
    1 000 the nearest to the centre compete, and the others follow by distance.
    vectors: (c, F). Source: TypiClust (arXiv 2202.02794), equation 4.
    """
    out = np.round(((vectors - centre) ** 2).sum(axis=1), DECIMALS)
    inner = np.argsort(out, kind="stable")
    crowd, rest = inner[:CROWD], inner[CROWD:]
    squares = (vectors[crowd] ** 2).sum(axis=1)
    apart = squares[:, None] - 2 * (vectors[crowd] @ vectors[crowd].T) + squares
    near = min(NEIGHBOURS + 1, len(crowd))  # the nearest is the tile itself
    closest = np.partition(np.clip(apart, 0, None), near - 1, axis=1)[:, :near]
    mean = np.round(np.sqrt(closest).sum(axis=1) / max(1, near - 1), DECIMALS)
    return np.concatenate([crowd[np.argsort(mean, kind="stable")], rest])
