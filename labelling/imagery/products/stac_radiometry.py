"""What turns the numbers of a STAC item's bands into reflectance.

Catalogues disagree about the offset of baseline 04.00. Some copies of products had it removed, and
say so by `earthsearch:boa_offset_applied`, often beside an offset of -0.1 that is meant for
the originals. The flag has been wrong as well (Element84/earth-search, issues 66 and 71). So what
the item says has to be complete and free of contradiction, and the pixels may overrule it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelling.errors import BadInput
from labelling.imagery.files import opened
from labelling.imagery.products.names import OFFSET_SINCE, check_baseline, has_offset
from labelling.imagery.products.product import BandSource
from labelling.imagery.products.stac_bands import Layer
from labelling.imagery.products.stac_item import Item

REMOVED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
QUANTIFICATION = 10_000.0
"""Sentinel-2's, in every product so far."""
SAMPLE = 256
"""Pixels along a side that a band is looked at with."""
MOST_NEGATIVE = 0.2
"""Share of a band's pixels below a reflectance of 0 that no land, water or shadow explains."""
DARK = ("B04", "B02", "B12")
"""Bands to look at, the most telling first: red is low over plants and water."""
HELP = (
    "Say in the item what its numbers hold: raster:offset -0.1 where the offset is still in them, "
    "earthsearch:boa_offset_applied true where it was taken out."
)


@dataclass(frozen=True)
class Rule:
    """Reflectance = (number + offset) / quantification."""

    offset: int
    quantification: float


def rule_of(item: Item, layer: Layer, *, sentinel: bool, baseline: str) -> Rule:
    """The rule of one band. Raises RasterRejected where the item leaves it open."""
    quantification = _quantification(item, layer, sentinel=sentinel)
    if layer.offset and layer.scale is None:
        raise item.refused(f"asset {layer.key!r} has an offset but no scale", field=layer.key)
    offset = round((layer.offset or 0) * quantification, 3)
    if offset != round(offset) or abs(offset) > QUANTIFICATION:
        raise item.refused(
            f"asset {layer.key!r} has offset {offset:g}, no whole one", field="offset"
        )
    if not sentinel:
        return Rule(round(offset), quantification)
    return Rule(_checked(item, layer, round(offset), baseline), quantification)


def check_pixels(item: Item, bands: list[BandSource]) -> None:
    """Look at one band, coarsely: an offset that was taken out already shows as negatives.

    Raises RasterRejected. The other mistake, an offset still in numbers that are said to be free
    of it, can't be told from a bright scene; the step against other dates shows it.
    """
    named = {band.name: band for band in bands if band.offset < 0}
    if not (band := next((named[name] for name in DARK if name in named), None)):
        return
    with opened(band.path) as dataset:
        shape = tuple(min(SAMPLE, side) for side in dataset.shape)
        numbers = dataset.read(band.layer, out_shape=shape)
    valid = numbers[numbers != 0]
    share = np.count_nonzero(valid < -band.offset) / max(valid.size, 1)
    if share > MOST_NEGATIVE:
        raise item.refused(
            f"offset {band.offset} would make {share:.0%} of band {band.name} negative: it seems "
            "to be taken out of the numbers already, whatever the item says",
            field="offset",
            help=HELP,
        )


def _quantification(item: Item, layer: Layer, *, sentinel: bool) -> float:
    if layer.scale is None and sentinel:
        return QUANTIFICATION
    if layer.scale is None:
        raise item.refused(
            f"asset {layer.key!r} doesn't say what its numbers mean: it has no raster:scale",
            field=layer.key,
            help="Add raster:scale, such as 0.0001 for reflectance in ten-thousandths.",
        )
    if not 1e-5 <= layer.scale <= 1:
        raise item.refused(f"asset {layer.key!r} has scale {layer.scale:g}", field="scale")
    return round(1 / layer.scale, 6)


def _checked(item: Item, layer: Layer, offset: int, baseline: str) -> int:
    """The offset still in a Sentinel-2 band's numbers."""
    if not baseline:
        raise item.refused("it doesn't say its processing baseline", field="s2:processing_baseline")
    try:
        check_baseline(baseline)
    except BadInput as error:
        raise item.refused(str(error), field="s2:processing_baseline") from error
    removed = any(item.properties.get(flag) is True for flag in REMOVED)
    if removed:
        return 0
    if offset and not has_offset(baseline):
        raise item.refused(
            f"asset {layer.key!r} has an offset at baseline {baseline}; there is none before "
            f"{OFFSET_SINCE}",
            field="offset",
            help=HELP,
        )
    if has_offset(baseline) and not offset:
        raise item.refused(
            f"asset {layer.key!r} of baseline {baseline} has no offset, and nothing says that it "
            "was taken out",
            field="offset",
            help=HELP,
        )
    return offset
