"""The pool of a replay as plain arrays, and the folder it is kept in for all worker processes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from training.snapshot import IGNORE, Class

POOL = "pool.json"


@dataclass(frozen=True, eq=False)
class Tiles:
    """n tiles of S by S pixels with B bands; what is known of them in arrays of one length."""

    pixels: NDArray[np.uint16]
    """(n, B, S, S) reflectance x 10 000, 0 = no data."""
    label: NDArray[np.uint8]
    """(n, S, S) channel indices 0 … K - 1, or IGNORE."""
    group: NDArray[np.int64]
    """(n,) the product each was cut from."""

    @property
    def count(self) -> int:
        return len(self.group)

    @property
    def size(self) -> int:
        return int(self.pixels.shape[-1])

    def class_pixels(self, classes: int) -> NDArray[np.int64]:
        """(n, K) labelled pixels of each class."""
        wide = self.label.reshape(self.count, -1)
        return np.stack([(wide == k).sum(axis=1) for k in range(classes)], axis=1)


@dataclass(frozen=True, eq=False)
class ReplayPool:
    """Sets of tiles that share no product: to choose from, to judge on, to calibrate with, and to
    transfer from."""

    name: str
    about: str
    """One sentence for the report: what these tiles are, and how many."""
    synthetic: bool
    bands: tuple[str, ...]
    classes: tuple[Class, ...]
    pool: Tiles
    """Its labels are an annotator's, revealed one tile at a time."""
    test: Tiles
    """Its labels are the truth; nothing but the judging ever reads them."""
    validation: Tiles | None
    """Fits temperatures, in every arm alike; None: models are not calibrated."""
    source: Tiles | None
    """What the model knew before, trained on and replayed in every batch; None for a cold start."""

    def __post_init__(self) -> None:
        for name, tiles in self.parts().items():
            check_tiles(name, tiles, bands=len(self.bands), classes=len(self.classes))

    def parts(self) -> dict[str, Tiles]:
        named = {
            "pool": self.pool,
            "test": self.test,
            "validation": self.validation,
            "source": self.source,
        }
        return {name: tiles for name, tiles in named.items() if tiles is not None}


def check_tiles(name: str, tiles: Tiles, *, bands: int, classes: int) -> None:
    """Raises BadInput for an empty set, shapes that differ, or codes that are no class."""
    n, size = len(tiles.group), tiles.pixels.shape[-1]
    if not n:
        raise BadInput(f"The {name} set holds no labelled tile.", field=name)
    if tiles.pixels.shape != (n, bands, size, size) or tiles.label.shape != (n, size, size):
        raise BadInput(
            f"The {name} set must be {n} square tiles of {bands} bands with a label each, not "
            f"{tiles.pixels.shape} with {tiles.label.shape}.",
            field=name,
        )
    seen = np.unique(tiles.label)
    if foreign := [int(code) for code in seen if code >= classes and code != IGNORE]:
        raise BadInput(
            f"The {name} set has label codes {foreign}; there are {classes} classes.", field=name
        )


def keep(pool: ReplayPool, folder: Path) -> None:
    """Write the arrays as .npy, to be mapped by every worker, and pool.json last."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, tiles in pool.parts().items():
        for array in ("pixels", "label", "group"):
            np.save(folder / f"{part}-{array}.npy", getattr(tiles, array))
    told = {
        "name": pool.name,
        "about": pool.about,
        "synthetic": pool.synthetic,
        "bands": list(pool.bands),
        "classes": [[one.code, one.name] for one in pool.classes],
        "parts": list(pool.parts()),
    }
    beside = folder / f".{POOL}.tmp"
    beside.write_text(json.dumps(told))
    beside.replace(folder / POOL)


def kept(folder: Path) -> ReplayPool:
    """The inverse of `keep`; arrays are mapped, not read."""
    told: dict[str, Any] = json.loads((folder / POOL).read_text())

    def part(name: str) -> Tiles | None:
        if name not in told["parts"]:
            return None
        arrays = (
            np.load(folder / f"{name}-{array}.npy", mmap_mode="r", allow_pickle=False)
            for array in ("pixels", "label", "group")
        )
        return Tiles(*arrays)

    pool, test = part("pool"), part("test")
    assert pool is not None
    assert test is not None
    return ReplayPool(
        name=told["name"],
        about=told["about"],
        synthetic=told["synthetic"],
        bands=tuple(told["bands"]),
        classes=tuple(Class(code, name) for code, name in told["classes"]),
        pool=pool,
        test=test,
        validation=part("validation"),
        source=part("source"),
    )
