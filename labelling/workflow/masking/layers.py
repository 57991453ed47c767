"""Mask layers of stored tiles: codes, blob and row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import StorageAway
from labelling.imagery.files import Georeference
from labelling.imagery.masks.tables import CANNOT_SAY
from labelling.imagery.masks.tileread import pixels_at
from labelling.imagery.tilefile import write_mask
from labelling.models import Layer, Tile


@dataclass(frozen=True)
class Name:
    """Which layer of a tile."""

    source: str
    version: str
    provides: tuple[int, ...]
    """Classes it can tell; empty for what is no mask."""

    def key(self, tile: Tile) -> str:
        """Of its blob; needs the tile's acquisition and place loaded."""
        return f"layers/{tile.key}/{self.source}-{self.version}.tif"


def data_of(blobs: Blobs, tile: Tile) -> NDArray[np.bool_]:
    """(height, width): where the tile has data in any band. Reads a raster only if it must."""
    if tile.valid_share == 1:
        return np.ones((tile.height, tile.width), dtype=bool)
    return pixels_at(blobs.raster(tile.raster)).any(axis=0)


def only_where(data: NDArray[np.bool_], codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`codes` where the tile has data, 255 elsewhere: no mask knows more than the picture."""
    return np.where(data, codes, CANNOT_SAY).astype(np.uint8)


def class_shares(codes: NDArray[np.uint8], data: NDArray[np.bool_]) -> dict[str, float]:
    """{code: share of the pixels with data}, in order of the codes; empty without data."""
    counts = np.bincount(codes[data], minlength=256)
    total = counts.sum()
    return {str(code): float(counts[code] / total) for code in np.flatnonzero(counts)}


def put(
    blobs: Blobs,
    tile: Tile,
    name: Name,
    codes: NDArray[np.uint8],
    *,
    classes: dict[str, float],
    place: Georeference | None,
) -> Layer:
    """Store the blob of a layer; its row is returned unsaved, without `created`.

    Raises StorageAway when it can't be written.
    """
    key = name.key(tile)
    try:
        blobs.write_with(key, lambda path: write_mask(path, codes, name=name.source, place=place))
    except OSError as error:
        raise StorageAway(
            f"{key}: storage can't be written: {error.strerror}.",
            field="storage",
            help="Make room, and run this again: it goes on from the layers that are stored.",
        ) from error
    return Layer(
        tile=tile,
        source=name.source,
        version=name.version,
        raster=key,
        classes=classes,
        provides=list(name.provides),
        sha256=sha256_of(codes),
    )


def sha256_of(codes: NDArray[np.uint8]) -> str:
    """In hex, of a plane of codes row by row."""
    return hashlib.sha256(np.ascontiguousarray(codes).data).hexdigest()


def save(rows: Sequence[Layer], *, now: datetime) -> None:
    """Insert rows whose blobs are stored. Raises IntegrityError when another was faster."""
    for row in rows:
        row.created = now
    Layer.objects.bulk_create(rows, batch_size=500)
