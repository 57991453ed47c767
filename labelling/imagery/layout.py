"""Where each tile of a stack belongs: its window, its place's name, and the ground it shows."""

from __future__ import annotations

from dataclasses import dataclass

from labelling.imagery.files import Georeference
from labelling.imagery.grid import grid_of
from labelling.imagery.split import ground_squares
from labelling.imagery.stack import Stack
from labelling.imagery.tiling import Window, windows


@dataclass(frozen=True)
class Spot:
    """One tile of a stack before its pixels are read."""

    window: Window
    place: str
    """`<MGRS>/<size>/<row>/<col>` on the fixed grid; without one `<scene>`, or
    `<scene>/<size>/<row>/<col>` where the scene cuts into several tiles."""
    ground: str
    """What decides the split: the ground square under the tile's centre, or the scene's name."""
    corners: tuple[str, ...]
    """Ground squares under the tile's corners; empty without georeference."""
    longitude: float | None
    latitude: float | None
    """Of the tile's centre, in degrees."""
    georeference: Georeference | None
    """Of the tile."""


def lay_out(stack: Stack, *, size: int) -> list[Spot]:
    """The tiles of `size` pixels that cover a stack, row by row.

    A stack that names its MGRS tile is cut along that tile's grid, any other from its own corner.
    Raises RasterRejected when a named MGRS tile doesn't fit the georeference.
    """
    if stack.mgrs and stack.place:
        grid = grid_of(stack.mgrs, size=size)
        offset = grid.offset(stack.place)
        grid.check_inside(offset, height=stack.height, width=stack.width)
        parts = windows(height=stack.height, width=stack.width, size=size, offset=offset)
        return [_spot(stack, part, grid.key(part.row, part.column)) for part in parts]
    parts = windows(height=stack.height, width=stack.width, size=size)
    if len(parts) == 1:
        return [_spot(stack, parts[0], stack.product_id)]
    return [
        _spot(stack, part, f"{stack.product_id}/{size}/{part.row}/{part.column}") for part in parts
    ]


def footprint(stack: Stack) -> dict[str, object] | None:
    """GeoJSON polygon of the stack's corners in WGS 84; None without georeference."""
    if stack.place is None:
        return None
    high, wide = stack.height, stack.width
    ring = stack.place.project("EPSG:4326", [(0, 0), (high, 0), (high, wide), (0, wide), (0, 0)])
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}


def _spot(stack: Stack, part: Window, key: str) -> Spot:
    if stack.place is None:
        return Spot(part, key, stack.product_id, (), None, None, None)
    tile = stack.place.moved(rows=part.top - part.down, columns=part.left - part.right)
    size, middle = part.size, part.size / 2
    corners = [(0, 0), (0, size), (size, 0), (size, size)]
    centre, *around = ground_squares(tile, [(middle, middle), *corners])
    ((longitude, latitude),) = tile.project("EPSG:4326", [(middle, middle)])
    return Spot(part, key, centre, tuple(around), longitude, latitude, tile)
