"""What a batch may still take: caps, no near-duplicates, and the order in which both give way."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from al_engine.selection import Floats, Rows, Vectors, directions

CLOSEST = 1e-3  # chord below which two tiles are the same one: keeps the log of distance finite
CHUNK = 4096
DECIMALS = 5  # cosines are rounded: how a library sums products must not decide

Picks = list[tuple[int, int]]
"""(row, quota) in pick order."""
Attempt = Callable[[list[int]], tuple[Picks, list[int]]]
"""Slots (quota names) to the picks made and the slots left empty."""


@dataclass(eq=False)
class Limit:
    """At most `most` tiles with the same label, but for label -1."""

    name: str
    labels: NDArray[np.int64]
    """(n,)"""
    most: float
    taken: dict[int, int] = field(default_factory=dict, init=False)

    def admits(self, row: int) -> bool:
        label = int(self.labels[row])
        return label < 0 or self.taken.get(label, 0) < self.most

    def take(self, row: int) -> None:
        label = int(self.labels[row])
        self.taken[label] = self.taken.get(label, 0) + 1


@dataclass(eq=False)
class Guard:
    """What a batch may still take: few tiles a group, none nearly equal to one known or taken."""

    groups: NDArray[np.int64]
    """(n,) product of each row."""
    embeddings: Vectors
    """(n, D)"""
    known: Vectors
    """(m, D) labelled and in-flight tiles."""
    cap: float
    """Most rows of one group; raise it to relax."""
    threshold: float
    """Cosine above which two rows are near-duplicates; math.inf to let them pass."""
    limits: tuple[Limit, ...] = ()
    """Further caps; a label of -1 is not capped."""
    taken: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        everything = len(self.embeddings) + len(self.known)
        total = self.embeddings.sum(axis=0, dtype=np.float64) + self.known.sum(
            axis=0, dtype=np.float64
        )
        self._centre = (total / max(1, everything)).astype(np.float32)
        self._known = directions(self.known, centre=self._centre)
        self._chosen = self._known[:0]
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
        if not all(limit.admits(row) for limit in self.limits):
            return False
        return math.isinf(self.threshold) or not self._is_duplicate(row)

    def take(self, row: int) -> None:
        self.taken.append(row)
        self._free[row] = False
        group = int(self.groups[row])
        self._per_group[group] = self._per_group.get(group, 0) + 1
        for limit in self.limits:
            limit.take(row)
        self._chosen = np.vstack([self._chosen, self.directions([row])])

    def directions(self, rows: list[int] | Rows) -> Vectors:
        """(r, D) unit vectors of these rows, as seen from the centre of all tiles."""
        return directions(self.embeddings[rows], centre=self._centre)

    def nearest(self, rows: Rows) -> Floats:
        """(r,) cosine to the nearest known or taken tile, -1 where there is none."""
        nearest = np.full(len(rows), -1.0)
        towards = self.directions(rows)
        for first in range(0, len(self._known), CHUNK):
            cosines = towards @ self._known[first : first + CHUNK].T
            nearest = np.maximum(nearest, cosines.max(axis=1))
        if len(self._chosen):
            nearest = np.maximum(nearest, (towards @ self._chosen.T).max(axis=1))
        return nearest

    def _is_duplicate(self, row: int) -> bool:
        # What is seen only grows: once a duplicate, always one, whichever quota asks.
        if not self._duplicate[row]:
            towards = self.directions([row])[0]
            self._duplicate[row] = any(
                len(seen) and round(float((seen @ towards).max()), DECIMALS) > self.threshold
                for seen in (self._known, self._chosen)
            )
        return bool(self._duplicate[row])


@dataclass(eq=False)
class Shortlist:
    """The best rows of a quota, chosen from by rank and by distance to all that is known.

    value = z(rank key) + weight · log(chord to the nearest labelled, in-flight or chosen tile),
    z standardised over the shortlist. Source: section 8.3 of the design; greedy k-centre after
    Sener and Savarese (ICLR 2018), held by the rank.
    """

    rows: Rows
    keys: Floats
    """(r,) what the rows are ranked by."""
    weight: float

    def __post_init__(self) -> None:
        spread = float(self.keys.std()) if len(self.keys) else 0.0
        self._z = (self.keys - self.keys.mean()) / spread if spread else np.zeros(len(self.keys))
        self._nearest: Floats | None = None
        self._folded = 0

    def best(self, guard: Guard) -> int | None:
        """The row of largest value that the guard admits."""
        self._fold(guard)
        assert self._nearest is not None
        chord = np.sqrt(np.clip(2 - 2 * self._nearest, CLOSEST**2, None))
        value = np.round(self._z + self.weight * np.log(chord), DECIMALS)
        for place in np.argsort(-value, kind="stable").tolist():
            if guard.admits(int(self.rows[place])):
                return int(self.rows[place])
        return None

    def _fold(self, guard: Guard) -> None:
        """Bring the distances up to what was taken meanwhile."""
        if self._nearest is None:
            self._nearest = guard.nearest(self.rows)
        else:
            new = guard.directions(guard.taken[self._folded :])
            if len(new):
                cosines = (guard.directions(self.rows) @ new.T).max(axis=1)
                self._nearest = np.maximum(self._nearest, cosines)
        self._folded = len(guard.taken)


class Chooser(Protocol):
    """A quota's own way of choosing among some of its rows."""

    def best(self, guard: Guard) -> int | None:
        """The next row, if any is left that the guard admits."""
        ...


