"""A map of codes looked up on another grid, by the nearest pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference


def sampled(
    codes: NDArray[np.uint8],
    place: Georeference,
    *,
    onto: Georeference,
    size: tuple[int, int],
    outside: int,
) -> NDArray[np.uint8]:
    """(height, width) codes at the centres of the pixels of `onto`; `outside` beyond the map.

    Raises RasterRejected unless both lie in one system, north up.
    """
    if place.crs != onto.crs or any((*place.transform[1:4:2], *onto.transform[1:4:2])):
        raise RasterRejected(
            f"The map lies in {place.crs[:60]}, the tile in {onto.crs[:60]}, or one is turned.",
            field="crs",
            help="Bring the map into the product's own system, north up.",
        )
    rows, row_inside = _nearest(onto, place, axis=1, count=size[0], length=codes.shape[0])
    columns, column_inside = _nearest(onto, place, axis=0, count=size[1], length=codes.shape[1])
    found = codes[np.ix_(rows, columns)]
    return np.where(np.outer(row_inside, column_inside), found, outside).astype(np.uint8)


def _nearest(
    onto: Georeference, place: Georeference, *, axis: int, count: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(position in the map, whether it is inside) of each of `count` centres along an axis."""
    step, origin = onto.transform[4 * axis], onto.transform[2 + 3 * axis]
    map_step, map_origin = place.transform[4 * axis], place.transform[2 + 3 * axis]
    centres = origin + step * (np.arange(count) + 0.5)
    at = np.floor((centres - map_origin) / map_step).astype(np.int64)
    inside = (at >= 0) & (at < length)
    return at.clip(0, length - 1), inside
