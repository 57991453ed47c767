"""Pool, validation or test: decided by the ground a tile shows, once and for ever."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from labelling.errors import BadInput
from labelling.imagery.files import Georeference

SPLITS = ("pool", "validation", "test")
EQUAL_AREA = "EPSG:6933"
"""One global equal-area projection, so that neighbouring UTM zones agree about the ground."""
SQUARE = 100_000.0
"""Side of a ground square, in metres."""
LATTICE = 16
"""Steps along a tile's side at which its outline is brought onto the squares."""
DEFAULT_SHARES = {"pool": 0.7, "validation": 0.15, "test": 0.15}
"""Where an installation starts; frozen at its first ingest."""


def ground_squares(place: Georeference, positions: Sequence[tuple[float, float]]) -> list[str]:
    """Names of the 100 km equal-area squares under (row, column) positions of a raster, in pixels.

    Raises RasterRejected when a position can't be brought onto the globe.
    """
    return [
        f"6933/{math.floor(east / SQUARE)}/{math.floor(north / SQUARE)}"
        for east, north in place.project(EQUAL_AREA, positions)
    ]


def squares_touched(place: Georeference, *, size: int) -> list[str]:
    """Names of all 100 km squares that a tile of `size` by `size` pixels may show a part of.

    Its corners alone don't tell: a tile lies askew on the squares, and may reach with an edge into
    one that holds none of its corners. These are the squares under the box round a lattice over the
    tile, a thousandth wider, which covers how far an edge bends between two points of the lattice.
    So two tiles that show the same ground always have a square in common.
    Raises RasterRejected when a position can't be brought onto the globe.
    """
    steps = [size * step / LATTICE for step in range(LATTICE + 1)]
    points = place.project(EQUAL_AREA, [(row, column) for row in steps for column in steps])
    columns, rows = (_span([point[axis] for point in points]) for axis in (0, 1))
    return [f"6933/{column}/{row}" for column in columns for row in rows]


def split_of(ground: str, shares: Mapping[str, float], *, seed: int = 0) -> str:
    """`pool`, `validation` or `test` for a ground square's name, or a scene's where it has none.

    `shares` and `seed` are the installation's; the shares, in [0, 1], sum to 1. The answer depends
    on nothing else. Raises BadInput for unfair shares.
    """
    check_shares(shares)
    digest = hashlib.sha256(f"{seed}/{ground}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64  # [0, 1)
    if position < shares["test"]:
        return "test"
    return "validation" if position < shares["test"] + shares["validation"] else "pool"


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise BadInput unless `shares` names each split once, in [0, 1], and sums to 1."""
    fair = set(shares) == set(SPLITS) and all(0 <= share <= 1 for share in shares.values())
    if not fair or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise BadInput(
            f"The shares of the splits are {dict(shares)}.",
            field="shares",
            help=f"Give {', '.join(SPLITS)} shares from 0 to 1 that sum to 1.",
        )


def _span(values: Sequence[float]) -> range:
    """Numbers of the squares from the least to the greatest value, in metres, and a margin."""
    low, high = min(values), max(values)
    margin = (high - low) / 1000
    return range(math.floor((low - margin) / SQUARE), math.floor((high + margin) / SQUARE) + 1)
