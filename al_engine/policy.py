"""Whether a tile is labelled whole or in regions."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadTile

ALWAYS_FULL = ("validation", "test", "control")
LONG = 8.0
"""Minutes of full labelling from which regions are advised."""
CONCENTRATED = 0.60
TOP = 0.10


@dataclass(frozen=True)
class Mode:
    """Advice on how to label a tile."""

    name: str
    """"full" or "regions"."""
    why: str


def labelling_mode(
    *, purpose: str, blocks: NDArray[np.uint8], minutes: float | None = None
) -> Mode:
    """Full, unless the tile would take long or its uncertainty lies in few places.

    purpose: "validation", "test", "control" or anything else, such as "pool". blocks: the tile's
    TileScore.blocks. minutes: what labelling all of it is expected to take, if known.
    Regions where full labelling takes more than 8 minutes, or the top tenth of blocks holds more
    than 60 % of the uncertainty. Control and evaluation tiles are always full: figures need every
    pixel. Raises BadTile for minutes that are not above 0.
    Source: section 8.6 of the design.
    """
    if minutes is not None and not 0 < minutes < math.inf:
        raise BadTile(f"minutes must be above 0, not {minutes}.", field="minutes")
    if purpose in ALWAYS_FULL:
        return Mode("full", f"A tile for {purpose} is always labelled whole.")
    if minutes is not None and minutes > LONG:
        return Mode("regions", f"The whole tile would take {minutes:.0f} minutes.")
    share = concentration(blocks)
    if share > CONCENTRATED:
        return Mode("regions", f"A tenth of the tile holds {share:.0%} of its uncertainty.")
    return Mode("full", "The uncertainty is spread over the tile.")


def concentration(blocks: NDArray[np.uint8]) -> float:
    """Share of the uncertainty that the top tenth of blocks holds; 0 for a certain tile."""
    values = np.sort(np.asarray(blocks, dtype=np.float64).ravel())
    total = values.sum()
    top = math.ceil(TOP * len(values) - 1e-9)
    return float(values[-top:].sum() / total) if total else 0.0
