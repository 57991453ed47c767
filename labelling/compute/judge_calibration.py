"""How far probabilities are from frequencies, counted tile by tile in memory that doesn't grow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.calibrate import BINS
from training.snapshot import IGNORE

FINE = 1000
"""Cells of equal width that probabilities are counted in, before bins of equal mass are made."""


class Reliability:
    """Per class: how many pixels fall into each cell, their probabilities' sum and their hits."""

    def __init__(self, classes: int) -> None:
        self.pixels = np.zeros((classes, FINE), dtype=np.int64)
        self.hits = np.zeros((classes, FINE), dtype=np.int64)
        self.sums = np.zeros((classes, FINE), dtype=np.float64)

    def add(self, probabilities: NDArray[np.float32], label: NDArray[np.uint8]) -> None:
        """(K, H, W) probabilities of the classes, (H, W) channel indices or IGNORE."""
        known = label != IGNORE
        truth = label[known]
        for k, plane in enumerate(probabilities):
            p = plane[known].astype(np.float64)
            cell = np.minimum((p * FINE).astype(np.int64), FINE - 1)
            self.pixels[k] += np.bincount(cell, minlength=FINE)
            self.hits[k] += np.bincount(cell[truth == k], minlength=FINE)
            self.sums[k] += np.bincount(cell, weights=p, minlength=FINE)

    def errors(self) -> list[float]:
        """By class: mean |probability - frequency| over bins of about equal mass, 0 … 1.

        As `training.calibrate.calibration_error`, but that a bin's ends lie between cells. nan for
        a class that none of the labels has.
        """
        rows = zip(self.pixels, self.hits, self.sums, strict=True)
        return [_error(*row) if row[1].any() else float("nan") for row in rows]


def _error(pixels: NDArray[np.int64], hits: NDArray[np.int64], sums: NDArray[np.float64]) -> float:
    whole = pixels.sum()
    # A cell belongs to the bin that its middle pixel falls into.
    middle = pixels.cumsum() - pixels / 2
    which = np.minimum((middle / whole * BINS).astype(np.int64), BINS - 1)
    gaps = _binned(which, sums) - _binned(which, hits)
    return float(np.abs(gaps).sum() / whole)


def _binned(which: NDArray[np.int64], values: Sequence[float] | NDArray[np.generic]) -> NDArray:
    return np.bincount(which, weights=values, minlength=BINS)
