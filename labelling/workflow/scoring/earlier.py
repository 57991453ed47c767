"""The scores of an earlier round, as far as they are still what scoring would give."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound, StorageAway
from labelling.models import Round
from labelling.workflow.attempt import Attempt
from labelling.workflow.scoring.keys import Keys, Recipes, found_in
from labelling.workflow.scoring.npz import mapped

KEYS, POOL, MAPS = "keys.npz", "pool.npz", "maps.npz"
"""Of an adopted score folder; KEYS isn't there where the round was scored without a model."""
KNOWN = {"embeddings": "known_embeddings", "features": "known_features"}
"""What there is of known tiles, and under which name."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Earlier:
    """Rows of a round's adopted scores: its n' tiles, then its m' known ones."""

    n: int
    """The round's number."""
    arrays: Mapping[str, NDArray[Any]]
    """Of pool.npz, with `blocks` of maps.npz; on the disk."""
    scored_keys: Keys
    seen_keys: Keys
    same_scores: bool
    """Whether its scores were made by the same recipe, and not only its embeddings."""

    def rows_for(self, scored_keys: Keys, seen_keys: Keys) -> NDArray[np.int64]:
        """(n + m,) the row with the same figures, -1 where there is none."""
        n = len(scored_keys)
        rows = found_in(seen_keys, self.seen_keys)
        there = self.scored_keys if self.same_scores else self.scored_keys[:0]
        rows[:n] = found_in(scored_keys, there)
        return rows

    def column(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(len(rows), …) of an array of tiles; of known rows only what KNOWN names."""
        n = len(self.scored_keys)
        if name not in KNOWN:
            return self.arrays[name][rows]
        pool, known = self.arrays[name], self.arrays[KNOWN[name]]
        found = np.empty((len(rows), pool.shape[1] or known.shape[1]), dtype=pool.dtype)
        ours = rows < n
        found[ours], found[~ours] = pool[rows[ours]], known[rows[~ours] - n]
        return found

    @property
    def model(self) -> str:
        return str(self.arrays["model"])

    @property
    def members(self) -> int:
        return int(self.arrays["members"])


def newest(attempt: Attempt, recipes: Recipes) -> Earlier | None:
    """The newest earlier round of the campaign whose scores were adopted, if they are of any use.

    One whose files aren't what they were when they were adopted is left alone.
    """
    earlier = Round.objects.filter(campaign=attempt.round.campaign_id, n__lt=attempt.round.n)
    for n, steps in earlier.order_by("-n").values_list("n", "steps"):
        if "finished" not in steps.get("score", {}):
            continue
        key = f"rounds/{attempt.round.campaign.slug}/{n}/score"
        try:
            return attempt.meanwhile(partial(read, key, n, recipes, attempt.blobs))
        except (NotFound, FileNotFoundError, BadInput, ValueError, KeyError) as damage:
            logger.warning("%s can't be used, its tiles are scored afresh: %s", key, damage)
            return None
        except OSError as away:  # taken for damage, it would have the whole pool scored afresh
            raise StorageAway(f"{key} can't be read now: {away}.", field="storage") from away
    return None


def read(key: str, n: int, recipes: Recipes, blobs: Blobs) -> Earlier | None:
    """The scores under `key`; None where none of them was made as they would be now.

    Raises NotFound, BadInput, ValueError, OSError or KeyError where something is missing or
    damaged.
    """
    index = blobs.index(key)
    if KEYS not in index.files:
        return None
    folder = blobs.folder(key)
    check(folder / KEYS, index.files[KEYS].sha256)
    keys = mapped(folder / KEYS)
    if str(keys["seen"]) != recipes.seen:
        return None
    for name in (POOL, MAPS):
        check(folder / name, index.files[name].sha256)
    arrays = {**mapped(folder / POOL), "blocks": mapped(folder / MAPS)["blocks"]}
    same = str(keys["scored"]) == recipes.scored
    return Earlier(n, arrays, keys["scored_keys"], keys["seen_keys"], same)


def check(path: Path, sha256: str) -> None:
    if sha256_of(path) != sha256:
        raise ValueError(f"{path.name} isn't what was adopted")
