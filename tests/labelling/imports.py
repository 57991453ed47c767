"""Jobs and small planes for the tests of imports."""

from __future__ import annotations

import numpy as np

from labelling.adapters.blobs import store
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.labelsets.sets import LABELSETS
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation
from labelling.workflow.importing.labels import Import
from labelling.workflow.importing.pieces import Desk
from tests.factories import NOON
from tests.labelling.imagery.labelsets.writers import write_subtile
from tests.rasters import pixels

SIDE = 256
NUMBERS = pixels(height=SIDE, width=SIDE)


def plane(*codes: int, side: int = SIDE) -> np.ndarray:
    """A label in as many bands of rows as there are codes."""
    return np.repeat(np.array(codes, np.uint8), -(-side // len(codes)))[:side, None].repeat(side, 1)


def job(campaign, form: str, *, blobs=None, dry_run=False, matches=None, **options) -> Import:
    reading = ("background", "classes", "skip_shapes", "level")
    choices = {name: options.pop(name) for name in reading if name in options}
    return Import(
        labelset=LABELSETS[form],
        desk=Desk(campaign, blobs or store(), NOON, matches or {}, dry_run=dry_run),
        choices=Choices(
            bands=tuple(campaign.bands),
            tile_size=campaign.tile_size,
            campaign={each["name"]: each["code"] for each in campaign.schema.classes},
            **choices,
        ),
        **options,
    )


def subtile(folder, *, codes=(1, 4), **options):
    return write_subtile(folder, numbers=NUMBERS, label=plane(*codes), **options)


def planes_of(annotation: Annotation) -> tuple[np.ndarray, np.ndarray]:
    return read_label(store().raster(annotation.raster))
