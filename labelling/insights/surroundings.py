"""The ground around a tile, as its own scene shows it: the cloud of a shadow is often next door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound, RasterRejected, StorageAway
from labelling.imagery.tilefile import read_tile
from labelling.models import Campaign, Tile

MARGIN = 256
"""Pixels on each side of the tile."""
EVERY = 2
"""Rows and columns between two that are told: it is to be seen, not to be painted on."""
AROUND = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


def surroundings(
    tile: Tile, bands: Sequence[str], *, campaigns: Iterable[Campaign], blobs: Blobs
) -> NDArray[np.uint16]:
    """(bands, height, width) uint16, reflectance x 10 000, of the tile and MARGIN pixels around it,
    every EVERYth row and column; 0 in the tile itself, and where none of the campaigns has a
    neighbour of the same scene and level. The tile has acquisition and place loaded. One query.

    A neighbour whose raster is lost or can't be read is left out: the tile can be drawn without.
    """
    tall, wide = tile.height + 2 * MARGIN, tile.width + 2 * MARGIN
    seen = np.zeros((len(bands), tall // EVERY, wide // EVERY), np.uint16)
    for (down, right), other in neighbours(tile, campaigns=campaigns).items():
        try:
            pixels = read_tile(blobs.raster(other.raster), bands)[:, ::EVERY, ::EVERY]
        except (NotFound, RasterRejected, StorageAway):
            continue
        top = (MARGIN + down * tile.height) // EVERY
        left = (MARGIN + right * tile.width) // EVERY
        _put(seen, pixels, top, left)
    return seen


def neighbours(tile: Tile, *, campaigns: Iterable[Campaign]) -> dict[tuple[int, int], Tile]:
    """{(rows down, columns right): tile} of the eight beside it, of the same scene and size."""
    wanted = _keys(tile.acquisition.place.key)
    found = Tile.objects.filter(
        scene=tile.scene_id,
        level=tile.level,
        height=tile.height,
        width=tile.width,
        acquisition__place__key__in=wanted,
        enrolments__campaign__in=[campaign.pk for campaign in campaigns],
    )
    placed = found.select_related("acquisition__place").distinct()
    return {wanted[each.acquisition.place.key]: each for each in placed}


def _keys(key: str) -> dict[str, tuple[int, int]]:
    """{key of a place beside this one: where it lies}; empty off the fixed grid."""
    parts = key.rsplit("/", 2)
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return {}
    grid, row, column = parts[0], int(parts[1]), int(parts[2])
    return {f"{grid}/{row + down}/{column + right}": (down, right) for down, right in AROUND}


def _put(seen: NDArray[np.uint16], pixels: NDArray[np.uint16], top: int, left: int) -> None:
    """Write `pixels` with their corner at (top, left), cut to what is seen."""
    _, tall, wide = seen.shape
    bottom, right = min(tall, top + pixels.shape[1]), min(wide, left + pixels.shape[2])
    seen[:, max(0, top) : bottom, max(0, left) : right] = pixels[
        :, max(0, -top) : bottom - top, max(0, -left) : right - left
    ]
