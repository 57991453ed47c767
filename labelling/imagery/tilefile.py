"""One tile, one file: a GeoTIFF in a single block, so that reading it is one request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from labelling.errors import LabelRejected, RasterRejected
from labelling.imagery.files import (
    Georeference,
    name_of,
    opened,
    twice,
)

# Measured on 13 bands of 512² real pixels: written in 15 ms, read in 12 ms, 43 % of the plain size;
# level 9 takes 125 ms for 41 %, deflate 38 ms and more for 44 %. All of it: docs/decisions/0010.
PACKING = {"compress": "zstd", "zstd_level": 1, "interleave": "band"}


def write_tile(
    path: Path,
    pixels: NDArray[np.uint16],
    *,
    bands: Sequence[str],
    place: Georeference | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write pixels (bands, height, width) uint16, 0 = no data, with the bands' names."""
    path.write_bytes(tile_bytes(pixels, bands=bands, place=place, tags=tags))


def tile_bytes(
    pixels: NDArray[np.uint16],
    *,
    bands: Sequence[str],
    place: Georeference | None = None,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """What `write_tile` writes."""
    if pixels.dtype != np.uint16 or pixels.ndim != 3 or len(pixels) != len(bands):
        raise RasterRejected(
            f"A tile is uint16 (bands, height, width) with a name for each band, not "
            f"{pixels.dtype} {pixels.shape} with {len(bands)} names.",
            field="pixels",
        )
    return _packed(pixels, names=bands, place=place, tags=tags or {}, predictor=2, nodata=0)


@twice
def read_tile(path: Path | str, bands: Sequence[str] | None = None) -> NDArray[np.uint16]:
    """(bands, height, width) uint16, in the order of `bands`, or of the file when None.

    Bands the tile doesn't hold are 0. Raises RasterRejected when it holds none of them, or
    can't be read.
    """
    with opened(path) as dataset:
        if bands is None or tuple(bands) == dataset.descriptions:
            return dataset.read()
        where = {name: band for band, name in enumerate(dataset.descriptions, start=1)}
        found = [name for name in bands if name in where]
        if not found:
            raise RasterRejected(
                f"{name_of(path)}: holds none of the bands {', '.join(bands)}.", field="bands"
            )
        pixels = np.zeros((len(bands), *dataset.shape), dtype=np.uint16)
        held = [position for position, name in enumerate(bands) if name in where]
        pixels[held] = dataset.read([where[name] for name in found])
        return pixels


def content_hash(pixels: NDArray[np.uint16], bands: Sequence[str]) -> str:
    """sha256, in hex, of a tile's bands' names, shape and pixels, whatever file they lie in."""
    digest = hashlib.sha256(repr((tuple(bands), pixels.shape)).encode())
    digest.update(np.ascontiguousarray(pixels, dtype="<u2").data)
    return digest.hexdigest()


def write_label(
    path: Path,
    label: NDArray[np.uint8],
    provenance: NDArray[np.uint8],
    *,
    place: Georeference | None = None,
) -> None:
    """Write a label and its provenance, each (height, width) uint8, as two bands."""
    if label.shape != provenance.shape or {label.dtype, provenance.dtype} != {np.dtype(np.uint8)}:
        raise LabelRejected(
            f"{path.name}: label and provenance are uint8 planes of one size, not {label.dtype} "
            f"{label.shape} and {provenance.dtype} {provenance.shape}.",
            field="label",
        )
    planes = np.stack([label, provenance])
    names = ("label", "provenance")
    path.write_bytes(_packed(planes, names=names, place=place))


def write_mask(
    path: Path, codes: NDArray[np.uint8], *, name: str, place: Georeference | None = None
) -> None:
    """Write one plane (height, width) uint8 of codes, as label files beside a stack are."""
    path.write_bytes(_packed(codes[None], names=[name], place=place))


def write_reals(
    path: Path,
    planes: NDArray[np.float32],
    *,
    names: Sequence[str],
    place: Georeference | None = None,
) -> None:
    """Write real numbers (planes, height, width) float32 with a name each, NaN = no data."""
    if planes.dtype != np.float32 or planes.ndim != 3 or len(planes) != len(names):
        raise RasterRejected(
            f"{path.name}: reals are float32 (planes, height, width) with a name for each plane, "
            f"not {planes.dtype} {planes.shape} with {len(names)} names.",
            field="planes",
        )
    path.write_bytes(_packed(planes, names=names, place=place, predictor=3, nodata=np.nan))


@twice
def read_label(path: Path | str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(label, provenance), each (height, width) uint8, as `write_label` wrote them."""
    with opened(path) as dataset:
        if dataset.count != 2 or set(dataset.dtypes) != {"uint8"}:
            raise LabelRejected(
                f"{name_of(path)}: a stored label has two uint8 bands, label and provenance.",
                field="label",
            )
        label, provenance = dataset.read()
    return label, provenance


def _packed(
    planes: NDArray[Any],
    *,
    names: Sequence[str],
    place: Georeference | None,
    tags: Mapping[str, str] | None = None,
    **packing: Any,
) -> bytes:
    """A GeoTIFF file. Made in memory: GDAL only warns of a disk that is full when it closes one."""
    count, height, width = planes.shape
    where = {"crs": place.crs, "transform": rasterio.Affine(*place.transform)} if place else {}
    # TIFF wants blocks of whole 16 pixels; one block holds the tile.
    block = {"tiled": True, "blockysize": -(-height // 16) * 16, "blockxsize": -(-width // 16) * 16}
    shape = {"count": count, "height": height, "width": width, "dtype": planes.dtype}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", **shape, **where, **block, **PACKING, **packing) as file:
            file.descriptions = names
            file.update_tags(**(tags or {}))
            file.write(planes)
        return bytes(memory.getbuffer())
