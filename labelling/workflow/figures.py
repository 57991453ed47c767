"""Tiles' spectral features, kept in the database: a choice over the whole pool reads no raster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.features import packed, recipe, tile_features, unpacked
from labelling.imagery.tilefile import read_tile
from labelling.models import Tile, TileFigures

AT_ONCE = 500
"""Tiles looked up, or measured and kept, in one go."""
Features = NDArray[np.float32]


def keep_figures(figures: Mapping[int, bytes], bands: Sequence[str]) -> None:
    """Keep tiles' packed features by tile id; what is kept already stays: it is the same."""
    made_of = recipe(bands)
    TileFigures.objects.bulk_create(
        [TileFigures(tile_id=pk, recipe=made_of, values=each) for pk, each in figures.items()],
        ignore_conflicts=True,
    )


def figures_of(
    tiles: Sequence[dict[str, Any]], bands: Sequence[str], tick: Callable[[], None]
) -> Features:
    """(n, F) of listed tiles {uuid, raster: what GDAL opens}, in their order; (0, 0) of none.

    What was measured before is looked up; the rest is measured and kept. `tick` is called after
    each tile that is read, and for each AT_ONCE that are looked up. Raises RasterRejected.
    """
    rows: list[Features] = []
    for first in range(0, len(tiles), AT_ONCE):
        page = tiles[first : first + AT_ONCE]
        known = _known([each["uuid"] for each in page], bands)
        fresh = {}
        for each in page:
            if each["uuid"] not in known:
                fresh[each["uuid"]] = tile_features(read_tile(each["raster"], list(bands)))
                tick()
        _keep(fresh, bands)
        rows += [fresh[name] if name in fresh else known[name] for name in _names(page)]
        tick()
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def _names(tiles: Sequence[dict[str, Any]]) -> list[str]:
    return [each["uuid"] for each in tiles]


def _known(names: Sequence[str], bands: Sequence[str]) -> dict[str, Features]:
    kept = TileFigures.objects.filter(recipe=recipe(bands), tile__uuid__in=names)
    return {
        str(name): unpacked(bytes(values))
        for name, values in kept.values_list("tile__uuid", "values")
    }


def _keep(fresh: Mapping[str, Features], bands: Sequence[str]) -> None:
    if fresh:
        ids = dict(Tile.objects.filter(uuid__in=list(fresh)).values_list("uuid", "pk"))
        keep_figures({pk: packed(fresh[str(name)]) for name, pk in ids.items()}, bands)
