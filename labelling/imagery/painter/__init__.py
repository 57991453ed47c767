"""Seeded, synthetic, Sentinel-2-like scenes with exact truth, for demo, tests and benchmarks."""

from labelling.imagery.painter.products import (
    PaintedFile,
    paint_products,
    sites,
    write_product,
    write_products,
)
from labelling.imagery.painter.scene import PaintedScene, Site, paint_product
from labelling.imagery.painter.spectra import BANDS

__all__ = [
    "BANDS",
    "PaintedFile",
    "PaintedScene",
    "Site",
    "paint_product",
    "paint_products",
    "sites",
    "write_product",
    "write_products",
]
