"""Stored products to lay masks on: a stack's file, its rows and its tiles' blobs. All painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import store
from labelling.imagery.files import Georeference
from labelling.imagery.layout import lay_out
from labelling.imagery.masks.tileread import codes_at
from labelling.imagery.products.product import Product
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.tilefile import write_tile
from labelling.imagery.tiling import valid_share
from labelling.models import Campaign, Layer
from tests.factories import AcquisitionFactory, PlaceFactory, SceneFactory, TileFactory
from tests.rasters import FOUR, IN_35VLF, write_stack


def stored_product(
    path: Path,
    values: NDArray[np.uint16],
    campaign: Campaign,
    *,
    bands: tuple[str, ...] = FOUR,
    level: str = "L1C",
    place: Georeference | None = IN_35VLF,
) -> Product:
    """The product of a stack written at `path`, its tiles stored and enrolled."""
    product = inspect_stack(
        write_stack(path, values, bands=bands, place=place, tags={"LEVEL": level})
    )
    store_tiles(product, values, campaign)
    return product


def store_tiles(product: Product, values: NDArray[np.uint16], campaign: Campaign) -> None:
    """The rows and blobs of a product whose pixels (bands, height, width) are `values`."""
    scene = SceneFactory(product_id=product.product_id, level=product.level, taken=product.taken)
    bands = product.band_names[: len(values)]
    for spot in lay_out(product, size=campaign.tile_size):
        window = spot.window
        rows = slice(window.top, window.top + window.height)
        columns = slice(window.left, window.left + window.width)
        pixels = window.place(values[:, rows, columns], fill=0)
        ground = PlaceFactory(key=spot.place)
        tile = TileFactory(
            acquisition=AcquisitionFactory(place=ground, taken=product.taken),
            scene=scene,
            level=product.level,
            baseline=product.baseline,
            bands=list(bands),
            raster=f"tiles/{spot.place}-{product.level}.tif",
            height=campaign.tile_size,
            width=campaign.tile_size,
            valid_share=valid_share(pixels),
            campaign=campaign,
        )
        put(tile.raster, pixels, bands, spot.georeference)


def put(key: str, pixels: NDArray[np.uint16], bands: tuple[str, ...], place) -> None:
    store().write_with(key, lambda path: write_tile(path, pixels, bands=bands, place=place))


def codes_of(layer: Layer) -> NDArray[np.uint8]:
    """The stored plane of a layer."""
    return codes_at(store().raster(layer.raster))


def layer_blobs() -> list[str]:
    return [key for key, _ in store().sizes("layers/")]


class Interrupted:
    """The store, where something happens before the nth write."""

    def __init__(self, nth, happens):
        self.store, self.left, self.happens = store(), nth, happens

    def __getattr__(self, name):
        return getattr(self.store, name)

    def write_with(self, key, writer):
        self.left -= 1
        if self.left == 0:
            self.happens()
        return self.store.write_with(key, writer)
