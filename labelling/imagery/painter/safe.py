"""Painted Sentinel-2 products as complete SAFE folders, for tests and benchmarks: all synthetic.

A folder holds what a reader of Level-1C or Level-2A products looks for: both metadata files, the
manifest, lossless JPEG 2000 images in the real block sizes, and the cloud masks of its baseline.
Its metadata say SYNTHETIC where a real product names the kind of datatake.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.painter.safe_bands import (
    BLOCKS,
    Source,
    assembled,
    coarser,
    digital_numbers,
    native,
    write_jp2,
)
from labelling.imagery.painter.safe_granule import tile_xml
from labelling.imagery.painter.safe_header import STEPS, SafeHeader
from labelling.imagery.painter.safe_masks import write_masks
from labelling.imagery.painter.safe_metadata import write_metadata
from labelling.imagery.painter.scene import PaintedScene
from labelling.imagery.painter.truth import CLOUD, THIN
from labelling.imagery.products.product import Angles

ORBITS = 143


def write_safe(
    folder: Path, header: SafeHeader, numbers: Source, *, truth: NDArray[np.uint8] | None = None
) -> Path:
    """Write `<folder>/<product>.SAFE` and return its path.

    numbers: asked once for each band of the level for its digital numbers at native resolution,
    uint16 (size / step, size / step), whole or as pieces of rows from north to south; one band
    is in memory at a time. `digital_numbers` makes them from reflectance.
    truth: uint8 (size, size) codes 0…3 and 255, which the cloud masks are made from; without
    it the masks say clear.

    Raises BadInput when the product exists already or a band has another size. What was begun
    is removed when it can't be finished.
    """
    product = folder / f"{header.name}.SAFE"
    if product.exists():
        raise BadInput(f"{product.name} exists already.", field="folder")
    codes = np.zeros((header.size, header.size), np.uint8) if truth is None else truth
    try:
        for band in header.bands:
            _write_band(product, header, band, numbers)
        write_masks(product, header, codes)
        write_metadata(product, header, tile=tile_xml(header))
    except BaseException:
        shutil.rmtree(product, ignore_errors=True)
        raise
    return product


def write_painted(
    folder: Path,
    scene: PaintedScene,
    *,
    level: str = "L1C",
    baseline: str = "05.11",
) -> Path:
    """Write a painted scene as a SAFE product, cut to a multiple of 6 pixels.

    Its native pixels are means of the scene's; the same scene has the same reflectance at every
    baseline. At L2A it's a Level-2A product in form only: the air is still in it.
    """
    size = scene.bands.shape[-1] // 6 * 6
    header = header_of(scene, level=level, baseline=baseline, size=size)
    planes = {band: plane[:size, :size] for band, plane in zip(STEPS, scene.bands)}
    reflectance = native(planes, STEPS)
    numbers = digital_numbers(reflectance, offset=header.offset)
    return write_safe(folder, header, numbers, truth=scene.truth[:size, :size])


def header_of(scene: PaintedScene, *, level: str, baseline: str, size: int) -> SafeHeader:
    """What a painted scene says of itself as a product."""
    cloudy = np.isin(scene.truth[:size, :size], (CLOUD, THIN))
    header = SafeHeader(
        mgrs=scene.site.mgrs,
        taken=scene.taken,
        size=size,
        top=scene.site.top,
        left=scene.site.left,
        level=level,
    )
    return replace(
        header,
        baseline=baseline,
        satellite=scene.satellite,
        orbit=1 + scene.taken.toordinal() % ORBITS,
        sun=Angles(zenith=scene.sun_zenith, azimuth=scene.sun_azimuth),
        cloud_cover=round(100 * float(cloudy.mean()), 4),
    )


def _write_band(product: Path, header: SafeHeader, band: str, numbers: Source) -> None:
    step = STEPS[band]
    plane = assembled(band, numbers(band), side=header.size // step)
    for metres in (metres for name, metres in header.images() if name == band):
        write_jp2(
            (product / header.image(band, metres=metres)).with_suffix(".jp2"),
            _resampled(plane, native=10 * step, metres=metres)[None],
            place=header.place(step=metres // 10),
            block=BLOCKS[metres],
        )


def _resampled(plane: NDArray[np.uint16], *, native: int, metres: int) -> NDArray[np.uint16]:
    """The plane at `metres` a pixel: means of finer pixels, or each coarser one repeated."""
    if metres >= native:
        return coarser(plane, metres // native)
    return plane.repeat(native // metres, axis=0).repeat(native // metres, axis=1)