def fill(
    slots: Iterable[int],
    orders: dict[int, Rows],
    guard: Guard,
    shortlists: Mapping[int, Chooser] | None = None,
) -> tuple[Picks, list[int]]:
    """Give each slot the best row of its quota's order that the guard admits, and take it.

    slots: quota names in pick order. orders: each quota's rows, best first. shortlists: where
    given, a quota takes from its shortlist as long as that has an admitted row.
    Returns (row, quota) in pick order, and the slots left empty because nothing was admitted.
    """
    # A refused row stays refused while the cap stands, so every order is walked only once.
    walks = {quota: map(int, order) for quota, order in orders.items()}
    picks: Picks = []
    empty: list[int] = []
    for quota in slots:
        row = shortlists[quota].best(guard) if shortlists else None
        if row is None:
            row = next((r for r in walks[quota] if guard.admits(r)), None)
        if row is None:
            empty.append(quota)
            continue
        guard.take(row)
        picks.append((row, quota))
    return picks, empty


def relaxing(slots: list[int], guard: Guard, attempt: Attempt) -> tuple[Picks, list[str]]:
    """Fill every slot, giving way where it must be: first the caps of places, then the cap of
    products, doubling, then the caps of neighbourhoods, and near-duplicates last.

    Returns the picks and what gave way, as sentences.
    """
    picks, empty = attempt(slots)
    notes: list[str] = []
    for step in (_lift("place"), _raise_cap, _lift("neighbourhood"), _let_duplicates_in):
        if empty:
            more, empty, said = step(empty, guard, attempt)
            picks, notes = picks + more, notes + said
    return picks, notes


Step = Callable[[list[int], Guard, Attempt], tuple[Picks, list[int], list[str]]]


def _lift(name: str) -> Step:
    def lift(
        slots: list[int], guard: Guard, attempt: Attempt
    ) -> tuple[Picks, list[int], list[str]]:
        lifted = [limit for limit in guard.limits if limit.name == name]
        if not lifted:
            return [], slots, []
        guard.limits = tuple(limit for limit in guard.limits if limit.name != name)
        note = f"The cap of {lifted[0].most} a {name} was lifted to find enough tiles."
        return (*attempt(slots), [note])

    return lift


def _raise_cap(
    slots: list[int], guard: Guard, attempt: Attempt
) -> tuple[Picks, list[int], list[str]]:
    first_cap, largest = guard.cap, guard.largest_group
    picks: Picks = []
    while slots and guard.cap < largest:
        guard.cap *= 2
        more, slots = attempt(slots)
        picks += more
    if guard.cap == first_cap:
        return picks, slots, []
    note = f"The cap of {first_cap} a product was raised to {guard.cap} to find enough tiles."
    return picks, slots, [note]


def _let_duplicates_in(
    slots: list[int], guard: Guard, attempt: Attempt
) -> tuple[Picks, list[int], list[str]]:
    guard.threshold = math.inf
    picks, empty = attempt(slots)
    note = f"{len(picks)} near-duplicates were let in: too few other tiles were left."
    return picks, empty, [note] if picks else []
