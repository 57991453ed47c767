"""Where each tile of a product belongs: its window, its place's name, and the ground it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.grid import grid_of, square_of
from labelling.imagery.products.product import Product
from labelling.imagery.split import ground_squares, squares_touched
from labelling.imagery.tiling import Window, windows


@dataclass(frozen=True)
class Spot:
    """One tile of a product before its pixels are read."""

    window: Window
    place: str
    """`<MGRS>/<size>/<row>/<col>` on the fixed grid; without one `<scene>`, or
    `<scene>/<size>/<row>/<col>` where the scene cuts into several tiles."""
    ground: str
    """What decides the split: the ground square under the tile's centre, or the scene's name."""
    touched: tuple[str, ...]
    """All ground squares that the tile may show a part of; empty without georeference."""
    longitude: float | None
    latitude: float | None
    """Of the tile's centre, in degrees."""
    georeference: Georeference | None
    """Of the tile."""


def lay_out(product: Product, *, size: int) -> list[Spot]:
    """The tiles of `size` pixels that cover a product, row by row.

    A product that names its MGRS tile is cut along that tile's grid, any other from its own corner.
    Raises RasterRejected when a named MGRS tile doesn't fit the georeference, and for a product
    that is called like an MGRS tile and doesn't say that it is part of it.
    """
    if product.mgrs and product.place:
        grid = grid_of(product.mgrs, size=size)
        offset = grid.offset(product.place)
        grid.check_inside(offset, height=product.height, width=product.width)
        parts = windows(height=product.height, width=product.width, size=size, offset=offset)
        return _spots(product, parts, [grid.key(part.row, part.column) for part in parts])
    parts = windows(height=product.height, width=product.width, size=size)
    name = product.product_id
    if len(parts) == 1:
        return _spots(product, parts, [name])
    _check_name(name)
    return _spots(product, parts, [f"{name}/{size}/{part.row}/{part.column}" for part in parts])


def footprint(product: Product) -> dict[str, object] | None:
    """GeoJSON polygon in WGS 84: what the product says, else its grid's corners.

    None without either.
    """
    if product.footprint is not None or product.place is None:
        return product.footprint
    high, wide = product.height, product.width
    ring = product.place.project("EPSG:4326", [(0, 0), (high, 0), (high, wide), (0, wide), (0, 0)])
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}


def _check_name(name: str) -> None:
    # Its places would be called like those of the fixed grid, and decide the split of that ground.
    try:
        square_of(name)
    except BadInput:
        return
    raise RasterRejected(
        f"The raster is called {name} like an MGRS tile, but doesn't say that it is part of it.",
        field="MGRS",
        help=f"Give it the tag MGRS={name} and that tile's grid, or another name.",
    )


def _spots(product: Product, parts: Sequence[Window], keys: Sequence[str]) -> list[Spot]:
    ground = product.place
    if ground is None:
        name = product.product_id
        return [Spot(part, key, name, (), None, None, None) for part, key in zip(parts, keys)]
    # All tiles at once: a projection costs more to set up than to use.
    centres = [_centre(part) for part in parts]
    squares = ground_squares(ground, centres)
    middles = ground.project("EPSG:4326", centres)
    return [
        _spot(part, key, square, middle, ground)
        for part, key, square, middle in zip(parts, keys, squares, middles)
    ]


def _spot(
    part: Window, key: str, square: str, middle: tuple[float, float], ground: Georeference
) -> Spot:
    tile = ground.moved(rows=part.top - part.down, columns=part.left - part.right)
    touched = tuple(squares_touched(tile, size=part.size))
    return Spot(part, key, square, touched, middle[0], middle[1], tile)


def _centre(part: Window) -> tuple[float, float]:
    """(row, column) in the raster of the tile's centre."""
    return part.top - part.down + part.size / 2, part.left - part.right + part.size / 2
