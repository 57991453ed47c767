"""Level-1C cloud outlines in GML, as products before baseline 04.00 carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from zipfile import BadZipFile, ZipFile

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.features import rasterize

from labelling.errors import RasterRejected
from labelling.imagery.files import name_of
from labelling.imagery.products.product import Product

CELL = 6
"""Pixels of 10 m along a cell of the outlines, 60 m."""
LARGEST = 64 * 2**20
"""Bytes of a GML file; the fullest of a real product holds a tenth of that."""
EOP = "{http://www.opengis.net/eop/2.0}"
GML = "{http://www.opengis.net/gml/3.2}"
KINDS = {"CIRRUS": 0b010, "OPAQUE": 0b001}
"""{maskType: code}, in the order of drawing: where both lie, opaque is what shows."""

Shape = tuple[dict[str, Any], int]
"""A GeoJSON polygon and its code."""


def drawn(path: str, product: Product, *, step: int) -> NDArray[np.uint8]:
    """Codes (rows, columns) uint8 on cells of `step` by `step` pixels of the product's grid.

    0 outside every outline, 1 opaque, 2 cirrus; a cell belongs to the outline around its centre.
    Raises RasterRejected for a file that can't be read or that lies on other ground.
    """
    if product.place is None:
        raise _refused(path, f"{product.name} has no georeference to draw its outlines on")
    root = _parsed(path)
    _check_system(path, root, product.place.crs)
    shape = (-(-product.height // step), -(-product.width // step))
    outlines = list(_shapes(path, root))
    if not outlines:
        return np.zeros(shape, dtype=np.uint8)
    cells = Affine(*product.place.transform) @ Affine.scale(step)
    return rasterize(outlines, out_shape=shape, transform=cells, fill=0, dtype="uint8")


def _shapes(path: str, root: Element) -> Iterator[Shape]:
    members = list(root.iter(f"{EOP}MaskFeature"))
    kinds = [(each.findtext(f"{EOP}maskType") or "").strip() for each in members]
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise _refused(path, f"its outlines are {', '.join(unknown)}, not {' or '.join(KINDS)}")
    for wanted, code in KINDS.items():
        for kind, member in zip(kinds, members):
            if kind == wanted:
                yield from ((_polygon(path, each), code) for each in member.iter(f"{GML}Polygon"))


def _polygon(path: str, polygon: Element) -> dict[str, Any]:
    rings = [*polygon.iter(f"{GML}exterior"), *polygon.iter(f"{GML}interior")]
    return {"type": "Polygon", "coordinates": [_ring(path, each) for each in rings]}


def _ring(path: str, ring: Element) -> list[tuple[float, float]]:
    positions = ring.find(f".//{GML}posList")
    try:
        words = [float(word) for word in (positions.text or "").split()]
        each = int(positions.get("srsDimension", "2"))
        if each not in (2, 3) or len(words) % each or len(words) < 4 * each:
            raise ValueError
    except (AttributeError, ValueError) as error:
        raise _refused(path, "an outline has no list of positions") from error
    return list(zip(words[::each], words[1::each]))


def _check_system(path: str, root: Element, crs: str) -> None:
    """The outlines name their system where they have any: `urn:ogc:def:crs:EPSG:8.7:32635`."""
    for envelope in root.iter(f"{GML}Envelope"):
        found = re.search(r"EPSG:[^:]*:(\d+)$", envelope.get("srsName", ""))
        if found and f"EPSG:{found[1]}" != crs:
            raise _refused(path, f"lies in EPSG:{found[1]}, but its product in {crs}", "crs")


def _parsed(path: str) -> Element:
    content = _content(path)
    if len(content) > LARGEST:
        raise _refused(path, f"is larger than {LARGEST >> 20} MiB")
    try:
        return fromstring(content)
    except (ParseError, DefusedXmlException) as error:
        raise _refused(path, f"is malformed ({error})") from error


def _content(path: str) -> bytes:
    """The file's bytes, also of a member of an archive: `/vsizip/<archive>.zip/<member>`."""
    try:
        if found := re.fullmatch(r"/vsizip/\{?(.+?\.zip)\}?/(.+)", path, re.IGNORECASE):
            with ZipFile(found[1]) as archive, archive.open(found[2]) as member:
                return member.read(LARGEST + 1)
        with Path(path).open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, KeyError, BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise _refused(path, f"can't be read ({reason})") from error


def _refused(path: str, reason: str, field: str = "file") -> RasterRejected:
    return RasterRejected(f"{name_of(path)}: {reason}.", field=field)
