"""Products' names inside other names, and the names of sub-tiles cut from a product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from labelling.errors import BadInput
from labelling.imagery.products.names import COMPACT, SafeName, parse_name

SUBTILE = re.compile(r"T?(\d{2}[A-Z]{3})_(\d{8}T\d{6})(?:_.*)?", re.ASCII)
NUMBERS = re.compile(r"_(\d{1,3})_(\d{1,3})$", re.ASCII)


@dataclass(frozen=True)
class SubtileName:
    """A sub-tile's name: `T35VLF_20200529T094041_…_2_3`, its column before its row."""

    mgrs: str
    taken: datetime
    """UTC."""
    column: int
    row: int


def product_in(text: str) -> SafeName | None:
    """The first product's name inside `text`, such as a path; None when there is none."""
    found = COMPACT.search(text)
    try:
        return parse_name(found[0]) if found else None
    except BadInput:
        return None


def subtile_in(name: str, *, of: SafeName | None = None) -> SubtileName | None:
    """What a sub-tile's file name, without its ending, says; None for any other name.

    The numbers are read whole: `…_2_3` and `…_2_31` are two sub-tiles. `of` is the product that
    the file's folder names: the oldest names, `T35VLF_tile_2_3`, leave out the day.
    """
    numbers = NUMBERS.search(name)
    if not numbers:
        return None
    product, ground = product_in(name), SUBTILE.fullmatch(name)
    if of and name == f"T{of.mgrs}_tile{numbers[0]}":
        product = of
    mgrs = product.mgrs if product else ground[1] if ground else ""
    taken = product.taken if product else moment(ground[2]) if ground else None
    if taken is None:
        return None
    return SubtileName(mgrs, taken, column=int(numbers[1]), row=int(numbers[2]))


def moment(text: str) -> datetime | None:
    """`20200529T094041` as UTC; None when it is no date."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
