"""The fixed grid of tiles on each MGRS tile: one piece of ground has one key on every date."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference

STEP = 10.0
"""Metres a pixel of the grid."""
EXTENT = 10_980
"""Pixels along each side of a Sentinel-2 tile at 10 m."""

COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")
"""Letters of the 100 km squares from west to east, by zone number modulo 3."""
ROWS = "ABCDEFGHJKLMNPQRSTUV"
"""Letters of the 100 km squares from south to north; even zones start five letters later."""
BAND_SOUTH = dict(
    zip(
        "CDEFGHJKLMNPQRSTUVWX",
        (11, 20, 28, 37, 46, 55, 64, 73, 82, 91, 0, 8, 17, 26, 35, 44, 53, 62, 70, 79),
    )
)
"""Least northing of each latitude band, in 100 km (NGA GEOTRANS, latitude band constants)."""


@dataclass(frozen=True)
class Grid:
    """The tiles of `size` pixels at 10 m that cover an MGRS tile, from its north-west corner."""

    mgrs: str
    size: int
    epsg: int
    west: float
    """Easting of the corner, in metres."""
    north: float
    """Northing of the corner, in metres."""

    def key(self, row: int, column: int) -> str:
        return f"{self.mgrs}/{self.size}/{row}/{column}"

    def offset(self, place: Georeference) -> tuple[int, int]:
        """(row, column) in pixels of the raster's upper-left corner, from the grid's.

        Raises RasterRejected unless the raster is in the MGRS tile's UTM zone, north up, with
        10 m pixels that fall on the grid's pixels.
        """
        a, b, west, d, e, north = place.transform
        if place.crs != f"EPSG:{self.epsg}":
            raise _off_grid(self, f"lies in {place.crs}, not EPSG:{self.epsg}")
        if (a, b, d, e) != (STEP, 0.0, 0.0, -STEP):
            raise _off_grid(self, f"has pixels of {a:g} by {-e:g}, not 10 by 10 m north up")
        row, column = (self.north - north) / STEP, (west - self.west) / STEP
        if max(abs(row - round(row)), abs(column - round(column))) > 1e-3:
            raise _off_grid(self, f"starts at {west:g}, {north:g}, between the grid's pixels")
        return round(row), round(column)

    def check_inside(self, offset: tuple[int, int], *, height: int, width: int) -> None:
        """Raise RasterRejected unless `height` by `width` pixels at `offset` lie in the tile."""
        row, column = offset
        if min(row, column) < 0 or max(row + height, column + width) > EXTENT:
            raise _off_grid(self, "reaches beyond the tile's 109.8 km")


def grid_of(mgrs: str, *, size: int) -> Grid:
    """The grid of MGRS tile `mgrs` (such as 35VLF). Raises BadInput for a name that can't be one.

    Sentinel-2 tiles start at the north-west corner of their 100 km square, moved outward to whole
    60 m, so that pixels of 10, 20 and 60 m nest.
    """
    epsg, west, south = square_of(mgrs)
    return Grid(
        mgrs=mgrs,
        size=size,
        epsg=epsg,
        west=60.0 * math.floor(west / 60),
        north=60.0 * math.ceil((south + 100_000) / 60),
    )


def square_of(mgrs: str) -> tuple[int, float, float]:
    """(EPSG code, easting, northing of the south-west corner in metres) of a 100 km MGRS square.

    Raises BadInput for a name that can't be one.
    """
    found = re.fullmatch(r"(0[1-9]|[1-5]\d|60)([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])", mgrs)
    if not found or found[3] not in COLUMNS[int(found[1]) % 3]:
        raise _no_square(mgrs)
    zone, band, column, row = int(found[1]), found[2], found[3], found[4]
    west = 1 + COLUMNS[zone % 3].index(column)
    south = (ROWS.index(row) - (0 if zone % 2 else 5)) % 20
    # Row letters repeat every 2 000 km: take the first at or above the band's southern edge.
    south += 20 * max(0, math.ceil((BAND_SOUTH[band] - south) / 20))
    if south >= BAND_SOUTH[band] + (15 if band == "X" else 10):
        raise _no_square(mgrs)
    return (32600 if band >= "N" else 32700) + zone, west * 100_000.0, south * 100_000.0


def _no_square(mgrs: str) -> BadInput:
    return BadInput(f"{mgrs!r} is not an MGRS tile.", field="MGRS", help="Write it as in 35VLF.")


def _off_grid(grid: Grid, reason: str) -> RasterRejected:
    return RasterRejected(
        f"The raster says it is part of MGRS tile {grid.mgrs}, but {reason}.",
        field="MGRS",
        help="Correct the raster's MGRS tag or its georeference, or remove the tag.",
    )
