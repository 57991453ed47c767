"""What a tile looks like, small enough to keep in its row: near-duplicates have near ones.

A fingerprint is the mean reflectance of CELLS by CELLS cells in up to BANDS bands, spread over
those that hold data. Sensor noise averages out; another date or another place doesn't.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELLS = 4
"""Along each side of a tile."""
BANDS = 4
"""Bands looked at, at most."""
HEAD = 2
"""Bytes of the mean of all cells at the front: fingerprints sort by it."""

Cells = NDArray[np.uint16]
"""(bands, CELLS, CELLS) reflectance in ten-thousandths; 0 where a cell has no data."""


def cells(pixels: NDArray[np.uint16]) -> Cells:
    """Means of a tile's pixels (bands, size, size) with data in any band."""
    held = [band for band, plane in enumerate(pixels) if plane.any()]
    chosen = held[:: -(-len(held) // BANDS)] if held else []
    valid = np.bitwise_or.reduce(pixels, axis=0) > 0
    counts = np.maximum(_sums(valid[None]), 1)
    return np.rint(_sums(pixels[chosen]) / counts).astype(np.uint16)


def packed(means: Cells) -> bytes:
    """As kept in a row; empty for a tile without data."""
    if not means.size:
        return b""
    return head(float(means.mean())) + means.astype("<u2").tobytes()


def unpacked(kept: bytes) -> Cells:
    """The opposite of `packed`."""
    return np.frombuffer(kept[HEAD:], dtype="<u2").reshape(-1, CELLS, CELLS)


def head(mean: float) -> bytes:
    """The front of all fingerprints with this mean (rounded down), for range queries."""
    return int(min(max(mean, 0), 2**16 - 1)).to_bytes(HEAD, "big")


def differences(means: Cells, others: NDArray[np.uint16]) -> tuple[NDArray, NDArray]:
    """Mean and largest absolute difference, (n,) each, to `others` (n, bands, CELLS, CELLS)."""
    apart = np.abs(others.astype(np.int32) - means.astype(np.int32)).reshape(len(others), -1)
    return apart.mean(axis=1), apart.max(axis=1, initial=0)


def _sums(planes: NDArray) -> NDArray[np.int64]:
    count, size, _ = planes.shape
    side = size // CELLS
    rows = planes.reshape(count, CELLS, side, size).sum(axis=2, dtype=np.uint32)
    return rows.reshape(count, CELLS, CELLS, side).sum(axis=3, dtype=np.int64)
