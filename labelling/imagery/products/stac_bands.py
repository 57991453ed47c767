"""Which assets of a STAC item hold its bands, and which its masks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pystac

from labelling.imagery.products.names import BANDS
from labelling.imagery.products.stac_item import Item, is_raster

COMMON = {
    "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04",
    "rededge1": "B05", "rededge071": "B05", "rededge2": "B06", "rededge075": "B06",
    "rededge3": "B07", "rededge078": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09",
    "cirrus": "B10", "swir16": "B11", "swir22": "B12",
}  # fmt: skip
"""Common names of Sentinel-2's bands. `rededge` alone says three of them, so it says none."""
SHORT = {name.replace("B0", "B"): name for name in BANDS} | {name: name for name in BANDS}
PICTURES = {"visual", "overview", "thumbnail", "metadata"}
"""Roles of assets for people's eyes, and for other programs."""
TRUE_COLOUR = re.compile(r"visual|tci|true_?colou?r|preview|overview|thumbnail|pvi", re.IGNORECASE)
"""Beginnings of the keys of such assets where roles are missing."""
UNCONVERTED = "-jp2"
"""Ending of the keys that Earth Search gives ESA's own files, which its item's properties and
flags don't describe."""
MASKS = {
    "scl": re.compile(r"scl(_20m)?", re.IGNORECASE),
    "cldprb": re.compile(r"cloud|cld(_20m)?|(msk_)?cldprb(_20m)?", re.IGNORECASE),
    "snwprb": re.compile(r"snow|snw(_20m)?|(msk_)?snwprb(_20m)?", re.IGNORECASE),
}
"""Keys of the assets that hold masks, by their source."""


@dataclass(frozen=True)
class Layer:
    """One band of one asset."""

    band: str
    key: str
    """Of the asset."""
    layer: int
    """Counted from 1."""
    scale: float | None
    offset: float | None
    """Reflectance = number · scale + offset; None where the item doesn't say."""


def band_layers(item: Item, *, sentinel: bool) -> list[Layer]:
    """Every asset layer that holds a band, in the item's order; a band may occur several times.

    sentinel: name bands as Sentinel-2 does, whatever they are called here.
    Raises RasterRejected when there is none.
    """
    layers = [
        layer
        for key, asset in item.content.assets.items()
        if is_raster(asset) and not _is_picture(key, asset)
        for layer in _layers(item, key, asset, sentinel=sentinel)
    ]
    if not layers:
        raise item.refused(
            "none of its assets holds a band",
            field="assets",
            help="Assets need `eo:bands` or `bands`, with names, and rasters as GeoTIFF or JP2.",
        )
    return layers


def mask_assets(item: Item) -> list[tuple[str, str]]:
    """(source, key) of the assets that hold a mask."""
    return [
        (source, key)
        for source, pattern in MASKS.items()
        for key, asset in item.content.assets.items()
        if pattern.fullmatch(key) and is_raster(asset)
    ][: len(MASKS)]


def sentinel_name(*names: str | None) -> str:
    """The Sentinel-2 band that the first telling one of `names` means; empty for none."""
    for name in names:
        word = (name or "").partition("_")[0]
        if found := SHORT.get(word.upper()) or COMMON.get(word.lower()):
            return found
    return ""


def _layers(item: Item, key: str, asset: pystac.Asset, *, sentinel: bool) -> Iterator[Layer]:
    entries = _entries(item, key, asset)
    rasters = asset.extra_fields.get("raster:bands") or []
    for number, entry in enumerate(entries):
        common = entry.get("eo:common_name") or entry.get("common_name")
        name = entry.get("name")
        alone = key if len(entries) == 1 else None
        band = sentinel_name(name, alone, common) if sentinel else name or common
        if band:
            told = rasters[number] if number < len(rasters) else {}
            fields = {**asset.extra_fields, **entry}
            scale = _told(item, key, "scale", told, fields)
            offset = _told(item, key, "offset", told, fields)
            yield Layer(band, key, number + 1, scale, offset)


def _entries(item: Item, key: str, asset: pystac.Asset) -> list[Mapping[str, Any]]:
    """The asset's bands, as STAC 1.1 or 1.0 lists them."""
    entries = asset.extra_fields.get("bands") or asset.extra_fields.get("eo:bands") or []
    rasters = asset.extra_fields.get("raster:bands") or []
    for listed in (entries, rasters):
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise item.refused(f"the bands of asset {key!r} are no list of objects", field=key)
    return entries


def _told(
    item: Item, key: str, name: str, raster: Mapping[str, Any], fields: Mapping[str, Any]
) -> float | None:
    """`scale` or `offset`, from `raster:bands` (1.0) or the band and its asset (1.1)."""
    value = raster.get(name, fields.get(f"raster:{name}"))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise item.refused(f"the {name} of asset {key!r} is {value!r}, no number", field=key)
    return float(value)


def _is_picture(key: str, asset: pystac.Asset) -> bool:
    roles = set(asset.roles or [])
    return bool(roles & PICTURES or TRUE_COLOUR.match(key) or key.endswith(UNCONVERTED))
