"""Mask files in the exact forms of their makers, and products to lay them on. All painted."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from labelling.imagery.files import Georeference
from labelling.imagery.masks.reading import MaskFile, reading_mask
from labelling.imagery.masks.sources import source_named
from labelling.imagery.products.product import Product
from labelling.imagery.tiling import windows
from tests.rasters import IN_35VLF

MEMBER = """<eop:MaskFeature gml:id="{kind}.{n}">
<eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">{kind}</eop:maskType>
<eop:extentOf><gml:Polygon gml:id="{kind}.{n}_Polygon">{rings}</gml:Polygon></eop:extentOf>
</eop:MaskFeature>"""
RING = """<gml:{side}><gml:LinearRing><gml:posList srsDimension="{each}">{positions}</gml:posList>
</gml:LinearRing></gml:{side}>"""
GML = """<?xml version="1.0" encoding="UTF-8"?>
<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2">
<gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG:8.7:{epsg}"></gml:Envelope>
</gml:boundedBy><eop:maskMembers>{members}</eop:maskMembers></eop:Mask>"""


def product(path: Path, *, side: int = 12, place: Georeference | None = IN_35VLF) -> Product:
    """A product of `side` by `side` pixels at `path`, without bands."""
    return Product(
        path=path,
        form="stack",
        product_id=path.stem,
        bands=(),
        height=side,
        width=side,
        place=place,
        taken=datetime(2024, 3, 5, 10, 48, 19, tzinfo=UTC),
        mgrs="35VLF",
    )


def coarser(place: Georeference, step: int) -> Georeference:
    """The same corner with pixels `step` times as long."""
    a, b, c, d, e, f = place.transform
    return Georeference(place.crs, (a * step, b * step, c, d * step, e * step, f))


def write_planes(
    path: Path,
    planes: NDArray,
    *,
    place: Georeference | None = IN_35VLF,
    nodata: float | None = None,
) -> Path:
    """A GeoTIFF of `planes` (height, width) or (bands, height, width), in their own type."""
    planes = planes[None] if planes.ndim == 2 else planes
    path.parent.mkdir(parents=True, exist_ok=True)
    where = {"crs": place.crs, "transform": rasterio.Affine(*place.transform)} if place else {}
    count, height, width = planes.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, **where}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", dtype=planes.dtype, nodata=nodata, **profile) as file:
            file.write(planes)
    return path


def write_gml(path: Path, *outlines: tuple, epsg: int = 32635, each: int = 2) -> Path:
    """MSK_CLOUDS as ESA writes it; an outline is (kind, exterior, interior, …), rings of (x, y)."""
    members = "".join(
        MEMBER.format(
            kind=kind,
            n=n,
            rings="".join(
                _ring(ring, "interior" if inner else "exterior", each)
                for inner, ring in enumerate(rings)
            ),
        )
        for n, (kind, *rings) in enumerate(outlines)
    )
    path.write_text(GML.format(epsg=epsg, members=members))
    return path


def box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    """A closed ring around pixels `left`…`right`, `top`…`bottom` of 10 m from 35VLF's corner."""
    _, _, west, _, _, north = IN_35VLF.transform
    xs, ys = (west + 10 * left, west + 10 * right), (north - 10 * top, north - 10 * bottom)
    return [(xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1]), (xs[0], ys[0])]


def classes_of(
    path: Path, source: str, onto: Product, *, band: int = 1, threshold: float | None = None
) -> NDArray[np.uint8]:
    """Our classes on the product's whole grid."""
    (window,) = windows(height=onto.height, width=onto.width, size=max(onto.height, onto.width))
    file = MaskFile(source_named(source), str(path), band)
    with reading_mask(file, onto, threshold=threshold) as mask:
        return mask.tile(window)[: onto.height, : onto.width]


def _ring(ring: list[tuple[float, float]], side: str, each: int) -> str:
    positions = " ".join(" ".join(map(str, (*point, 210.5)[:each])) for point in ring)
    return RING.format(side=side, each=each, positions=positions)
