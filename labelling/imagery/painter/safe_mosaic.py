"""A whole painted tile out of a few painted patches, band by band and strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from labelling.errors import BadInput
from labelling.imagery.painter.safe_bands import SATURATED, Rows, coarser
from labelling.imagery.painter.safe_header import STEPS, SafeHeader
from labelling.imagery.painter.scene import Site, paint_product

SENSOR_NOISE = 20.0
"""Standard deviation in ten-thousandths."""
BLUR = 1.5
"""Of the optics: standard deviation in pixels of 10 m. Painted scenes are rougher than real ones;
with this blur and noise the 10 m bands pack to 115–125 MB for a whole tile."""


@dataclass(frozen=True)
class Mosaic:
    """Reflectance × 10 000 of a product from `patches`, turned and repeated; a safe_bands.Source.

    Every pixel of every band has sensor noise of its own, so that no two pieces are alike.
    """

    header: SafeHeader
    patches: tuple[NDArray[np.uint16], ...]
    """(13, side, side) each; the product's size is a multiple of the side, the side of 6."""
    seed: int
    noise: float = SENSOR_NOISE

    def __call__(self, band: str) -> Rows:
        step, number = STEPS[band], list(STEPS).index(band)
        cells = [coarser(patch[number], step) for patch in self.patches]
        count = self.header.size // self.patches[0].shape[-1]
        dice = np.random.default_rng([self.seed, number])
        for row in range(count):
            strip = np.hstack([self._cell(cells, row, column) for column in range(count)])
            yield self._noisy(strip, dice)

    def _cell(self, cells: list[NDArray[np.uint16]], row: int, column: int) -> NDArray[np.uint16]:
        """Neighbours differ in the patch or in how it is turned, alike in all bands."""
        place = 7 * row + 3 * column
        turned = np.rot90(cells[place % len(cells)], place // len(cells) % 4)
        return turned[:, ::-1] if (row + column) % 2 else turned

    def _noisy(self, strip: NDArray[np.uint16], dice: np.random.Generator) -> NDArray[np.uint16]:
        values = dice.standard_normal(strip.shape, dtype=np.float32)
        values *= np.float32(self.noise)
        values += strip
        return np.rint(values, out=values).clip(1, SATURATED - 1).astype(np.uint16)


def paint_mosaic(
    header: SafeHeader,
    *,
    seed: int,
    side: int = 1098,
    patches: int = 4,
    noise: float = SENSOR_NOISE,
) -> Mosaic:
    """Paint `patches` scenes of `side` pixels for a product. The same arguments give the same.

    Raises BadInput unless the product's size is a multiple of the side, and the side of 6.
    """
    if side % 6 or header.size % side:
        raise BadInput(f"{header.size} pixels can't be made of patches of {side}.", field="side")
    painted = _without_edges(header, seed=seed, side=side)
    return Mosaic(header, tuple(next(painted) for _ in range(patches)), seed, noise)


def _without_edges(header: SafeHeader, *, seed: int, side: int) -> Iterator[NDArray[np.uint16]]:
    """Painted scenes that the orbit covers whole."""
    while True:
        site = Site(header.mgrs, header.top, header.left)
        scene = paint_product(seed, site, header.taken.date(), size=side)
        if scene.bands.all():
            yield np.stack([gaussian_filter(band, BLUR) for band in scene.bands])
        seed += 1
