"""Land or sea, from the mask that the package global-land-mask ships: one cell a 120th of a degree.

The mask marks what NOAA's GLOBE elevation model (30 arc seconds, 1 km) leaves without a height as
sea; lakes are land. The package unfolds it into 0.9 GB when imported, so its file is read here in
belts of one degree, with a bit a cell: 0.65 MB each.
"""

from __future__ import annotations

import zipfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labelling.imagery.files import Georeference

CELLS = 120
"""Cells of the mask along a degree."""
LATTICE = 16
"""Points looked at along a tile's side: 320 m apart in a tile of 5 km."""


def land_share(ground: Georeference, *, size: int) -> float:
    """0…1: how much of the tile of `size` by `size` pixels at `ground` is land.

    Taken on a lattice of 16 by 16 points. Raises RasterRejected when a point is not on Earth.
    """
    steps = (np.arange(LATTICE) + 0.5) * size / LATTICE
    points = ground.project("EPSG:4326", [(row, column) for row in steps for column in steps])
    longitudes, latitudes = zip(*points)
    return float(on_land(longitudes, latitudes).mean())


def on_land(longitudes: ArrayLike, latitudes: ArrayLike) -> NDArray[np.bool_]:
    """Whether each place is land; degrees, -180…180 and -90…90."""
    row = np.floor((90 - np.asarray(latitudes)) * CELLS).astype(int).clip(0, 180 * CELLS - 1)
    column = np.floor((np.asarray(longitudes) + 180) * CELLS).astype(int) % (360 * CELLS)
    land = np.empty(row.shape, dtype=bool)
    for degree in np.unique(row // CELLS):
        here = row // CELLS == degree
        packed = _belt(int(degree))[row[here] % CELLS, column[here] // 8]
        land[here] = packed >> (7 - column[here] % 8) & 1 == 0
    return land


@lru_cache(maxsize=180)
def _belt(degree: int) -> NDArray[np.uint8]:
    """(120, 5400): the belt that ends `degree` + 1 degrees from the north pole, a bit a cell,
    1 for sea.
    """
    width = 360 * CELLS
    with zipfile.ZipFile(_mask_file()) as archive, archive.open("mask.npy") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        for _ in range(degree):
            file.read(CELLS * width)
        cells = np.frombuffer(file.read(CELLS * width), dtype=bool)
    return np.packbits(cells.reshape(CELLS, width), axis=1)


def _mask_file() -> Path:
    # Found, not imported: the import alone would take the 0.9 GB.
    spec = find_spec("global_land_mask")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("global-land-mask is not installed: pip install global-land-mask")
    return Path(spec.origin).with_name("globe_combined_mask_compressed.npz")
