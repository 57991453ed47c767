"""The items of a STAC export: a tile's label, and its imagery."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pystac import get_stac_version

from labelling.imagery.exports.outgoing import Legend, Pixels, Subject, counted
from labelling.imagery.files import Georeference

# pystac warns whoever imports its module for the label extension; its URI is all that is needed.
LABEL = "https://stac-extensions.github.io/label/v1.0.1/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
CLOUD_OPTIMISED = "image/tiff; application=geotiff; profile=cloud-optimized"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before any satellite that could have taken a tile without a date."""
DIGITS = 7
"""Of degrees: a centimetre, and the same on every machine."""
JSON, GEOJSON = "application/json", "application/geo+json"


def corners(ground: Georeference, shape: tuple[int, ...]) -> list[list[float]]:
    """Longitude and latitude of a tile's corners, counter-clockwise from the upper left."""
    height, width = shape
    places = [(0, 0), (height, 0), (height, width), (0, width), (0, 0)]
    return [
        [round(longitude, DIGITS), round(latitude, DIGITS)]
        for longitude, latitude in ground.project("EPSG:4326", places)
    ]


def place_of(ring: list[list[float]] | None) -> dict[str, Any]:
    """An item's geometry and box; without known ground a geometry of null, and no box."""
    if ring is None:
        return {"geometry": None}
    longitudes, latitudes = zip(*ring)
    box = [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": box}


def label_item(
    subject: Subject, pixels: Pixels, legend: Legend, where: Mapping[str, Any]
) -> dict[str, Any]:
    label = pixels.label
    told = {
        "label:type": "raster",
        "label:properties": None,
        "label:description": described(subject, legend),
        "label:classes": [{"name": None, "classes": [each.name for each in legend.classes]}],
        "label:tasks": ["segmentation"],
        "label:methods": ["manual"],
        "label:overviews": [overview(counted(label), legend)],
    }
    asset = {
        "href": f"./{subject.name}_label.tif",
        "type": CLOUD_OPTIMISED,
        "roles": ["labels", "labels-raster"],
        "title": "Class codes",
        "cloudmask:codes": {str(code): name for code, name in sorted(legend.names.items())},
        **grid_of(subject.ground, label.shape),
    }
    source = f"./{subject.name}_image.json" if pixels.bands is not None else ""
    links = [{"rel": "source", "href": source, "type": GEOJSON, "label:assets": ["label"]}]
    return {
        **item(subject, legend, where, links if source else []),
        "id": subject.name,
        "stac_extensions": [LABEL, PROJECTION],
        "properties": {**properties(subject, legend), **told},
        "assets": {"label": asset},
    }


def image_item(
    subject: Subject, pixels: Pixels, legend: Legend, where: Mapping[str, Any]
) -> dict[str, Any]:
    told = properties(subject, legend)
    if subject.satellite:
        told["platform"] = subject.satellite
    asset = {
        "href": f"./{subject.name}.tif",
        "type": CLOUD_OPTIMISED,
        "roles": ["data", "reflectance"],
        "title": "Reflectance × 10 000, 0 no data",
        "bands": [{"name": band} for band in legend.bands],
        **grid_of(subject.ground, pixels.label.shape),
    }
    return {
        **item(subject, legend, where, []),
        "id": f"{subject.name}_image",
        "stac_extensions": [PROJECTION],
        "properties": told,
        "assets": {"bands": asset},
    }


def item(
    subject: Subject, legend: Legend, where: Mapping[str, Any], links: list[dict[str, Any]]
) -> dict[str, Any]:
    """What both items of a tile have."""
    return {
        "type": "Feature",
        "stac_version": get_stac_version(),
        "collection": collection_id(legend),
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": JSON},
            {"rel": "parent", "href": "./catalog.json", "type": JSON},
            {"rel": "collection", "href": "../collection.json", "type": JSON},
            *links,
        ],
        **where,
    }


def properties(subject: Subject, legend: Legend) -> dict[str, Any]:
    told: dict[str, Any] = {
        "datetime": f"{subject.taken:%Y-%m-%dT%H:%M:%SZ}" if subject.taken else None,
        "cloudmask:tile": subject.key,
        "cloudmask:product": subject.product,
        "cloudmask:split": subject.split,
        "cloudmask:source": subject.source,
        "cloudmask:licence": subject.licence,
        "cloudmask:trust": subject.trust,
        "cloudmask:synthetic": subject.synthetic,
    }
    if subject.taken is None:
        told["start_datetime"], told["end_datetime"] = span(legend)
    return told


def span(legend: Legend) -> tuple[str, str]:
    """Within which a tile without a date must have been taken."""
    return f"{BEGINNING:%Y-%m-%dT%H:%M:%SZ}", f"{legend.frozen:%Y-%m-%dT%H:%M:%SZ}"


def described(subject: Subject, legend: Legend) -> str:
    painted = " The tile is synthetic." if subject.synthetic else ""
    return (
        f"Class codes of tile {subject.key}, label of {subject.source}, in snapshot "
        f"{legend.snapshot} of campaign {legend.campaign}.{painted}"
    )


def overview(pixels: Mapping[int, int], legend: Legend) -> dict[str, Any]:
    """Pixels by class name, unsure and not labelled ones too."""
    names = legend.names
    return {
        "property_key": "class",
        "counts": [
            {"name": names.get(code, str(code)), "count": count}
            for code, count in sorted(pixels.items())
        ],
    }


def grid_of(ground: Georeference | None, shape: tuple[int, ...]) -> dict[str, Any]:
    """The projection extension's fields of an asset; nothing where the ground isn't known."""
    if ground is None:
        return {}
    named = ground.crs.startswith("EPSG:")
    return {
        "proj:code" if named else "proj:wkt2": ground.crs,
        "proj:shape": list(shape),
        "proj:transform": list(ground.transform),
    }


def collection_id(legend: Legend) -> str:
    return f"cloudmask-{legend.campaign}-{legend.snapshot[:12]}"
