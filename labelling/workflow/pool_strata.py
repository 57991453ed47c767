"""Where and when a tile of the pool was seen, as the engine's caps and floors count it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.models import Tile

BLOCK = 3
"""Tiles along a neighbourhood's side: one of 3 x 3 of one moment is shown much like its others."""
UNKNOWN = -1

Whole = NDArray[np.int64]


def strata_of(tile: Tile) -> dict[str, Any]:
    """{square, season: 0 winter … 3 autumn or -1, patch: "" off the grid}; no query where the
    acquisition and its place are loaded."""
    place, taken = tile.acquisition.place, tile.acquisition.taken
    return {
        "square": place.square,
        "season": season(taken, place.latitude),
        "patch": patch(place.key, taken),
    }


def season(taken: datetime | None, latitude: float | None) -> int:
    """The meteorological season at the place: 0 winter, 1 spring, 2 summer, 3 autumn; -1 unknown.

    South of the equator half a year apart; where the latitude isn't known, as in the north.
    """
    if taken is None:
        return UNKNOWN
    northern = taken.month % 12 // 3
    return (northern + 2) % 4 if latitude is not None and latitude < 0 else northern


def patch(key: str, taken: datetime | None) -> str:
    """The block of tiles of one moment that a place of the fixed grid lies in; "" off the grid."""
    parts = key.rsplit("/", 2)
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return ""
    row, column = int(parts[1]) // BLOCK, int(parts[2]) // BLOCK
    return f"{parts[0]}/{row}/{column}/{taken.isoformat() if taken else 'undated'}"


def numbered(words: Sequence[str]) -> Whole:
    """(n,) the same number for the same word, -1 for an empty one."""
    _, numbers = np.unique(list(words), return_inverse=True)
    known = np.array([bool(word) for word in words], dtype=bool)
    return np.where(known, numbers, UNKNOWN).astype(np.int64)


def strata(tiles: Sequence[dict[str, Any]]) -> dict[str, Whole]:
    """The engine's arrays of listed tiles, (n,) each: neighbourhoods, places, seasons.

    Tiles that were listed before they were told count as unknown.
    """
    return {
        "neighbourhoods": numbered([each.get("patch", "") for each in tiles]),
        "places": numbered([each.get("square", "") for each in tiles]),
        "seasons": np.array([each.get("season", UNKNOWN) for each in tiles], dtype=np.int64),
    }
