"""GeoTIFF: `<tile>_label.tif` beside `<tile>.tif`, as `ingest` reads them.

Each is a cloud-optimised GeoTIFF of one block a band: its directory lies before its pixels, and
512 pixels need no overviews. The label has the classes' colours; 255 is its no-data value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from labelling.imagery.exports.outgoing import Form, Legend, Piece, Pixels, Subject
from labelling.imagery.files import Georeference, environment, opened
from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.tilefile import read_tile

# Deflate, because every reader of TIFFs has it; at the level that takes the least time.
PACKING = {"compress": "deflate", "zlevel": 1, "interleave": "band"}


def tile(subject: Subject, pixels: Pixels, legend: Legend) -> Piece:
    files = {f"{subject.name}_label.tif": label_bytes(pixels.label, legend, subject.ground)}
    if pixels.bands is not None:
        files[f"{subject.name}.tif"] = bands_bytes(pixels.bands, subject, legend)
    if pixels.provenance is not None:
        plane = pixels.provenance[None]
        named = packed(plane, names=["provenance"], ground=subject.ground)
        files[f"{subject.name}_provenance.tif"] = named
    return Piece(files)


def label_bytes(
    label: NDArray[np.uint8], legend: Legend, ground: Georeference | None = None
) -> bytes:
    """One band of codes (height, width) with a colour table."""
    colours = {code: (*colour, 255) for code, colour in legend.colours.items()}
    return packed(label[None], names=["label"], ground=ground, colours=colours, nodata=UNLABELLED)


def bands_bytes(bands: NDArray[np.uint16], subject: Subject, legend: Legend) -> bytes:
    """The pixels (bands, height, width) with the tags of `products.stack`."""
    return packed(
        bands,
        names=legend.bands,
        ground=subject.ground,
        tags=tags_of(subject),
        nodata=0,
        predictor=2,
    )


def tags_of(subject: Subject) -> dict[str, str]:
    """What a stack says of itself, so that it can be ingested again; empty words are left out."""
    told = {
        "PRODUCT_ID": subject.name,
        "SOURCE_PRODUCT": subject.product,
        "DATETIME": subject.taken.isoformat() if subject.taken else "",
        "SATELLITE": subject.satellite,
        "LEVEL": subject.level,
        "BASELINE": subject.baseline,
        "MGRS": subject.mgrs,
        "SYNTHETIC": "true" if subject.synthetic else "",
    }
    if subject.sun_azimuth is not None and subject.sun_zenith is not None:
        told["SUN_AZIMUTH"] = repr(subject.sun_azimuth)
        told["SUN_ZENITH"] = repr(subject.sun_zenith)
    return {name: word for name, word in told.items() if word}


def packed(
    planes: NDArray[Any],
    *,
    names: Sequence[str],
    ground: Georeference | None,
    tags: Mapping[str, str] | None = None,
    colours: Mapping[int, tuple[int, ...]] | None = None,
    **packing: Any,
) -> bytes:
    """A GeoTIFF of planes (bands, height, width); the same planes make the same bytes."""
    count, height, width = planes.shape
    where = {"crs": ground.crs, "transform": rasterio.Affine(*ground.transform)} if ground else {}
    block = {"tiled": True, "blockysize": -(-height // 16) * 16, "blockxsize": -(-width // 16) * 16}
    shape = {"count": count, "height": height, "width": width, "dtype": planes.dtype}
    with MemoryFile() as memory:
        # What is said of the file comes before its pixels, so that its directory lies in front.
        with memory.open(driver="GTiff", **shape, **where, **block, **PACKING, **packing) as file:
            file.descriptions = tuple(names)
            file.update_tags(**(tags or {}))
            if colours:
                file.write_colormap(1, dict(colours))
            file.write(planes)
        return bytes(memory.getbuffer())


def read(folder: Path, name: str, legend: Legend) -> Pixels:
    """Raises RasterRejected naming a file that isn't as `tile` writes it."""
    bands, source = folder / f"{name}.tif", folder / f"{name}_provenance.tif"
    return Pixels(
        label=read_label(folder / f"{name}_label.tif"),
        bands=read_tile(bands, legend.bands) if bands.is_file() else None,
        provenance=read_label(source) if source.is_file() else None,
    )


def read_label(path: Path) -> NDArray[np.uint8]:
    with environment(path), opened(path) as dataset:
        return dataset.read(1)


GEOTIFF = Form(
    "geotiff",
    "GeoTIFF: cloud-optimised, ready for a GIS and for `ingest`",
    tile,
    read,
    holds_provenance=True,
)
