"""What a tile's figures depend on, as one short key: equal keys, equal figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from al_engine.pooling import PoolingConfig
from labelling.imagery.features import VERSION as FEATURES

VERSION = 1
"""Of how tiles are scored: raised when the same pixels and the same model give other figures."""
BYTES = 16
"""Of a key."""
Keys = NDArray[np.uint8]
"""(n, BYTES)"""
LOOKED_AT = ("raster", "sha256", "planes", "contents", "sun")
"""What of a listed tile a model looks at."""
COMPARED = ("codes", "codes_sha256")
"""And what it is held against."""


@dataclass(frozen=True)
class Recipes:
    """Digests of what all tiles of a round have in common."""

    seen: str
    """Behind embeddings and spectral features."""
    scored: str
    """Behind all figures."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Recipes:
        """Of a plan's header."""
        dice = told["seed"] if told["passes"] > 1 else None  # a plain forward throws none
        seen = [VERSION, FEATURES, version("torch"), version("numpy"), told["bands"]]
        seen += [told["model"], told["passes"], dice]
        pooling = PoolingConfig(class_means=told["class_means"])
        held_against = [told["provides"], told["before"]]
        scored = [*seen, told["acquisition"], repr(pooling), *held_against]
        return cls(_digest(seen), _digest(scored))

    def seen_keys(self, tiles: Sequence[Mapping[str, Any]]) -> Keys:
        return _keys(self.seen, tiles, LOOKED_AT)

    def scored_keys(self, tiles: Sequence[Mapping[str, Any]]) -> Keys:
        return _keys(self.scored, tiles, LOOKED_AT + COMPARED)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _keys(recipe: str, tiles: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Keys:
    keys = np.zeros((len(tiles), BYTES), dtype=np.uint8)
    for row, tile in enumerate(tiles):
        told = json.dumps([recipe, *(tile.get(name) for name in names)], sort_keys=True)
        digest = hashlib.blake2b(told.encode(), digest_size=BYTES).digest()
        keys[row] = np.frombuffer(digest, dtype=np.uint8)
    return keys


def found_in(wanted: Keys, there: Keys) -> NDArray[np.int64]:
    """(n,) the row of `there` that has the same key, -1 where none has."""
    if not len(there):
        return np.full(len(wanted), -1, dtype=np.int64)
    one, other = _words(wanted), _words(there)
    order = np.argsort(other, kind="stable")
    place = np.searchsorted(other, one, sorter=order)
    row = order[np.minimum(place, len(order) - 1)]
    return np.where(other[row] == one, row, -1).astype(np.int64)


def _words(keys: Keys) -> NDArray[Any]:
    """(n,) each key as one thing that can be compared."""
    return np.ascontiguousarray(keys).view(f"V{BYTES}").reshape(-1)
