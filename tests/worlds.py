"""Small painted worlds: a campaign whose tiles have real rasters. All of it is synthetic."""

from __future__ import annotations

import uuid

import numpy as np

from labelling.adapters.blobs import Blobs, store
from labelling.imagery.tilefile import write_label, write_tile
from labelling.models import Annotation, Campaign, Tile
from labelling.workflow.planes import Planes
from tests.factories import NOON, AcquisitionFactory, CampaignFactory, PlaceFactory, TileFactory

TINY = {
    "width": 4,
    "depth": 3,
    "crop": 64,
    "batch": 2,
    "steps": 6,
    "checkpoint_every": 2,
    "evaluate_every": 3,
    "warm_up": 2,
    "precision": "fp32",
    "threads": 1,
}
"""A network and a fit small enough for a test."""


def painted(seed: int, *, bands: int, size: int, codes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (bands, size, size) and label (size, size): brighter stripes are higher classes."""
    rng = np.random.default_rng(seed)
    edges = (
        np.sort(rng.choice(np.arange(1, 15), size=len(codes[:3]) - 1, replace=False)) * size // 16
    )
    which = rng.permutation(len(codes))[: len(edges) + 1]
    stripe = np.searchsorted(edges, np.arange(size), side="right")
    channel = np.broadcast_to(which[stripe], (size, size))
    bright = 500 + 8000 * channel / max(len(codes) - 1, 1)
    pixels = bright + rng.normal(0, 150, size=(bands, size, size))
    label = np.asarray(codes, np.uint8)[channel]
    return pixels.clip(1, 65535).astype(np.uint16), label


def world(
    *, pool: int = 6, validation: int = 1, test: int = 0, labelled: int = 0, **campaign
) -> Campaign:
    """A campaign with painted tiles; the first `labelled` of the pool and all validation and
    test tiles have imported labels."""
    made = CampaignFactory(training=TINY, **campaign)
    splits = ["pool"] * pool + ["validation"] * validation + ["test"] * test
    for number, split in enumerate(splits):
        tile = painted_tile(made, number, split)
        if split != "pool" or number < labelled:
            import_label(made, tile, truth(made, tile))
    return made


def painted_tile(campaign: Campaign, number: int, split: str = "pool") -> Tile:
    place = PlaceFactory(key=f"35VLF/{campaign.tile_size}/{campaign.pk}/{number}", split=split)
    tile = TileFactory(
        acquisition=AcquisitionFactory(place=place),
        bands=campaign.bands,
        height=campaign.tile_size,
        width=campaign.tile_size,
        raster=f"tiles/{place.key}.tif",
        quality={"painted": number},
        campaign=campaign,
    )
    pixels, _ = drawn(campaign, number)
    blobs = store()
    blobs.write_with(tile.raster, lambda path: write_tile(path, pixels, bands=campaign.bands))
    return tile


def drawn(campaign: Campaign, number: int) -> tuple[np.ndarray, np.ndarray]:
    assert campaign.schema is not None
    return painted(
        number, bands=len(campaign.bands), size=campaign.tile_size, codes=campaign.schema.codes
    )


def truth(campaign: Campaign, tile: Tile) -> np.ndarray:
    return drawn(campaign, tile.quality["painted"])[1]


def import_label(campaign: Campaign, tile: Tile, label: np.ndarray) -> Annotation:
    key = f"labels/{tile.acquisition.key}/1-imported.tif"
    blobs: Blobs = store()
    imported = np.where(label == 255, 0, 4).astype(np.uint8)
    blobs.write_with(key, lambda path: write_label(path, label, imported))
    codes, counts = np.unique(label, return_counts=True)
    return Annotation.objects.create(
        # By name: two installations with the same world freeze the same snapshot.
        uuid=uuid.uuid5(uuid.NAMESPACE_URL, f"{campaign.slug}/{campaign.schema_id}/{key}"),
        acquisition=tile.acquisition,
        schema=campaign.schema,
        n=1,
        tool="test",
        source="painted",
        raster=key,
        sha256=Planes(label, imported).sha256,
        pixels={str(code): int(count) for code, count in zip(codes, counts)},
        labelled_share=float((label < 254).mean()),
        created=NOON,
    )
