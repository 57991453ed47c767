"""Windows' probabilities added up to rows of a mask: class, probabilities, uncertainty.

K classes, W the product's width in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from al_engine.acquisition import ceiling, entropy
from labelling.compute.predicting.spans import Span
from labelling.imagery.cog import NO_DATA, STEPS

AT_ONCE = 64
"""Rows encoded at a time."""


@dataclass(eq=False)
class Sum:
    """The rows that a row of windows counts in, as far as they are added up."""

    probabilities: Tensor  # (K, rows, W) float32
    seen: NDArray[np.bool_]  # (rows, W) where there is data

    @classmethod
    def begun(cls, row: Span, *, classes: int, width: int, before: Sum | None) -> Sum:
        """Nothing but what the row of windows before left in the rows that both count in."""
        high = len(row.weights)
        made = cls(torch.zeros(classes, high, width), np.zeros((high, width), np.bool_))
        if before is not None:
            shared = before.probabilities.shape[1]
            made.probabilities[:, :shared] = before.probabilities
            made.seen[:shared] = before.seen
        return made

    def add(self, found: Tensor | None, seen: NDArray[np.bool_], row: Span, column: Span) -> None:
        """A window's (K, height, width) float32, None where none of it has data; seen
        (height, width)."""
        where = slice(column.first, column.last)
        self.seen[:, where] = seen[row.inner, column.inner]
        if found is None:
            return
        weight = torch.from_numpy(np.outer(row.weights, column.weights)).to(found.device)
        counted = found[:, row.inner, column.inner] * weight
        self.probabilities[:, :, where] += counted.cpu()

    def split(self, rows: int) -> tuple[Sum, Sum]:
        """The first rows, which are final, and the others."""
        final = Sum(self.probabilities[:, :rows], self.seen[:rows])
        return final, Sum(self.probabilities[:, rows:].clone(), self.seen[rows:].copy())


def encoded(final: Sum, codes: Sequence[int]) -> NDArray[np.uint8]:
    """(1 + K + 1, rows, W): class codes, each class's probability, and uncertainty.

    The last ones in STEPS steps of 0 … 1; NO_DATA where there is none. Uncertainty is the entropy
    of the mean prediction, divided by the highest there is, log K (0 with a single class).
    """
    classes, high, width = final.probabilities.shape
    planes = np.empty((classes + 2, high, width), np.uint8)
    names = np.asarray(codes, np.uint8)
    most = ceiling("entropy", classes) or 1.0
    for first in range(0, high, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        chances = final.probabilities[:, some].clamp(0, 1)
        planes[0, some] = names[chances.argmax(dim=0).numpy()]
        planes[1:-1, some] = _in_steps(chances)
        planes[-1, some] = _in_steps((entropy(chances[None]) / most).clamp(0, 1))
    planes[:, ~final.seen] = NO_DATA
    return planes


def _in_steps(share: Tensor) -> NDArray[np.uint8]:
    return (share * STEPS).round_().to(torch.uint8).numpy()
