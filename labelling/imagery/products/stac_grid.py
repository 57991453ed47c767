"""One grid for the assets of a STAC item, from their headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference, georeference_of, opened
from labelling.imagery.grid import STEP
from labelling.imagery.products.stac_bands import Layer
from labelling.imagery.products.stac_item import Item, for_gdal


@dataclass(frozen=True)
class Header:
    """What an asset's file says."""

    path: str
    place: Georeference
    height: int
    width: int
    layers: int

    @property
    def pixel(self) -> float:
        """Side of a pixel, in the system's units."""
        return self.place.transform[0]


@dataclass(frozen=True)
class Grid:
    """The pixels that all bands are counted in."""

    key: str
    """Of the asset that it was taken from."""
    place: Georeference
    height: int
    width: int

    def step(self, header: Header) -> int | None:
        """Pixels of this grid along one of the asset's; None when it doesn't nest in the grid."""
        a, b, west, d, e, north = self.place.transform
        step = round(header.pixel / a)
        wanted = (a * step, b, west, d, e * step, north)
        there = header.place.transform
        near = all(abs(x - y) <= 1e-3 * abs(a) for x, y in zip(there, wanted))
        covered = (-(-self.height // step), -(-self.width // step)) if step else None
        fits = header.place.crs == self.place.crs and (header.height, header.width) == covered
        return step if near and fits else None


def read_headers(item: Item, layers: Sequence[Layer]) -> dict[str, Header]:
    """Headers by asset key. Raises RasterRejected for a file that can't be opened or used."""
    return {key: _header(item, key) for key in dict.fromkeys(layer.key for layer in layers)}


def finest(layers: Sequence[Layer], headers: Mapping[str, Header]) -> list[Layer]:
    """The layer with the smallest pixels of each band; the first listed of equals."""
    chosen: dict[str, Layer] = {}
    for layer in layers:
        other = chosen.get(layer.band)
        if other is None or headers[layer.key].pixel < headers[other.key].pixel:
            chosen[layer.band] = layer
    return list(chosen.values())


def common_grid(item: Item, headers: Mapping[str, Header], *, sentinel: bool) -> Grid:
    """The grid of the finest asset; of 10 m pixels for Sentinel-2, whatever bands came.

    Raises RasterRejected, naming the asset, when one doesn't nest in it by whole steps.
    """
    key, base = min(headers.items(), key=lambda pair: pair[1].pixel)
    grid = Grid(key, base.place, base.height, base.width)
    if sentinel and base.pixel in (2 * STEP, 6 * STEP):
        grid = _finer(grid, round(base.pixel / STEP))
    for key, header in headers.items():
        if grid.step(header) is None:
            raise item.refused(
                f"asset {key!r}, {_told(header)}, doesn't nest in asset {grid.key!r}, "
                f"{_told(headers[grid.key])}",
                field=key,
            )
    return grid


def _finer(grid: Grid, step: int) -> Grid:
    a, b, west, d, e, north = grid.place.transform
    place = Georeference(grid.place.crs, (a / step, b, west, d, e / step, north))
    return Grid(grid.key, place, grid.height * step, grid.width * step)


def _told(header: Header) -> str:
    _, _, west, _, _, north = header.place.transform
    return (
        f"{header.height} by {header.width} pixels of {header.pixel:g} from {west:.10g}, "
        f"{north:.10g} in {header.place.crs[:40]}"
    )


def _header(item: Item, key: str) -> Header:
    path = for_gdal(item, key)
    try:
        with opened(path) as dataset:
            place, kinds = georeference_of(dataset), {str(kind) for kind in dataset.dtypes}
            height, width, layers = dataset.height, dataset.width, dataset.count
    except RasterRejected as error:
        reason = str(error).removesuffix(".")
        raise item.refused(f"asset {key!r}: {reason}", field=key, help=error.help) from error
    if place is None or place.transform[0] <= 0:
        raise item.refused(f"asset {key!r} has no georeference, north up", field=key)
    if kinds != {"uint16"}:
        told = ", ".join(sorted(kinds))
        raise item.refused(f"asset {key!r} has {told} pixels, not uint16", field=key)
    return Header(path, place, height, width, layers)
