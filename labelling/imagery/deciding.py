"""Which band tells two classes apart where they meet, and where on the tile that is seen best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

REACH = 4
"""Pixels on either side of a border that are looked at: as far as an annotator's eye is on it."""
LEAST = 50
"""Pixels of each class that a comparison takes."""
MOST = 4000
"""Pixels of each class that are compared; of more, every n-th."""


@dataclass(frozen=True)
class Border:
    """Where two classes of a label meet."""

    pair: tuple[int, int]
    """Class codes, the smaller one first."""
    pixels: int
    """Of either class within REACH of the other."""
    band: str
    """In which the two differ most there."""
    auc: float
    """0.5…1: how often a pixel of the brighter class is the brighter one of two in `band`."""
    brighter: int
    """Code of the class that is brighter in `band`."""


def borders(
    label: NDArray[np.uint8], pixels: NDArray[np.uint16], bands: Sequence[str]
) -> list[Border]:
    """The borders between classes of `label` (height, width), the longest first.

    `pixels` is (bands, height, width); no data (0 in all bands) counts as no class, as do unsure
    and not labelled. Classes that meet in fewer than LEAST pixels on either side are left out.
    """
    named = np.where(pixels.any(axis=0) & (label < 254), label, np.uint8(255))
    codes = [int(code) for code in np.unique(named) if code < 254]
    near = {code: ndimage.binary_dilation(named == code, iterations=REACH) for code in codes}
    found = []
    for place, low in enumerate(codes):
        for high in codes[place + 1 :]:
            sides = (named == low) & near[high], (named == high) & near[low]
            if min(side.sum() for side in sides) >= LEAST:
                found.append(_border((low, high), sides, pixels, bands))
    return sorted(found, key=lambda each: (-each.pixels, each.pair))


def window(label: NDArray[np.uint8], pair: tuple[int, int], side: int) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the square of `side` pixels, at most the tile, in which most of
    the border between the two classes lies."""
    low, high = (label == code for code in pair)
    there = (low & ndimage.binary_dilation(high)) | (high & ndimage.binary_dilation(low))
    height, width = (min(side, size) for size in label.shape)
    sums = np.pad(there.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width]
    inside += sums[:-height, :-width]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(top), int(left), int(top) + height, int(left) + width


def _border(
    pair: tuple[int, int],
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    pixels: NDArray[np.uint16],
    bands: Sequence[str],
) -> Border:
    chances = [_chance(*(_some(band[side]) for side in sides)) for band in pixels]
    best = int(np.argmax(np.abs(np.array(chances) - 0.5)))
    second_is_brighter = chances[best] >= 0.5
    return Border(
        pair=pair,
        pixels=int(sum(side.sum() for side in sides)),
        band=bands[best],
        auc=max(chances[best], 1 - chances[best]),
        brighter=pair[1] if second_is_brighter else pair[0],
    )


def _some(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return values[:: -(-len(values) // MOST)]


def _chance(first: NDArray[np.uint16], second: NDArray[np.uint16]) -> float:
    """That a value of `second` is above one of `first`, ties half: the area under the ROC curve,
    by the ranks of Mann and Whitney (1947)."""
    ordered = np.sort(first)
    below = np.searchsorted(ordered, second, side="left")
    up_to = np.searchsorted(ordered, second, side="right")
    return float((below + up_to).mean() / (2 * len(first)))
