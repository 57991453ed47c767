"""What the names and attributes of a cm-vsm sub-tile say: its product, its ground, its offset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labelling.errors import BadInput
from labelling.imagery.files import Georeference
from labelling.imagery.grid import EXTENT, STEP, grid_of
from labelling.imagery.labelsets.productname import SubtileName, product_in, subtile_in
from labelling.imagery.products.names import SafeName, has_offset

MARK = "kset"
"""Ends the baseline of pixels that cm-vsm resampled: the product's own tile may lie beside."""
OFFSET = -1000
"""Of every band of a product whose baseline has one."""


@dataclass(frozen=True)
class Header:
    """A sub-tile before its variables are read."""

    product_id: str
    """The product's name with the sub-tile's numbers."""
    offset: int
    """To add to its digital numbers."""
    product: SafeName | None
    taken: datetime | None
    mgrs: str
    """Only where the sub-tile is one of the tiles of the MGRS tile's grid of its size."""
    place: Georeference | None

    @property
    def baseline(self) -> str:
        return f"{self.product.baseline}+{MARK}" if self.product else MARK


def header_of(
    file: Path, *, told: str, overlap: float, side: int, offset: int | None, tile_size: int
) -> Header:
    """Of the sub-tile in `file`, `side` pixels wide, whose attribute `product_name` is `told`.

    The product is also looked for in the folders' and the file's names. `offset` is what the lead
    says where no name tells the baseline. `tile_size` is the campaign's: sub-tiles that don't fill
    its tiles stay off the grid; 0 takes no ground from the numbers at all.
    Raises BadInput when names contradict each other or the offset.
    """
    product = product_in(told) or product_in(str(file.parent)) or product_in(file.stem)
    subtile = subtile_in(file.stem, of=product)
    if product and subtile and (product.mgrs, product.taken) != (subtile.mgrs, subtile.taken):
        raise BadInput(
            f"{file.name}: is named for {subtile.mgrs} on {subtile.taken:%Y%m%dT%H%M%S}, but its "
            f"product is {product}.",
            field="product_name",
        )
    taken = product or subtile
    mgrs, place = "", None
    if subtile and tile_size:
        place = _ground(subtile, side, overlap)
        fills = not overlap and side % tile_size == 0
        mgrs = subtile.mgrs if place and fills else ""
    return Header(
        product_id=_identity(file, product, subtile),
        offset=_offset(file, product.baseline if product else "", offset),
        product=product,
        taken=taken.taken if taken else None,
        mgrs=mgrs,
        place=place,
    )


def _identity(file: Path, product: SafeName | None, subtile: SubtileName | None) -> str:
    if product and subtile:
        return f"{product}_tile_{subtile.column}_{subtile.row}"
    return f"{product}_{file.stem}" if product else file.stem


def _offset(file: Path, baseline: str, given: int | None) -> int:
    if not baseline and given is None:
        raise BadInput(
            f"{file.name}: doesn't tell its product, so its processing baseline isn't known.",
            field="baseline-offset",
            help="Say --baseline-offset 0 for products before January 2022, -1000 for later ones.",
        )
    known = OFFSET if baseline and has_offset(baseline) else 0
    if baseline and given not in (None, known):
        raise BadInput(
            f"{file.name}: baseline {baseline} has offset {known}, not {given}.",
            field="baseline-offset",
            help="Leave --baseline-offset out: the file tells its baseline.",
        )
    return known if baseline else int(given or 0)


def _ground(subtile: SubtileName, side: int, overlap: float) -> Georeference | None:
    stride = side - side * overlap
    left, top = math.floor(stride * subtile.column), math.floor(stride * subtile.row)
    # cm-vsm stretches what sticks out of the product: such pixels lie nowhere exactly.
    if max(left, top) + side > EXTENT:
        return None
    grid = grid_of(subtile.mgrs, size=side)
    corner = (STEP, 0.0, grid.west + STEP * left, 0.0, -STEP, grid.north - STEP * top)
    return Georeference(f"EPSG:{grid.epsg}", corner)
