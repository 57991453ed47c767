"""Digital numbers of a SAFE product's bands, and JPEG 2000 files of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.files import Georeference

SATURATED = 65_535
BLOCKS = {10: 1024, 20: 640, 60: 192}
"""Sides of the blocks that Sentinel-2 products are compressed in, by metres a pixel."""

Rows = Iterable[NDArray[Any]]
"""Pieces (any number of rows, width) of one band, from north to south."""
Source = Callable[[str], NDArray[Any] | Rows]
"""From a band's name to its pixels at native resolution, whole or in pieces."""


def digital_numbers(reflectance: Source, *, offset: int) -> Source:
    """Turn a source of reflectance × 10 000 (0 no data, 65535 saturated) into digital numbers.

    DN = reflectance × 10 000 - offset, at most 65534; no data and saturation keep their numbers.
    Signed integers may hold negative reflectance; the result is at least 1.
    """

    def numbers(band: str) -> Rows:
        for rows in pieces(reflectance(band)):
            shifted = np.clip(rows.astype(np.int64) - offset, 1, SATURATED - 1)
            shifted[rows == 0] = 0
            shifted[rows == SATURATED] = SATURATED
            yield shifted.astype(np.uint16)

    return numbers


def native(bands: dict[str, NDArray[np.uint16]], steps: dict[str, int]) -> Source:
    """A source from planes at 10 m: means over each band's native pixels, 0 beside no data."""
    return lambda band: coarser(bands[band], steps[band])


def coarser(plane: NDArray[np.uint16], step: int) -> NDArray[np.uint16]:
    """(height / step, width / step): means of `step` by `step` pixels, rounded.

    A mean is 0 (no data) where one of its pixels is, and saturated where one is.
    """
    if step == 1:
        return plane
    height, width = (side // step for side in plane.shape)
    cells = plane.reshape(height, step, width, step)
    means = np.rint(cells.mean(axis=(1, 3), dtype=np.float64)).astype(np.uint16)
    means[cells.max(axis=(1, 3)) == SATURATED] = SATURATED
    means[cells.min(axis=(1, 3)) == 0] = 0
    return means


def pieces(pixels: NDArray[Any] | Rows) -> Rows:
    """The pieces of a band, which are one where it comes whole."""
    return [pixels] if isinstance(pixels, np.ndarray) else pixels


def assembled(band: str, pixels: NDArray[Any] | Rows, *, side: int) -> NDArray[np.uint16]:
    """One band, (side, side), from its pieces. Raises BadInput when they don't make it up."""
    plane = np.zeros((side, side), dtype=np.uint16)
    row = 0
    for rows in pieces(pixels):
        if rows.dtype != np.uint16 or rows.ndim != 2 or rows.shape[1] != side:
            raise _misfit(band, f"{rows.dtype} {rows.shape}", side)
        plane[row : row + len(rows)] = rows[: side - row]
        row += len(rows)
    if row != side:
        raise _misfit(band, f"{row} rows", side)
    return plane


def write_jp2(path: Path, planes: NDArray[Any], *, place: Georeference, block: int) -> None:
    """Write planes (layers, height, width) as lossless JPEG 2000, its blocks as in real products.

    Blocks larger than the image become as large as the image.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = planes.shape
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        dtype=planes.dtype,
        count=count,
        height=height,
        width=width,
        crs=place.crs,
        transform=rasterio.Affine(*place.transform),
        QUALITY=100,
        REVERSIBLE="YES",
        YCBCR420="NO",
        YCC="NO",
        BLOCKXSIZE=block,
        BLOCKYSIZE=block,
    ) as file:
        file.write(planes)


def _misfit(band: str, found: str, side: int) -> BadInput:
    return BadInput(
        f"{band}: {found} came, but the product needs uint16 ({side}, {side}).", field="bands"
    )
