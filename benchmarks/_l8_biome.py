"""The real Landsat-8 Biome tiles beside the checkout, as benchmarks judge and train on them."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.files import opened
from labelling.imagery.masks.maskers import CSMASK
from labelling.imagery.tilefile import read_tile
from training.evaluation.evidence import Truth
from training.evaluation.scheme import CLEAR, SHADOW, Collapse, Scheme
from training.snapshot import FORMAT, Class

SAMPLES = Path(os.environ.get("WORKBENCH_SAMPLES") or "../shared/data") / "l8_biome"
FOUR = Scheme.of(
    [
        Class(code, name)
        for code, name in enumerate(("clear", "cloud", "semi-transparent", "shadow"))
    ]
)
BOTH = Collapse.onto(FOUR, CSMASK.source.provides)
"""The classes that the net and csmask have."""
COMPLETE = {
    "Forest_00_1008", "Forest_05_0415", "Forest_08_0805",
    "GrassCrops_01_0413", "GrassCrops_02_0608", "Shrubland_00_0614",
}  # fmt: skip
"""Tiles whose shadows are all labelled, as the data's README says."""

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Tile:
    name: str
    scene: str
    bands: tuple[str, ...]
    pixels: NDArray[np.uint16]
    """(B, H, W)"""
    label: Mask
    """(H, W) channels of FOUR, 255 where nobody labelled or there is no data."""


def read(label: Path) -> Tile:
    name = label.name.removesuffix("_label.tif")
    path = label.with_name(f"{name}.tif")
    with opened(path) as dataset:
        bands = tuple(str(each).partition("_")[0] for each in dataset.descriptions)
    pixels = read_tile(path)
    with opened(label) as dataset:
        codes: Mask = dataset.read(1)
    codes[~pixels.any(axis=0)] = 255
    return Tile(name, name.rpartition("_")[0], bands, pixels, codes)


def shared(tile: Tile, said: Mask) -> tuple[Truth, Mask]:
    """Truth and prediction in the classes that both masks have, shadow where it is known."""
    truth = BOTH(tile.label)
    if tile.name in COMPLETE:
        return Truth(tile.scene, truth), said
    names = BOTH.merged.codes
    shadow, clear = names.index(SHADOW), names.index(CLEAR)
    return (
        Truth(tile.scene, np.where(truth == shadow, clear, truth).astype(np.uint8)),
        np.where(said == shadow, clear, said).astype(np.uint8),
    )


def with_known_shadow(tile: Tile, label: Mask) -> Mask:
    """The label, without what may be shadow where that isn't labelled in full."""
    if tile.name in COMPLETE:
        return label
    return np.where(label == SHADOW, 255, label).astype(np.uint8)


def write_snapshot(tiles: Sequence[Tile], room: Path) -> None:
    """A training set of these tiles alone, as `training` reads it."""
    room.mkdir(parents=True)

    def chip(array: NDArray[Any]) -> str:
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array))
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        (room / f"{digest}.npy").write_bytes(buffer.getvalue())
        return digest

    manifest = {
        "format": FORMAT,
        "campaign": "l8-biome",
        "tile_size": int(tiles[0].label.shape[0]),
        "bands": list(tiles[0].bands),
        "classes": [{"code": code, "name": name} for code, name in zip(FOUR.codes, FOUR.names)],
        "chips": ".",
        "synthetic": False,
        "samples": [
            {
                "key": tile.name, "group": tile.scene, "split": "pool", "trust": 1.0,
                "bands": chip(tile.pixels), "label": chip(tile.label), "source": "l8biome",
            }
            for tile in tiles
        ],
    }  # fmt: skip
    (room / "manifest.json").write_text(json.dumps(manifest))
