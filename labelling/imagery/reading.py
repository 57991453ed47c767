"""A product's pixels on its grid, in a campaign's bands, whatever files they lie in.

Reflectance in ten-thousandths as uint16: 0 no data, 65535 saturated, see `radiometry`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from labelling.errors import RasterRejected
from labelling.imagery.files import blaming, environment, name_of, opened
from labelling.imagery.products.product import BandSource, Product
from labelling.imagery.radiometry import negatives, reflectance
from labelling.imagery.resampling import Axis, bilinear

Numbers = NDArray[np.uint16]


@dataclass(frozen=True)
class BandMatch:
    """Where a campaign's bands are found in a product."""

    bands: tuple[str, ...]
    """The campaign's, in its order."""
    positions: tuple[int | None, ...]
    """For each, its position in the product, counted from 0; None when the product lacks it."""
    missing: tuple[str, ...]
    """Bands of the campaign that the product lacks: read as zeros."""
    ignored: tuple[str, ...]
    """Bands of the product that the campaign doesn't use."""


def match_bands(product: Product, wanted: Sequence[str]) -> BandMatch:
    """Find the campaign's bands in `product`. Raises RasterRejected when there is none of them."""
    held = product.band_names
    where = {name: position for position, name in enumerate(held)}
    match = BandMatch(
        bands=tuple(wanted),
        positions=tuple(where.get(name) for name in wanted),
        missing=tuple(name for name in wanted if name not in where),
        ignored=tuple(name for name in held if name not in wanted),
    )
    if len(match.missing) == len(match.bands):
        raise RasterRejected(
            f"{product.name}: its bands {', '.join(held)} are none of the campaign's "
            f"{', '.join(wanted)}.",
            field="bands",
            help="Name the file's layers in the campaign's words with --bands.",
        )
    return match


@dataclass(frozen=True)
class Layers:
    """Bands that lie in one file, at one resolution: read together."""

    dataset: DatasetReader
    sources: tuple[BandSource, ...]
    places: tuple[int, ...]
    """Of each in the campaign's order."""

    @property
    def path(self) -> str:
        return self.sources[0].path

    @property
    def step(self) -> int:
        return self.sources[0].step

    @property
    def height(self) -> int:
        """Of the file, in its own pixels."""
        return int(self.dataset.height)

    @property
    def width(self) -> int:
        return int(self.dataset.width)

    def numbers(self, rows: tuple[int, int], columns: tuple[int, int]) -> Numbers:
        """(bands, rows, columns) digital numbers of the file's own pixels, both ends' first…last.

        Raises RasterRejected naming the file.
        """
        area = Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
        with blaming(self.path), environment(self.path):
            return self.dataset.read([each.layer for each in self.sources], window=area)

    def glance(self, step: int) -> Numbers:
        """(bands, height, width) digital numbers, one for about `step` pixels along each side.

        From the file's overviews or its coarser wavelets: cheap where it has them.
        """
        small = (len(self.sources), -(-self.height // step), -(-self.width // step))
        with blaming(self.path), environment(self.path):
            return self.dataset.read([each.layer for each in self.sources], out_shape=small)


@dataclass(frozen=True)
class ProductReader:
    """Pixels of an open product, in a campaign's bands."""

    match: BandMatch
    layers: tuple[Layers, ...]

    def window(self, *, top: int, left: int, height: int, width: int) -> Numbers:
        """(campaign's bands, height, width) uint16; bands the product lacks are 0."""
        pixels = np.zeros((len(self.match.bands), height, width), dtype=np.uint16)
        for layers in self.layers:
            rows = Axis(top, height, layers.step, layers.height)
            columns = Axis(left, width, layers.step, layers.width)
            numbers = layers.numbers((rows.first, rows.last), (columns.first, columns.last))
            on_grid(numbers, layers, rows, columns, into=pixels)
        return pixels


def on_grid(numbers: Numbers, layers: Layers, rows: Axis, columns: Axis, *, into: Numbers) -> int:
    """Turn a file's digital numbers to reflectance on the grid, in its bands' places of `into`.

    `numbers` (bands, …) holds the pixels first…last of both axes; `into` is (campaign's bands,
    rows.length, columns.length). Returns how many reflectances inside were below 0.
    """
    below = 0
    for plane, source, place in zip(numbers, layers.sources, layers.places):
        stored = reflectance(plane, offset=source.offset, quantification=source.quantification)
        into[place] = bilinear(stored, rows, columns)
        below += negatives(plane[rows.inner, columns.inner], offset=source.offset)
    return below


@contextmanager
def reading(product: Product, match: BandMatch) -> Iterator[ProductReader]:
    """The product's pixels. What can't be opened or read becomes RasterRejected naming the file."""
    with ExitStack() as files:
        groups: dict[tuple[str, int], list[int]] = {}
        for place, position in enumerate(match.positions):
            if position is not None:
                source = product.bands[position]
                groups.setdefault((source.path, source.step), []).append(place)
        yield ProductReader(
            match,
            tuple(
                _layers(product, match, places, files.enter_context(opened(path)))
                for (path, _), places in groups.items()
            ),
        )


def _layers(
    product: Product, match: BandMatch, places: list[int], dataset: DatasetReader
) -> Layers:
    positions = [match.positions[place] for place in places]
    sources = tuple(product.bands[each] for each in positions if each is not None)
    layers = Layers(dataset, sources, tuple(places))
    for length, whole, side in (
        (layers.height, product.height, "high"),
        (layers.width, product.width, "wide"),
    ):
        if length != -(-whole // layers.step):
            raise RasterRejected(
                f"{name_of(layers.path)}: {length} pixels {side}, not {-(-whole // layers.step)} "
                f"as the product's grid of {whole} wants.",
                field="file",
                help="Copy the file again from its source.",
            )
    return layers
