"""Stored tiles and layers, as mask work reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference, georeference_of, name_of, opened


def pixels_at(raster: str) -> NDArray[np.uint16]:
    """(bands, height, width) of a stored tile, all its bands in the file's order."""
    with opened(raster) as dataset:
        return dataset.read()


def bands_at(
    raster: str, bands: tuple[str, ...]
) -> tuple[NDArray[np.uint16], NDArray[np.bool_], Georeference | None]:
    """Pixels (bands, height, width) of a stored tile in the order of `bands`, where it has data
    in any band (height, width), and its place. Raises RasterRejected when a band isn't there."""
    with opened(raster) as dataset:
        lacking = [band for band in bands if band not in dataset.descriptions]
        if lacking:
            raise RasterRejected(
                f"{name_of(raster)}: holds no band {', '.join(lacking)}.", field="bands"
            )
        whole, place = dataset.read(), georeference_of(dataset)
        wanted = [dataset.descriptions.index(band) for band in bands]
    return whole[wanted], whole.any(axis=0), place


def codes_at(raster: str) -> NDArray[np.uint8]:
    """(height, width) of a stored layer."""
    with opened(raster) as dataset:
        return dataset.read(1)


def place_at(raster: str) -> Georeference | None:
    """Where a stored tile lies."""
    with opened(raster) as dataset:
        return georeference_of(dataset)
