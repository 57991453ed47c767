"""STAC: a catalogue of label items whose labels, and bands where asked for, are GeoTIFFs.

`catalog.json` → `collection.json` → a catalogue a shard → items, so that no JSON grows with the
export but the collection's list of shards. Label items follow the label extension 1.0.1 (raster,
segmentation); what the codes mean stands at the asset, as `cloudmask:codes`. With the bands each
tile has a second item, the imagery that the label's `source` link leads to. A tile whose ground
isn't known has no geometry; one without a date has the span in which it must have been taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pystac import get_stac_version

from labelling.imagery.exports import geotiff
from labelling.imagery.exports.outgoing import (
    Closing,
    Form,
    Legend,
    Piece,
    Pixels,
    Subject,
    as_json,
)
from labelling.imagery.exports.stac_items import (
    GEOJSON,
    JSON,
    collection_id,
    corners,
    image_item,
    label_item,
    place_of,
    span,
)

WHOLE_EARTH = [-180.0, -90.0, 180.0, 90.0]


def tile(subject: Subject, pixels: Pixels, legend: Legend) -> Piece:
    files = dict(geotiff.tile(subject, pixels, legend).files)
    ring = corners(subject.ground, pixels.label.shape) if subject.ground else None
    where = place_of(ring)
    files[f"{subject.name}.json"] = as_json(label_item(subject, pixels, legend, where))
    if pixels.bands is not None:
        image = image_item(subject, pixels, legend, where)
        files[f"{subject.name}_image.json"] = as_json(image)
    taken = f"{subject.taken:%Y-%m-%dT%H:%M:%SZ}" if subject.taken else None
    return Piece(
        files,
        note={"name": subject.name, "image": pixels.bands is not None},
        trace={"bbox": where.get("bbox"), "taken": taken},
    )


def shard(notes: Sequence[Mapping[str, Any]], legend: Legend) -> Mapping[str, bytes]:
    """The catalogue of a shard's items."""
    names = [
        f"{note['name']}{ending}"
        for note in notes
        for ending in ("", "_image")
        if not ending or note["image"]
    ]
    first = notes[0]["name"] if notes else "nothing"
    told = {
        "type": "Catalog",
        "id": f"{collection_id(legend)}-{first}",
        "stac_version": get_stac_version(),
        "description": f"{len(notes)} tiles, the first one {first}.",
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": JSON},
            {"rel": "parent", "href": "../collection.json", "type": JSON},
            *({"rel": "item", "href": f"./{name}.json", "type": GEOJSON} for name in names),
        ],
    }
    return {"catalog.json": as_json(told)}


def close(closing: Closing) -> Iterable[tuple[str, Iterable[bytes]]]:
    legend = closing.legend
    root = {
        "type": "Catalog",
        "id": f"cloudmask-{legend.campaign}",
        "stac_version": get_stac_version(),
        "title": f"Cloud masks of campaign {legend.campaign}",
        "description": f"Labels of snapshot {legend.snapshot}.",
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": JSON},
            {"rel": "child", "href": "./collection.json", "type": JSON},
        ],
    }
    yield "catalog.json", [as_json(root)]
    yield "collection.json", [as_json(collection(closing))]


def collection(closing: Closing) -> dict[str, Any]:
    legend = closing.legend
    painted = " Some or all tiles are synthetic." if legend.synthetic else ""
    classes = ", ".join(f"{code} {name}" for code, name in sorted(legend.names.items()))
    children = [
        {"rel": "child", "href": f"./{name}/catalog.json", "type": JSON} for name in closing.shards
    ]
    return {
        "type": "Collection",
        "id": collection_id(legend),
        "stac_version": get_stac_version(),
        "title": f"Cloud masks of campaign {legend.campaign}",
        "description": f"Class codes: {classes}.{painted}",
        # One SPDX name covers all sources, or STAC's word for the rest.
        "license": legend.licences[0] if spdx(legend.licences) else "other",
        "extent": extent(closing),
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": JSON},
            {"rel": "parent", "href": "./catalog.json", "type": JSON},
            {"rel": "license", "href": "./LICENCES.md", "type": "text/markdown"},
            *children,
        ],
    }


def spdx(licences: Sequence[str]) -> bool:
    """Whether one licence holds for everything, by a name that SPDX could have given."""
    return len(licences) == 1 and licences[0] != "" and " " not in licences[0]


def extent(closing: Closing) -> dict[str, Any]:
    boxes, moments, undated = [], [], False
    for trace in closing.traces():
        if trace["bbox"]:
            boxes.append(trace["bbox"])
        if trace["taken"]:
            moments.append(trace["taken"])
        undated = undated or not trace["taken"]
    if undated:
        moments += span(closing.legend)
    return {
        "spatial": {"bbox": [union(boxes)]},
        "temporal": {"interval": [[min(moments), max(moments)]]},
    }


def union(boxes: Sequence[Sequence[float]]) -> list[float]:
    """The box around all; the whole earth where no tile's ground is known."""
    if not boxes:
        return WHOLE_EARTH
    west, south, east, north = zip(*boxes)
    return [min(west), min(south), max(east), max(north)]


def read(folder: Path, name: str, legend: Legend) -> Pixels:
    """Through the GeoTIFFs that the items name. Raises RasterRejected."""
    return geotiff.read(folder, name, legend)


STAC = Form("stac", "STAC: a catalogue with the label extension", tile, read, shard, close)
