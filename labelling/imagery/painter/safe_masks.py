"""Cloud masks inside a painted SAFE product, in the form of its level and baseline."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.features import shapes

from labelling.imagery.painter.safe_bands import BLOCKS, write_jp2
from labelling.imagery.painter.safe_header import SafeHeader
from labelling.imagery.painter.truth import CLEAR, CLOUD, SHADOW, THIN, UNLABELLED

Codes = NDArray[np.uint8]
SCL = {CLEAR: 4, CLOUD: 9, THIN: 10, SHADOW: 3, UNLABELLED: 0}
"""Sen2Cor's scene classes: vegetation, cloud of high probability, thin cirrus, shadow, no data."""
CLOUD_PROBABILITY = {CLEAR: 4, CLOUD: 97, THIN: 55, SHADOW: 11, UNLABELLED: 0}
"""Per cent."""


def write_masks(folder: Path, header: SafeHeader, truth: Codes) -> None:
    """Write the masks of a product's folder from `truth`, exact codes (size, size) at 10 m."""
    quality = folder / "GRANULE" / header.granule / "QI_DATA"
    if header.offset:
        _write(quality / "MSK_CLASSI_B00.jp2", _classification(truth), header, step=6)
    else:
        quality.mkdir(parents=True, exist_ok=True)
        (quality / "MSK_CLOUDS_B00.gml").write_text(_polygons(header, truth), encoding="utf-8")
    if header.level == "L2A":
        scene = (folder / header.image("SCL", metres=20)).with_suffix(".jp2")
        _write(scene, _recoded(truth, SCL)[None], header, step=2)
        clouds = _recoded(truth, CLOUD_PROBABILITY)[None]
        _write(quality / "MSK_CLDPRB_20m.jp2", clouds, header, step=2)
        _write(quality / "MSK_SNWPRB_20m.jp2", np.zeros_like(clouds), header, step=2)


def _write(path: Path, planes: Codes, header: SafeHeader, *, step: int) -> None:
    write_jp2(path, planes, place=header.place(step=step), block=BLOCKS[10 * step])


def _recoded(truth: Codes, table: dict[int, int]) -> Codes:
    """(size / 2, size / 2): the table's value of the pixel nearest to each 20 m pixel's centre."""
    values = np.zeros(256, dtype=np.uint8)
    values[list(table)] = list(table.values())
    return values[truth[1::2, 1::2]]


def _classification(truth: Codes) -> Codes:
    """(3, size / 6, size / 6): opaque cloud, cirrus and snow, each 0 or 1."""
    coarse = truth[3::6, 3::6]
    return np.stack([coarse == CLOUD, coarse == THIN, np.zeros_like(coarse, bool)]).astype(np.uint8)


MASK = """<?xml version="1.0" encoding="UTF-8"?>
<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" \
gml:id="MSK_CLOUDS_{name}">
  <gml:name>MSK_CLOUDS pixels mask, painted</gml:name>
  <gml:boundedBy>
    <gml:Envelope srsName="urn:ogc:def:crs:EPSG::{epsg}">
      <gml:lowerCorner>{west:.0f} {south:.0f}</gml:lowerCorner>
      <gml:upperCorner>{east:.0f} {north:.0f}</gml:upperCorner>
    </gml:Envelope>
  </gml:boundedBy>
  <eop:maskMembers>
{members}
  </eop:maskMembers>
</eop:Mask>
"""
MEMBER = """    <eop:MaskFeature gml:id="{kind}.{number}">
      <eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">{kind}</eop:maskType>
      <eop:extentOf>
        <gml:Polygon gml:id="{kind}.{number}_Polygon">
{rings}
        </gml:Polygon>
      </eop:extentOf>
    </eop:MaskFeature>"""
RING = """          <gml:{side}>
            <gml:LinearRing>
              <gml:posList srsDimension="2">{positions}</gml:posList>
            </gml:LinearRing>
          </gml:{side}>"""


def _polygons(header: SafeHeader, truth: Codes) -> str:
    """GML outlines of opaque cloud and cirrus at 60 m, in map coordinates."""
    coarse = truth[3::6, 3::6]
    place = header.place(step=6)
    members = [
        MEMBER.format(kind=kind, number=number, rings=_rings(polygon["coordinates"]))
        for kind, code in (("OPAQUE", CLOUD), ("CIRRUS", THIN))
        for number, (polygon, _) in enumerate(
            shapes(coarse, mask=coarse == code, transform=Affine(*place.transform))
        )
    ]
    west, north = place.at(row=0, column=0)
    side = 10 * header.size
    return MASK.format(
        name=escape(header.name),
        epsg=place.crs.removeprefix("EPSG:"),
        west=west,
        south=north - side,
        east=west + side,
        north=north,
        members="\n".join(members),
    )


def _rings(rings: list[list[tuple[float, float]]]) -> str:
    return "\n".join(
        RING.format(
            side="interior" if number else "exterior",
            positions=" ".join(f"{x:.0f} {y:.0f}" for x, y in ring),
        )
        for number, ring in enumerate(rings)
    )
