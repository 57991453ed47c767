"""What a scene's pictures show as black and white: one stretch for the whole of it.

A stretch per tile would hide thin cloud. The values come from a thinned-out look at the scene:
small files are read whole, those with overviews (and JPEG 2000, whose coarser wavelets are cheap)
at a fraction of their size, others in patches on a regular lattice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.products.product import Product
from labelling.imagery.radiometry import reflectance
from labelling.imagery.reading import Layers, match_bands, reading

Stretch = Mapping[str, Sequence[int]]
"""{band: (low, high)}: the uint16 values shown as black and white."""

LEVELS = 2**16
"""Values a pixel can have."""
SAMPLE = 2**20
"""Pixels of a band looked at for its stretch, at most about."""
PATCH = 128
"""Side of the patches they are taken from, in pixels."""
COARSEST = 8
"""An overview that leaves out more than 7 of 8 pixels along a side smooths small clouds away."""
FEWEST = 2**18
"""Pixels that an overview must have to be looked at instead."""


def scene_stretch(product: Product, *, jobs: int = 1) -> dict[str, list[int]]:
    """{band of the product: [low, high]} for the whole scene, low < high, see `span`.

    `jobs` threads look at the product's files.
    """
    match = match_bands(product, product.band_names)
    # The pool ends before the files close.
    with reading(product, match) as reader, ThreadPoolExecutor(jobs) as pool:
        spans = {name: found for each in pool.map(_spans, reader.layers) for name, found in each}
    return {name: spans[name] for name in product.band_names}


def _spans(layers: Layers) -> list[tuple[str, list[int]]]:
    """(band, [low, high]) of each band of one file."""
    counts = np.zeros((len(layers.sources), LEVELS), dtype=np.int64)
    for patch in _looks(layers):
        _count(patch, layers, into=counts)
    return [(source.name, span(counted)) for source, counted in zip(layers.sources, counts)]


def span(histogram: NDArray[np.int64]) -> list[int]:
    """[low, high] to show a band between: 2nd and 98th percentile of its (65536,) histogram.

    In a cloudy scene the 98th is cloud, and would leave the ground black: `high` stops at a
    reflectance of 0.35, unless half of the scene is nearly as bright. [0, 10000] without pixels.
    """
    total = histogram.sum()
    if not total:
        return [0, 10_000]
    ranks = np.array([0.02, 0.5, 0.98]) * total
    low, middle, high = (int(value) for value in np.searchsorted(histogram.cumsum(), ranks))
    return [low, max(min(high, max(3_500, middle * 3 // 2)), low + 1)]


def _count(patch: NDArray[np.uint16], layers: Layers, *, into: NDArray[np.int64]) -> None:
    """Add a patch (bands, pixels) of digital numbers to the bands' histograms of reflectance.

    Any band, not all: a dark one may hold a true 0 where the others do not.
    """
    valid = patch[:, patch.any(axis=0)]
    for band, (numbers, source) in enumerate(zip(valid, layers.sources)):
        stored = reflectance(numbers, offset=source.offset, quantification=source.quantification)
        into[band] += np.bincount(stored, minlength=LEVELS)


def _looks(layers: Layers) -> Iterator[NDArray[np.uint16]]:
    """(bands, pixels) arrays that together hold about SAMPLE pixels of the file."""
    pixels = layers.height * layers.width
    if pixels <= SAMPLE:
        whole = layers.numbers((0, layers.height), (0, layers.width))
        yield whole.reshape(len(whole), -1)
    elif step := _overview(layers):
        small = layers.glance(step)
        yield small.reshape(len(small), -1)
    else:
        yield from _patches(layers)


def _overview(layers: Layers) -> int:
    """Pixels of the file along one of its coarsest overview that tells enough; 0 without one."""
    pixels = layers.height * layers.width
    told = [step for step in layers.dataset.overviews(1) if pixels // step**2 >= FEWEST]
    return max((step for step in told if step <= COARSEST), default=0)


def _patches(layers: Layers) -> Iterator[NDArray[np.uint16]]:
    count = round((SAMPLE / PATCH**2) ** 0.5)
    high, wide = min(PATCH, layers.height), min(PATCH, layers.width)
    for top in np.linspace(0, layers.height - high, count, dtype=int):
        for left in np.linspace(0, layers.width - wide, count, dtype=int):
            area = layers.numbers((int(top), int(top) + high), (int(left), int(left) + wide))
            yield area.reshape(len(area), -1)
