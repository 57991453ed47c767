"""A sample's arrays, stored once for all snapshots, and its line in the manifest."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.imagery.tilefile import read_label, read_tile
from labelling.models import Campaign, Tile
from labelling.workflow.aux_chips import Beside, plane_chips

from .choosing import Sample


def entry(
    sample: Sample, campaign: Campaign, blobs: Blobs, there: Beside | None = None
) -> dict[str, Any]:
    """A sample's line in the manifest; its chips are stored on the way.

    `there`: what lies beside the tile, where the campaign's networks see that too.
    """
    tile, annotation = sample.tile, sample.annotation
    label, _ = read_label(blobs.raster(annotation.raster))
    taken = tile.acquisition.taken
    return {
        "key": tile.key,
        "group": tile.scene.product_id,
        "place": tile.acquisition.place.key,
        "split": tile.acquisition.place.split,
        "month": taken.month if taken else None,
        "bands": band_chip(tile, campaign.bands, blobs),
        "label": keep_chip(label, blobs),
        "annotation": str(annotation.uuid),
        "pixels": annotation.pixels,
        "source": annotation.source,
        "licence": annotation.licence,
        "trust": annotation.trust,
        "valid": tile.valid_share,
        "sun_azimuth": tile.sun_azimuth,
        "sun_zenith": tile.sun_zenith,
        **(planes(there, campaign.bands, blobs) if there else {}),
    }


def planes(there: Beside, bands: list[str], blobs: Blobs) -> dict[str, Any]:
    """Chips of what lies beside the tile, and where each is from."""
    chips = plane_chips(there, bands, blobs, keep=lambda pixels: keep_chip(pixels, blobs))
    return {"planes": chips, "planes_from": there.sources}


def band_chip(tile: Tile, bands: list[str], blobs: Blobs) -> str:
    """Hash of the tile's chip; read from a note beside the chips where it was made before."""
    order = hashlib.sha256(json.dumps(bands).encode()).hexdigest()[:12]
    note = f"chips/made/{tile.sha256}-{order}"
    if blobs.exists(note):
        digest = blobs.read(note).decode()
        if blobs.exists(f"chips/{digest}.npy"):
            return digest
    digest = keep_chip(read_tile(blobs.raster(tile.raster), bands), blobs)
    blobs.write(note, digest.encode())
    return digest


def keep_chip(pixels: NDArray[Any], blobs: Blobs) -> str:
    """Store an array as `chips/<sha256>.npy`, unless it is there."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(pixels), allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    key = f"chips/{digest}.npy"
    if not blobs.exists(key):
        blobs.write(key, content)
    return digest
