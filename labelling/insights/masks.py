"""The masks that lie beside a tile: a model's, and those of others."""

from __future__ import annotations

from labelling.errors import NotFound
from labelling.models import Layer, Tile

MODEL = "model"
"""`Layer.source` of what a round's model drew; it is written before its classes are counted."""


def masks_of(tile: Tile) -> list[Layer]:
    """The newest version of each mask on the tile, the model's first. One query.

    A layer without classes is another raster: radar, a clear date.
    """
    newest: dict[str, Layer] = {}
    for layer in Layer.objects.filter(tile=tile).order_by("-pk"):
        if layer.source == MODEL or layer.classes or layer.provides:
            newest.setdefault(layer.source, layer)
    return sorted(newest.values(), key=lambda layer: (layer.source != MODEL, layer.source))


def mask_named(tile: Tile, source: str) -> Layer:
    """One query. Raises NotFound where the tile has no such mask."""
    for layer in masks_of(tile):
        if layer.source == source:
            return layer
    raise NotFound(
        f"There is no mask {source[:40]!r} beside this tile.",
        field="source",
        help="`manage.py masks list` tells which tiles have which mask.",
    )
