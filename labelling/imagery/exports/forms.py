"""The export formats there are, by name."""

from __future__ import annotations

from labelling.errors import BadInput
from labelling.imagery.exports.coco import COCO
from labelling.imagery.exports.geotiff import GEOTIFF
from labelling.imagery.exports.netcdf import NETCDF
from labelling.imagery.exports.outgoing import Form
from labelling.imagery.exports.png import PNG
from labelling.imagery.exports.stac import STAC

FORMATS: dict[str, Form] = {each.name: each for each in (GEOTIFF, PNG, NETCDF, COCO, STAC)}


def form_named(name: str) -> Form:
    """Raises BadInput, naming the formats there are."""
    if name not in FORMATS:
        raise BadInput(
            f"There is no export format {name!r}.",
            field="format",
            help=f"There are {', '.join(FORMATS)}.",
        )
    return FORMATS[name]
