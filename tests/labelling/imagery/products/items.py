"""Small STAC items with their rasters, as catalogues write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from tests.rasters import IN_35VLF

SIDE = 60
PLACE = {"crs": IN_35VLF.crs}
NATIVE = {"blue": 10, "green": 10, "red": 10, "nir": 10, "rededge2": 20, "nir08": 20, "coastal": 60}
BANDS = {
    "blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "rededge2": "B06",
    "nir08": "B8A", "coastal": "B01",
}  # fmt: skip
GEOMETRY = {
    "type": "Polygon",
    "coordinates": [[[23.4, 59.4], [23.5, 59.4], [23.5, 59.5], [23.4, 59.5], [23.4, 59.4]]],
}
PROPERTIES = {
    "datetime": "2026-05-29T10:00:44.123Z",
    "platform": "sentinel-2b",
    "constellation": "sentinel-2",
    "eo:cloud_cover": 12.5,
    "grid:code": "MGRS-35VLF",
    "sat:relative_orbit": 36,
    "view:sun_azimuth": 165.0,
    "view:sun_elevation": 48.0,
    "s2:processing_baseline": "05.11",
    "s2:datatake_id": "GS2B_20260529T095029_040036_N05.11",
    "s2:product_type": "S2MSI2A",
}


def write_raster(
    path: Path, values: NDArray | int = 2500, *, metres: int = 10, north: float = 6_600_000, **more
) -> Path:
    """A GeoTIFF on 35VLF's corner, of pixels of `metres`; `values` fill it when they are one."""
    side = SIDE * 10 // metres
    planes = values if isinstance(values, np.ndarray) else np.full((1, side, side), values)
    planes = planes.astype(more.get("dtype", "uint16"))
    transform = rasterio.Affine(metres, 0, 300_000, 0, -metres, north)
    count, height, width = planes.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width}
    with rasterio.open(
        path, "w", **{**profile, **PLACE, "dtype": planes.dtype, "transform": transform, **more}
    ) as file:
        file.write(planes)
    return path


def earth_search(folder: Path, *, offset: float | None = -0.1, **properties: Any) -> Path:
    """An item of STAC 1.0 with `eo:bands` and `raster:bands`, and assets that are no bands."""
    assets: dict[str, dict] = {}
    for key, metres in NATIVE.items():
        write_raster(folder / f"{BANDS[key]}.tif", metres=metres)
        assets[key] = {
            "href": f"./{BANDS[key]}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "eo:bands": [{"name": key, "common_name": key}],
            "raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001}],
            "roles": ["data", "reflectance"],
        }
        if offset is not None:
            assets[key]["raster:bands"][0]["offset"] = offset
    write_raster(folder / "SCL.tif", 4, metres=20, dtype="uint8")
    assets["scl"] = {"href": "./SCL.tif", "roles": ["data", "reflectance"]}
    assets["visual"] = {
        "href": "./TCI.tif",
        "eo:bands": [{"name": name, "common_name": name} for name in ("red", "green", "blue")],
        "roles": ["visual"],
    }
    assets["thumbnail"] = {"href": "https://example.org/preview.jpg", "roles": ["thumbnail"]}
    assets["granule_metadata"] = {"href": "https://example.org/MTD_TL.xml", "roles": ["metadata"]}
    return write_item(folder / "item.json", assets, **properties)


def write_item(path: Path, assets: dict[str, dict], **properties: Any) -> Path:
    """An item of these assets; a property given as None is left out."""
    told = {**PROPERTIES, **{name.replace("__", ":"): value for name, value in properties.items()}}
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": "S2B_35VLF_20260529_0_L2A",
        "geometry": GEOMETRY,
        "bbox": [23.4, 59.4, 23.5, 59.5],
        "links": [],
        "properties": {name: value for name, value in told.items() if value is not None},
        "assets": assets,
    }
    item["properties"].setdefault("datetime", "2026-05-29T10:00:44Z")
    path.write_text(json.dumps(item))
    return path


def change(path: Path, **assets: dict | None) -> Path:
    """Change fields of an item's assets; an asset given as None is removed."""
    item = json.loads(path.read_text())
    for key, fields in assets.items():
        if fields is None:
            del item["assets"][key]
        else:
            item["assets"].setdefault(key, {}).update(fields)
    path.write_text(json.dumps(item))
    return path
