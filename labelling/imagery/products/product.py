"""What a product holds, whatever form it comes in: read from headers and metadata, no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from labelling.imagery.files import Georeference


@dataclass(frozen=True)
class Angles:
    """Where the sun or the satellite stands, seen from the ground."""

    zenith: float
    """Degrees from the vertical, 0…180 (above 90 the sun is down)."""
    azimuth: float
    """Degrees clockwise from north, 0…360."""


class AngleField(Protocol):
    """Angles that change over a scene."""

    def sun(self, *, row: float, column: float) -> Angles | None:
        """At a position in pixels of the product's grid, from its upper-left corner."""

    def view(self, *, row: float, column: float) -> Angles | None:
        """The same, towards the satellite, mean over the bands; None where no detector looked."""


@dataclass(frozen=True)
class BandSource:
    """Where a band's digital numbers lie, and what turns them into reflectance."""

    name: str
    path: str
    """What GDAL opens: a file, or a path below /vsizip/ or /vsis3/."""
    layer: int = 1
    """Band of that file, counted from 1."""
    step: int = 1
    """Pixels of the product's grid along a pixel of this band: 1, 2 or 6 for Sentinel-2."""
    offset: int = 0
    """Added to a digital number before division: RADIO_ADD_OFFSET or BOA_ADD_OFFSET."""
    quantification: float = 10_000
    """Digital numbers to a reflectance of 1."""


@dataclass(frozen=True)
class MaskSource:
    """A mask that came inside a product, or beside it."""

    source: str
    """Name of its reader in `labelling.imagery.masks`, such as `scl` or `l1c_classi`."""
    path: str
    """What GDAL opens, or a GML file."""
    layers: int = 1
    step: int = 1
    """Pixels of the product's grid along a pixel of the mask."""


@dataclass(frozen=True)
class Product:
    """One acquisition at one processing level, on a grid of 10 m pixels (or its own)."""

    path: Path
    """The folder, archive or file that was named; `path.name` is what people call it."""
    form: str
    """`stack`, `safe` or `stac`."""
    product_id: str
    bands: tuple[BandSource, ...]
    height: int
    width: int
    """Of the grid, in pixels."""
    place: Georeference | None
    """Of the grid."""
    taken: datetime | None
    """UTC, to the second. For Sentinel-2 the datatake's start, which L1C and L2A share."""
    satellite: str = ""
    level: str = ""
    baseline: str = ""
    """Processing baseline, as in 05.10."""
    orbit: int | None = None
    """Relative orbit, 1…143."""
    mgrs: str = ""
    """Empty when the product doesn't say; the grid's keys need it."""
    sun: Angles | None = None
    """Of the scene's centre."""
    view: Angles | None = None
    angles: AngleField | None = None
    """None: `sun` and `view` hold for the whole scene."""
    cloud_cover: float | None = None
    """Per cent, as the product says."""
    footprint: dict[str, object] | None = None
    """GeoJSON polygon of the ground with data, WGS 84; None: the grid's corners are all we know."""
    offset_rule: int = 0
    """Version of the rule from digital numbers to reflectance; 0: the file held reflectance."""
    synthetic: bool = False
    masks: tuple[MaskSource, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def band_names(self) -> tuple[str, ...]:
        return tuple(band.name for band in self.bands)
