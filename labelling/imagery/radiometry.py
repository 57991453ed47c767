"""From digital numbers to reflectance: the rule, applied once, at ingest.

Stored is reflectance in ten-thousandths, (DN + offset) · 10 000 / quantification, as uint16:
0 is no data and 65535 saturated, as in the product; a reflectance from 6.5534 up is 65534, and one
at or below 0 is 1, because 0 means something else. Offset and quantification come from the
product's metadata (ESA, Sentinel-2 Products Specification Document, RADIO_ADD_OFFSET_LIST and
QUANTIFICATION_VALUE). Rows keep the rule's version beside what it applied.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RULE = 1
"""Version of the rule above; a scene without digital numbers to convert has 0."""
SCALE = 10_000
"""Stored units to a reflectance of 1."""
NO_DATA, SATURATED = 0, 65_535
LOWEST, HIGHEST = 1, 65_534
"""Stored values that are a reflectance."""


def reflectance(
    numbers: NDArray[np.uint16], *, offset: int, quantification: float
) -> NDArray[np.uint16]:
    """Digital numbers of one band, any shape, as stored reflectance of that shape."""
    if quantification != SCALE:
        return _table(offset, quantification)[numbers]
    if offset == 0 or not numbers.size:
        return numbers
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest != NO_DATA and lowest + offset >= LOWEST and highest + max(offset, 0) <= HIGHEST:
        return numbers + np.uint16(offset) if offset > 0 else numbers - np.uint16(-offset)
    return _table(offset, quantification)[numbers]


def negatives(numbers: NDArray[np.uint16], *, offset: int) -> int:
    """How many digital numbers come out below a reflectance of 0: stored as 1, and counted."""
    if offset >= 0:
        return 0
    return int(np.count_nonzero((numbers != NO_DATA) & (numbers < -offset)))


@lru_cache(maxsize=64)
def _table(offset: int, quantification: float) -> NDArray[np.uint16]:
    """(65536,) the stored value of every digital number; halves are rounded up."""
    numbers = np.arange(2**16, dtype=np.float64)
    stored = np.floor((numbers + offset) * SCALE / quantification + 0.5)
    table = stored.clip(LOWEST, HIGHEST).astype(np.uint16)
    table[NO_DATA], table[SATURATED] = NO_DATA, SATURATED
    table.flags.writeable = False
    return table
