"""A snapshot's pool cut into folds by scene, and each fold's training set as a snapshot of its own.

No scene is ever on both sides: neither among the tiles that teach a fold's model, nor among those
that stop and calibrate it, is one of a scene that the model judges.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelling.errors import BadInput
from training.files import write_whole
from training.snapshot import Sample, Snapshot

POOL, VALIDATION = "pool", "validation"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Fold:
    """Tiles that one model judges."""

    number: int
    held: tuple[Sample, ...]

    @property
    def scenes(self) -> set[str]:
        return {sample.group for sample in self.held}


def folds_of(snapshot: Snapshot, *, folds: int, seed: int) -> list[Fold]:
    """The pool's labelled samples in folds of whole scenes, as even as those allow.

    Scenes go, the largest first and equal ones in the seed's order, to the fold with the fewest
    tiles. Raises BadInput where there are fewer scenes than folds.
    """
    pool = snapshot.of_split(POOL)
    placed = placed_scenes(Counter(sample.group for sample in pool), folds=folds, seed=seed)
    return [
        Fold(number, tuple(each for each in pool if placed[each.group] == number))
        for number in range(folds)
    ]


def placed_scenes(tiles: Mapping[str, int], *, folds: int, seed: int) -> dict[str, int]:
    """{scene: fold}; `tiles` a scene. Raises BadInput."""
    if not 2 <= folds <= len(tiles):
        raise BadInput(
            f"{len(tiles)} labelled scenes of the pool can't make {folds} folds.",
            field="folds",
            help="Ask for 2 folds at least, and for no more than there are scenes."
            if len(tiles) > 1
            else "Label tiles of two scenes at least, and freeze another snapshot.",
        )
    scenes = sorted(tiles)
    dice = np.random.default_rng(seed).permutation(len(scenes))
    shuffled = [scenes[place] for place in dice]
    load = [0] * folds
    placed = {}
    for scene in sorted(shuffled, key=lambda each: -tiles[each]):
        placed[scene] = load.index(min(load))
        load[placed[scene]] += tiles[scene]
    return placed


def write_fold(snapshot: Snapshot, fold: Fold, folder: Path) -> Path:
    """The fold's training set in `folder`: what is left of pool and validation without its scenes.

    It borrows the snapshot's chips. The same fold is the same file, to the byte.
    """
    manifest = json.loads((snapshot.folder / MANIFEST).read_bytes())
    manifest["samples"] = teaching(manifest["samples"], fold.scenes)
    manifest["chips"] = str(snapshot.chips)
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()
    write_whole(folder / MANIFEST, content)
    return folder


def teaching(entries: Sequence[dict[str, Any]], held: set[str]) -> list[dict[str, Any]]:
    """Entries of a manifest that may teach, stop or calibrate the model of these held scenes."""
    return [
        each
        for each in entries
        if each["split"] in (POOL, VALIDATION) and each["group"] not in held
    ]
