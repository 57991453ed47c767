"""What the channels beside the bands' roots look like over a pool: their means and deviations."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from training.features.assemble import FULL, Batched, rest_of
from training.features.layout import Layout

STRIDE = 4
"""Of the rows and columns measured: neighbours say the same again."""
SMALLEST_DEVIATION = 1e-4
"""Below this a channel is constant, and dividing by its deviation would only magnify rounding."""


class RestMoments:
    """Count, sum and sum of squares of the rest, channel by channel, where it is known."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        size = len(layout.mean)
        self.count, self.sum, self.squares = np.zeros(size), np.zeros(size), np.zeros(size)

    def add(
        self,
        bands: NDArray[np.uint16],
        valid: NDArray[np.bool_],
        present: NDArray[np.bool_],
        planes: Batched,
    ) -> None:
        """One tile: bands (B, H, W), valid (H, W), present (B,); planes with 1 in front."""
        thin = (..., slice(None, None, STRIDE), slice(None, None, STRIDE))
        reflectance = torch.from_numpy(bands[thin].astype(np.float32))[None] / FULL
        thinned = {name: plane if name == "sun" else plane[thin] for name, plane in planes.items()}
        parts = rest_of(self.layout, reflectance, present[None], thinned)
        data = torch.from_numpy(np.ascontiguousarray(valid[thin]))
        values = torch.cat([part for part, _ in parts], dim=1)[0].double()
        known = torch.cat([where.expand_as(part) for part, where in parts], dim=1)[0] & data
        values = values * known
        self.count += known.sum(dim=(1, 2)).numpy()
        self.sum += values.sum(dim=(1, 2)).numpy()
        self.squares += values.square().sum(dim=(1, 2)).numpy()

    def layout_normalised(self) -> Layout:
        """The layout with means and deviations; a fixed channel goes in as it is."""
        count = np.maximum(self.count, 1)
        mean = self.sum / count
        deviation = np.sqrt(np.maximum(self.squares / count - mean**2, 0))
        deviation[deviation < SMALLEST_DEVIATION] = 1.0
        fixed = np.array([channel.fixed for channel in self.layout.rest], dtype=np.bool_)
        mean[fixed], deviation[fixed] = 0.0, 1.0
        return replace(self.layout, mean=tuple(mean.tolist()), deviation=tuple(deviation.tolist()))
