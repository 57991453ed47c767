"""STAC items on the local disk: the JSON, its properties, and the assets that rasters are in."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pystac
from pystac.errors import STACError, STACTypeError

from labelling.errors import RasterRejected

LARGEST_JSON = 4 * 2**20
"""Bytes; a generous item has 0.1 MB."""
MALFORMED = (
    STACError, STACTypeError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
)  # fmt: skip
"""What pystac and json raise about content that is no item."""
RASTERS = (".tif", ".tiff", ".jp2")


@dataclass(frozen=True)
class Item:
    """One item, and where it was read from."""

    path: Path
    content: pystac.Item

    @property
    def properties(self) -> Mapping[str, Any]:
        return self.content.properties

    def word(self, *names: str) -> str:
        """The first property of these names that is there, as text; empty for none."""
        found = (self.properties.get(name) for name in names)
        return next((str(value) for value in found if value not in (None, "")), "")

    def number(self, name: str, *, lowest: float, highest: float) -> float | None:
        """A property in lowest…highest; None when it isn't there. Raises RasterRejected."""
        value = self.properties.get(name)
        if value is None:
            return None
        if not _is_number(value) or not lowest <= value <= highest:
            raise self.refused(f"{name} is {value!r}, not {lowest:g} to {highest:g}", field=name)
        return float(value)

    def refused(self, reason: str, *, field: str, help: str = "") -> RasterRejected:
        """A refusal that names the item."""
        return RasterRejected(
            f"{self.path.name}: {reason}.",
            field=field,
            help=help or "Correct the item's JSON, or get it again from its catalogue.",
        )


def read_item(path: Path) -> Item:
    """Parse an item. Raises RasterRejected for anything else than a STAC item in JSON."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise _no_item(path, f"it has more than {LARGEST_JSON} bytes")
        content = json.loads(path.read_bytes())
        item = pystac.Item.from_dict(content, migrate=False)
    except OSError as error:
        raise _no_item(path, f"it can't be read ({error.strerror})") from error
    except MALFORMED as error:
        raise _no_item(path, f"{type(error).__name__}: {error}") from error
    item.set_self_href(str(path.absolute()))
    return Item(path, item)


def is_item(path: Path) -> bool:
    """Whether a file looks like a STAC item; a broken one that says so counts."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            return False
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return (
        isinstance(content, dict) and content.get("type") == "Feature" and "stac_version" in content
    )


def local_assets(path: Path) -> set[Path]:
    """The local files that an item names, resolved; none for an item that can't be parsed."""
    try:
        assets = read_item(path).content.get_assets().values()
    except RasterRejected:
        return set()
    named = (asset.get_absolute_href() or "" for asset in assets)
    return {
        Path(unquote(urlparse(href).path)).resolve()
        for href in named
        if urlparse(href).scheme in ("", "file")
    }


def for_gdal(item: Item, key: str) -> str:
    """What GDAL opens for asset `key`: a local file, or one below /vsis3/.

    Raises RasterRejected for an asset on the web, which has to be downloaded first, and for one
    that names a virtual file system of GDAL's itself.
    """
    href = item.content.assets[key].href
    target = item.content.assets[key].get_absolute_href() or href
    parts = urlparse(target)
    if parts.scheme == "s3":
        return f"/vsis3/{parts.netloc}/{parts.path.lstrip('/')}"
    if parts.scheme not in ("", "file"):
        raise item.refused(
            f"asset {key!r} is at {href!r}, which is neither a local file nor in S3",
            field=key,
            help="Download the item's assets, and let the item name the copies.",
        )
    local = unquote(parts.path) if parts.scheme else target
    if local.startswith("/vsi"):
        raise item.refused(f"asset {key!r} is no file: {href!r}", field=key)
    return local


def is_raster(asset: pystac.Asset) -> bool:
    return urlparse(asset.href).path.lower().endswith(RASTERS)


def _is_number(value: object) -> bool:
    # Not isfinite, which fails on a whole number too large for a float.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def _no_item(path: Path, reason: str) -> RasterRejected:
    return RasterRejected(
        f"{path.name}: no STAC item: {reason}.", field="file", help="Give the JSON of one item."
    )
