"""All rows of a pool put together: from shards, and from an earlier round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.pools import FIGURES, Pool
from labelling.errors import JobFailed
from labelling.workflow.scoring.earlier import KEYS, KNOWN, MAPS, POOL
from labelling.workflow.scoring.keys import Recipes
from labelling.workflow.scoring.npz import mapped, writing
from labelling.workflow.scoring.plan import Plan

AT_ONCE = 8192
"""Rows put together at a time."""
OF_TILES = (
    "scores", "means", "disagreement", "contradiction", "compared", "class_scores", "embeddings",
    "class_means", "class_fractions", "features",
)  # fmt: skip
STREAMED = ("blocks", "class_fractions")
"""What maps.npz holds."""


@dataclass(frozen=True)
class Rows:
    """The figures of a plan's tiles, n of the pool and m known ones, in the plan's order."""

    plan: Plan
    shards: Sequence[Path]
    """Their files, in order."""

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """(n + m + 1,) how many rows before each are scored, not taken over."""
        return np.concatenate([[0], np.cumsum(self.plan.source < 0)])

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(shards + 1,) the place of each shard's first tile."""
        return np.concatenate([[0], np.cumsum(self.plan.header.sizes)]).astype(np.int64)

    def pieces(self, name: str, first: int, end: int) -> Iterator[NDArray[Any]]:
        """Rows first … end of an array, AT_ONCE at a time."""
        for begin in range(first, end, AT_ONCE):
            yield self.piece(name, begin, min(begin + AT_ONCE, end))

    def piece(self, name: str, first: int, end: int) -> NDArray[Any]:
        source = self.plan.source[first:end]
        scored = self.scored(name, int(self.place[first]), int(self.place[end]))
        taken = source >= 0
        if not taken.any():
            return scored
        assert self.plan.earlier is not None
        old = self.plan.earlier.column(name, source[taken])
        if taken.all():
            return old
        both = np.empty((end - first, *old.shape[1:]), dtype=old.dtype)
        both[taken], both[~taken] = old, scored
        return both

    def scored(self, name: str, first: int, end: int) -> NDArray[Any]:
        """Scored rows by their place; of none of them an empty array."""
        parts = []
        for n in range(int(np.searchsorted(self.starts, first, "right")) - 1, len(self.shards)):
            start = int(self.starts[n])
            if start >= end:
                break
            parts.append(mapped(self.shards[n])[name][max(first - start, 0) : end - start])
        return np.concatenate(parts) if parts else np.zeros(0)

    def whole(self, name: str, first: int, end: int) -> NDArray[Any]:
        """Rows first … end in memory, once."""
        pieces = self.pieces(name, first, end)
        head = next(pieces, None)
        if head is None:
            return np.zeros((0, *self.shape(name)), dtype=np.float32)
        held = np.empty((end - first, *head.shape[1:]), dtype=head.dtype)
        held[: len(head)], at = head, len(head)
        for piece in pieces:
            held[at : at + len(piece)] = piece
            at += len(piece)
        return held

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one row."""
        if self.shards:
            return mapped(self.shards[0])[name].shape[1:]
        if self.plan.earlier is not None:
            return self.plan.earlier.arrays[name].shape[1:]
        return () if name in FIGURES else (0,)


def merge(rows: Rows, out: Path, results: Sequence[dict[str, Any]]) -> None:
    """Write KEYS, MAPS and POOL; POOL last: it means done. Raises JobFailed for figures of
    another model."""
    plan, (model, members) = rows.plan, whose(rows.plan, results)
    n, both = len(plan.tiles), len(plan.source)
    recipes = Recipes.of(plan.header.told)
    np_keys = {
        "scored": np.array(recipes.scored),
        "seen": np.array(recipes.seen),
        "scored_keys": plan.scored_keys,
        "seen_keys": plan.seen_keys,
    }
    with writing(out / KEYS) as archive:
        for name, array in np_keys.items():
            archive.array(name, array.dtype, array.shape, [array])
    with writing(out / MAPS) as archive:
        for name in STREAMED:
            first = rows.piece(name, 0, min(n, 1))
            shape = (n, *(first.shape[1:] if n else rows.shape(name)))
            dtype = first.dtype if n else (np.uint8 if name == "blocks" else np.float32)
            archive.array(name, dtype, shape, rows.pieces(name, 0, n))
    _, groups = np.unique([tile["group"] for tile in plan.tiles], return_inverse=True)
    known = {KNOWN[name]: rows.whole(name, n, both) for name in KNOWN}
    Pool(
        **{name: rows.whole(name, 0, n) for name in OF_TILES},
        **known,
        groups=groups.astype(np.int64),
        acquisition=plan.header.told["acquisition"],
        model=model,
        members=members,
        embeddings_from=model,
        known_from=model,
    ).save(out / POOL)


def whose(plan: Plan, results: Sequence[dict[str, Any]]) -> tuple[str, int]:
    """(hash of the model, members behind each score)."""
    told = {(each["model"], each["members"]) for each in results}
    if plan.earlier is not None and (plan.source >= 0).any():
        told.add((plan.earlier.model, plan.earlier.members))
    if len(told) > 1:
        raise JobFailed(f"Shards were scored by different models: {sorted(told)}.")
    return next(iter(told), ("", 0))
