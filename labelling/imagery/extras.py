"""Planes beside a tile's bands, as networks are given them: other dates, masks, other sensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.warp import Resampling, reproject

from labelling.errors import RasterRejected
from labelling.imagery.files import (
    GDAL_ERRORS,
    Georeference,
    georeference_of,
    name_of,
    opened,
    twice,
)
from labelling.imagery.masks.tables import CANNOT_SAY
from labelling.imagery.masks.tileread import codes_at
from labelling.imagery.tilefile import read_tile, write_reals


def write_extra(
    path: Path,
    planes: NDArray[np.float32],
    *,
    names: Sequence[str],
    place: Georeference | None = None,
) -> None:
    """Write real numbers (planes, height, width) on a tile's grid, NaN where missing."""
    write_reals(path, planes, names=names, place=place)


@twice
def read_extra(raster: Path | str) -> NDArray[np.float32]:
    """(planes, height, width) of a stored raster; NaN where it has no data.

    A probability that a masker left, whole half per cents up to 200, has none where it is 255.
    Raises RasterRejected where it holds an infinite value.
    """
    with opened(raster) as dataset:
        masked = dataset.read(masked=True)
    if masked.dtype == np.uint8:
        masked = np.ma.masked_equal(masked, CANNOT_SAY)
    return _finite(masked.astype(np.float32).filled(np.nan), raster)


def _finite(planes: NDArray[np.float32], raster: Path | str) -> NDArray[np.float32]:
    if np.isinf(planes).any():
        raise RasterRejected(
            f"{name_of(raster)}: holds infinite values.",
            field="extra",
            help="Write missing pixels as NaN or as the file's no-data value.",
        )
    return planes


def read_plane(name: str, raster: str, bands: Sequence[str]) -> NDArray[Any]:
    """The plane that a network calls `clear`, `mask:NAME` or `extra:NAME`, from its raster.

    clear: (bands, height, width) uint16; a mask: (height, width) uint8 of our classes, 255 where
    it can't say; an extra: (planes, height, width) float32.
    """
    kind = name.partition(":")[0]
    if kind == "clear":
        return read_tile(raster, bands)
    return codes_at(raster) if kind == "mask" else read_extra(raster)


@twice
def extra_on(path: Path | str, ground: Georeference, *, size: int) -> NDArray[np.float32]:
    """(planes, size, size) of any georeferenced raster on a tile's grid, bilinear; NaN where it
    has no data or doesn't reach.

    Raises RasterRejected naming the file where it can't be read, doesn't say where it lies, or
    holds an infinite value.
    """
    with opened(path) as dataset:
        if georeference_of(dataset) is None:
            raise RasterRejected(
                f"{name_of(path)}: doesn't say where it lies.",
                field="crs",
                help="Write it with a coordinate system and a transform.",
            )
        planes = np.full((dataset.count, size, size), np.nan, dtype=np.float32)
        missing = dataset.nodata
        if missing is None and dataset.dtypes[0].startswith("float"):
            missing = np.nan
        try:
            reproject(
                rasterio.band(dataset, list(range(1, dataset.count + 1))),
                planes,
                dst_crs=ground.crs,
                dst_transform=rasterio.Affine(*ground.transform),
                src_nodata=missing,
                dst_nodata=np.nan,
                init_dest_nodata=True,
                resampling=Resampling.bilinear,
            )
        except GDAL_ERRORS as error:
            raise RasterRejected(
                f"{name_of(path)}: can't be brought onto the tile's grid ({error}).", field="crs"
            ) from error
    return _finite(planes, path)


def planes_in(path: Path | str) -> int:
    """How many planes a raster has. Raises RasterRejected."""
    with opened(path) as dataset:
        return dataset.count
