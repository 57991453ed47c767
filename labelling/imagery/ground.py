"""The ground a stored tile shows: from its place's name on the fixed grid, else from its raster."""

from __future__ import annotations

import re

from labelling.errors import BadInput
from labelling.imagery.files import Georeference, georeference_of, opened
from labelling.imagery.grid import STEP, grid_of

ON_GRID = re.compile(r"(\d{2}[C-X][A-Z]{2})/(\d+)/(\d+)/(\d+)")
"""`<MGRS>/<size>/<row>/<col>`, as Grid.key writes it."""


def ground_of(place: str) -> Georeference | None:
    """Where the tile of a place on the fixed grid lies; None for a place of another name."""
    found = ON_GRID.fullmatch(place)
    if not found:
        return None
    size, row, column = map(int, found.groups()[1:])
    try:
        grid = grid_of(found[1], size=size)
    except BadInput:
        return None  # A scene that only happens to be named so.
    corner = (STEP, 0.0, grid.west, 0.0, -STEP, grid.north)
    return Georeference(f"EPSG:{grid.epsg}", corner).moved(rows=row * size, columns=column * size)


def ground_in(raster: str) -> Georeference | None:
    """Where a stored raster (a path that GDAL opens) lies; None where it doesn't say.

    Raises RasterRejected for one that can't be read.
    """
    with opened(raster) as dataset:
        return georeference_of(dataset)


def ground_at(place: str, raster: str) -> Georeference | None:
    """Where the tile of a place lies: by the place's name, else by what its raster says.

    Raises RasterRejected for a raster that is needed and can't be read.
    """
    return ground_of(place) or ground_in(raster)
