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
