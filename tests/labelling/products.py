"""Small painted (synthetic) SAFE products for tests of the ingest, and what became of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from labelling.adapters.beside import UNFINISHED
from labelling.adapters.blobs import store
from labelling.imagery.painter import PaintedScene, Site, paint_product
from labelling.imagery.painter.safe import write_safe
from labelling.imagery.painter.safe_bands import digital_numbers, native
from labelling.imagery.painter.safe_header import STEPS, SafeHeader
from labelling.models import SENTINEL2_BANDS, Campaign, CampaignTile, Tile
from labelling.workflow.ingest.products import Intake, ingest_source
from labelling.workflow.ingest.report import FileReport
from labelling.workflow.ingest.sources import Source
from tests.factories import CampaignFactory

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAKEN = datetime(2026, 5, 29, 9, 50, 31, tzinfo=UTC)
SIDE = 516
"""Pixels of a product: three tiles of 256 along each side, the last ones 4 wide."""


def painted() -> PaintedScene:
    """A scene with data all over: the edge of the swath is filled with dark ground."""
    scene = paint_product(5, Site("35VLF", 0, 0), date(2026, 5, 29), size=768)
    return replace(scene, bands=np.where(scene.bands, scene.bands, 300).astype(np.uint16))


def write(folder: Path, scene: PaintedScene, *, size: int = SIDE, **header: Any) -> Path:
    """A scene's corner as a SAFE product; `header` are fields of SafeHeader."""
    folder.mkdir(parents=True, exist_ok=True)
    told = replace(SafeHeader(mgrs="35VLF", taken=TAKEN, size=size), **header)
    planes = {
        band: plane.astype(np.int32)[:size, :size]
        for band, plane in zip(SENTINEL2_BANDS, scene.bands)
    }
    return write_safe(folder, told, digital_numbers(native(planes, STEPS), offset=told.offset))


def campaign(**fields: Any) -> Campaign:
    return CampaignFactory(**{"slug": "north", "bands": SENTINEL2_BANDS, **fields})


def bring_in(path: Path, into: Campaign, **job: Any) -> FileReport:
    fields = {"campaign": into, "blobs": store(), "now": NOON, "jobs": 2, **job}
    return ingest_source(Source(path), Intake(**fields))


def left_behind() -> dict[str, Any]:
    """All that ingests leave behind, without what may differ: times and database ids."""
    tiles = Tile.objects.select_related("acquisition__place", "scene")
    scenes = {tile.scene.product_id: tile.scene for tile in tiles}
    fences = CampaignTile.objects.values_list("tile__raster", "scope", "fence")
    return {
        "tiles": sorted(map(told, tiles)),
        "scenes": [
            [name, each.state, same(each.stretch), each.empty, each.content, each.reason]
            for name, each in sorted(scenes.items())
        ],
        "enrolments": sorted(map(list, fences)),
        "blobs": sorted(
            [key, store().checksum(key)]
            for key, _ in store().sizes()
            if not key.endswith(UNFINISHED)  # of a writer that was killed
        ),
    }


def told(tile: Tile) -> list[Any]:
    return [
        tile.key, tile.raster, tile.sha256, tile.valid_share, same(tile.quality),
        bytes(tile.fingerprint).hex(), tile.sun_zenith, tile.view_azimuth,
        tile.acquisition.place.split, tile.scene.product_id,
    ]  # fmt: skip


def same(value: Any) -> str:
    """PostgreSQL sorts the keys of JSON in an order of its own."""
    return json.dumps(value, sort_keys=True)
