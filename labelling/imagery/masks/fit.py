"""Whether a mask lies on a product's ground, and how its pixels nest in the product's."""

from __future__ import annotations

from rasterio.crs import CRS
from rasterio.io import DatasetReader

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference, georeference_of
from labelling.imagery.products.product import Product

TOLERANCE = 0.1
"""Of a product's pixel: how far the corners of the two may lie apart."""


def step_of(dataset: DatasetReader, product: Product, *, name: str) -> int:
    """Pixels of the product along a pixel of the mask: 1, 2, 3 …

    A mask without georeference is taken by its size. Raises RasterRejected, naming the mask by
    `name`, unless it covers the product's ground in whole steps.
    """
    step = -(-product.height // dataset.height)
    covered = (-(-product.height // step), -(-product.width // step))
    if dataset.shape != covered:
        raise RasterRejected(
            f"{name}: {dataset.height} by {dataset.width} pixels don't nest in the "
            f"{product.height} by {product.width} of {product.name}.",
            field="size",
            help="Bring the mask onto the product's ground, at its pixel size or a multiple of it.",
        )
    place = georeference_of(dataset)
    if place and product.place and (reason := _elsewhere(place, product, product.place, step)):
        raise RasterRejected(
            f"{name}: {reason}.",
            field="crs" if reason.startswith("its system") else "georeference",
            help="Bring the mask onto the product's ground.",
        )
    return step


def _elsewhere(mask: Georeference, product: Product, ground: Georeference, step: int) -> str:
    """Why the mask is not on the product's ground; empty: it is."""
    if mask.crs != ground.crs and CRS.from_user_input(mask.crs) != CRS.from_user_input(ground.crs):
        return f"its system is {mask.crs[:60]}, but {product.name} lies in {ground.crs[:60]}"
    pixel = max(abs(each) for each in (*ground.transform[:2], *ground.transform[3:5]))
    for row, column in ((0, 0), (0, product.width), (product.height, 0)):
        there = ground.at(row=row, column=column)
        here = mask.at(row=row / step, column=column / step)
        apart = max(abs(a - b) for a, b in zip(here, there)) / pixel
        if apart > TOLERANCE:
            return f"its ground lies {apart:.1f} pixels off that of {product.name}"
    return ""
