"""Strategies that spread a batch over the pool without asking how unsure a model is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from al_engine.batches import ALL, Batch, Draw, batch_of
from al_engine.clusters import Cells, Space, cells, space, typical_first
from al_engine.errors import BadPool
from al_engine.guard import Guard, Picks, relaxing
from al_engine.guards import guard_of, open_guard
from al_engine.pools import Pool
from al_engine.selection import Rows, Vectors, equal_quotas, interleaved

EVERYWHERE = ("features", "embeddings")
SPECTRAL = ("features",)

Inside = Callable[[Vectors, Vectors, Rows], Rows]
"""Puts a cell's tiles in order: (vectors, centre, rows of the pool) to places."""


@dataclass(eq=False)
class Cover:
    """Fills slots from the cells of a space, emptiest cells first."""

    given: Space
    cells: Cells
    strata: NDArray[np.int64]
    """(s,) stratum of each sampled row; a slot takes from its own, ALL from any."""
    guard: Guard
    inside: Inside
    _orders: dict[int, list[int]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._known = self.cells.known.copy()
        self._members: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def attempt(self, slots: list[int]) -> tuple[Picks, list[int]]:
        """Picks and the slots left empty, each slot from the cell of its stratum that has fewest
        known and chosen tiles, of equals the largest."""
        picks: Picks = []
        empty: list[int] = []
        for slot in slots:
            found = self._take(slot)
            if found is None:
                empty.append(slot)
            else:
                picks.append((found, slot))
        return picks, empty

    def _take(self, slot: int) -> int | None:
        labels, sizes = self._of_stratum(slot)
        for cell in labels[np.lexsort((labels, -sizes, self._known[labels]))].tolist():
            for place in self._order(cell):
                if slot not in (ALL, int(self.strata[place])):
                    continue
                row = int(self.given.rows[place])
                if self.guard.admits(row):
                    self.guard.take(row)
                    self._known[cell] += 1
                    return row
        return None

    def _of_stratum(self, slot: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells that the stratum has tiles in, and how many."""
        if slot not in self._members:
            chosen = self.cells.labels if slot == ALL else self.cells.labels[self.strata == slot]
            labels, sizes = np.unique(chosen, return_counts=True)
            self._members[slot] = (labels.astype(np.int64), sizes.astype(np.int64))
        return self._members[slot]

    def _order(self, cell: int) -> list[int]:
        """Places in the sample of the cell's tiles, best first."""
        if cell not in self._orders:
            places = np.flatnonzero(self.cells.labels == cell)
            order = self.inside(
                self.given.vectors[places], self.cells.centres[cell], self.given.rows[places]
            )
            self._orders[cell] = places[order].tolist()
        return self._orders[cell]


def strata_of(fractions: NDArray[np.float32]) -> NDArray[np.int64]:
    """(n,) the class that each tile has more of, relative to the pool, than of any other.

    fractions: (n, K) class shares. The largest share alone would put nearly every tile under
    clear; relative to the pool a few percent of shadow make a tile one of shadow's.
    """
    mean = fractions.mean(axis=0, dtype=np.float64)
    relative = np.round(fractions / np.where(mean > 0, mean, 1.0), 6)
    strata: NDArray[np.int64] = relative.argmax(axis=1).astype(np.int64)
    return strata


def fractions_of(pool: Pool) -> NDArray[np.float32]:
    """Predicted class shares, else those of a rule mask, else none (n, 0)."""
    return pool.class_fractions if pool.class_fractions.shape[1] else pool.mask_fractions


def cover(
    draw: Draw,
    guard: Guard,
    slots: list[int],
    *,
    columns: tuple[str, ...],
    fractions: NDArray[np.float32],
    typical: bool,
) -> tuple[Picks, list[str]]:
    """Fill the slots from emptiest cells. What the guard has taken counts as known.

    columns: names of the pool's arrays that span the space. fractions: (n, K) class shares that
    slots other than ALL refer to. typical: the most typical tile of a cell, or one by lot.
    """
    if not any(getattr(draw.pool, name).shape[1] for name in columns):
        raise BadPool(
            f"Coverage needs {' or '.join(columns)} of the tiles, and this pool has none.",
            field=columns[0],
        )
    taken = np.array(guard.taken, dtype=np.int64)
    given = space(draw.pool, columns, taken, count=len(slots), rng=draw.rng)
    lot = draw.rng.permutation(draw.pool.size)
    filled = Cover(
        given,
        cells(given, count=len(slots), rng=draw.rng),
        strata_of(fractions)[given.rows] if fractions.shape[1] else np.zeros_like(given.rows),
        guard,
        _typical_inside if typical else _lot_inside(lot),
    )
    picks, notes = relaxing(slots, guard, filled.attempt)
    rest, more = _beyond_cells(guard, lot, len(slots) - len(picks))
    return picks + rest, notes + more


def _typical_inside(vectors: Vectors, centre: Vectors, rows: Rows) -> Rows:
    return typical_first(vectors, centre)


def _lot_inside(lot: Rows) -> Inside:
    return lambda vectors, centre, rows: np.argsort(lot[rows], kind="stable")


def _beyond_cells(guard: Guard, lot: Rows, count: int) -> tuple[Picks, list[str]]:
    """What the cells could not fill: a stratum, or the sample, is used up."""
    if not count:
        return [], []
    rest = [row for row in lot.tolist() if guard.admits(row)][:count]
    for row in rest:
        guard.take(row)
    note = f"{len(rest)} tiles were drawn by lot: their strata or the sampled cells were used up."
    return [(row, ALL) for row in rest], [note]


def covered(picks: Sequence[tuple[int, int]], notes: Sequence[str]) -> Batch:
    """The picks as a batch of the slice "coverage"."""
    rows = np.array([row for row, _ in picks], dtype=np.int64)
    quotas = np.array([quota for _, quota in picks], dtype=np.int64)
    return batch_of(rows, "coverage", quotas=quotas, notes=notes)


def kmeans(draw: Draw) -> Batch:
    """One tile by lot from each spectral k-means cell without a labelled tile, largest cells first.

    Cells: k-means on Pool.features, K = labelled and in-flight tiles + batch. No model, no
    uncertainty, no caps. The baseline that the pilot found uniform random to be a straw man beside.
    """
    guard = open_guard(draw)
    slots = [ALL] * draw.count
    none = draw.pool.mask_fractions[:, :0]
    picks, notes = cover(draw, guard, slots, columns=SPECTRAL, fractions=none, typical=False)
    return covered(picks, notes)


def stratified(draw: Draw) -> Batch:
    """Tiles by lot from spectral k-means cells × predicted-class strata; no uncertainty.

    The batch is split equally over classes; a tile's stratum is the class it has most of relative
    to the pool (predicted, before a model by a rule mask, else one stratum). In each, the cell with
    fewest known tiles is next, of equals the largest. Same caps and de-duplication as `auto`.
    The honest rival of every strategy that claims to know where a model is unsure: the baseline of
    section 8.5. After cover-aware random sampling in nnActive (arXiv 2511.19183).
    """
    fractions = fractions_of(draw.pool)
    present = sorted(set(strata_of(fractions).tolist())) if fractions.shape[1] else [ALL]
    quotas = equal_quotas(draw.count, present, rng=draw.rng)
    picks, notes = cover(
        draw,
        guard_of(draw),
        interleaved(quotas),
        columns=SPECTRAL,
        fractions=fractions,
        typical=False,
    )
    return covered(picks, notes)


def coverage(draw: Draw) -> Batch:
    """The most typical tile of each cell without a labelled tile, largest cells first.

    Cells: k-means on spectral features and embeddings, K = labelled and in-flight tiles + batch;
    typicality = 1 / mean distance to the 20 nearest of the cell. Same caps and de-duplication as
    `auto`. Source: TypiClust, Hacohen et al. (ICML 2022), arXiv 2202.02794.
    """
    guard = guard_of(draw)
    slots = [ALL] * draw.count
    none = draw.pool.mask_fractions[:, :0]
    picks, notes = cover(draw, guard, slots, columns=EVERYWHERE, fractions=none, typical=True)
    return covered(picks, notes)
