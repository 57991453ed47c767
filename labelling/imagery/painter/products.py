"""Folders of painted products, for demo, tests and benchmarks. All of it is synthetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.painter.ground import LANDSCAPES
from labelling.imagery.painter.scene import BASELINE, LEVEL, PaintedScene, Site, paint_product
from labelling.imagery.painter.spectra import BANDS
from labelling.imagery.tilefile import write_mask, write_tile

MGRS = (
    "35VLF", "34VFL", "33VWF", "32VNM", "35VNE", "34UEG", "36VUM", "33UVV",
    "35WMP", "34VDL", "35UNB", "33VXD", "34VEM", "32VPK", "35VME", "33WXR",
    "34UFE", "35VMH", "32VNH", "36VVN", "34WED", "33UWB", "35VPG", "34VCR",
)  # fmt: skip
"""Tiles from Denmark to Lapland, each in a 100 km square of its own."""
SEASON = (date(2026, 3, 20), 215)
"""First day and number of days that products are taken on: late snow to autumn."""
SHEET = 20
"""Tiles of 512 pixels along each side of an MGRS tile that a site may start at."""


@dataclass(frozen=True)
class PaintedFile:
    """A product as written: the stack, a person's label beside it, and the exact truth."""

    stack: Path
    label: Path
    truth: Path
    regime: str
    landscape: str


def sites(count: int, *, size: int, seed: int) -> list[Site]:
    """`count` pieces of ground of `size` pixels on the grid, no two in one place."""
    if size <= 0 or size % 256 or size > 512 * SHEET:
        raise BadInput(
            f"A painted scene can't be {size} pixels wide.",
            field="size",
            help=f"Choose a multiple of 256, at most {512 * SHEET}.",
        )
    step = -(-size // 512)  # cells of the grid a site takes up
    dice = np.random.default_rng(seed)
    found: list[Site] = []
    for number in range(count):
        taken = {(site.top, site.left) for site in found if site.mgrs == MGRS[number % len(MGRS)]}
        while (cell := tuple(512 * step * dice.integers(0, SHEET // step, 2))) in taken:
            if len(taken) >= (SHEET // step) ** 2:
                raise BadInput(f"There is no room for {count} places.", field="places")
        found.append(Site(MGRS[number % len(MGRS)], int(cell[0]), int(cell[1])))
    return found


def paint_products(
    *, products: int, places: int, size: int = 512, seed: int = 0
) -> Iterator[PaintedScene]:
    """Paint `products` scenes spread evenly over `places` and over the season, in order of date.

    Places take turns; a place keeps its ground from date to date.
    """
    if not 0 < places <= products:
        raise BadInput(
            f"{products} products can't cover {places} places.",
            field="places",
            help="Give at least one place, and no more places than products.",
        )
    ground = sites(places, size=size, seed=seed)
    first, days = SEASON
    for number in range(products):
        site = ground[number % places]
        day = first + timedelta(days=number * days // products)
        landscape = list(LANDSCAPES)[(number % places) % len(LANDSCAPES)]
        yield paint_product(seed, site, day, size=size, landscape=landscape)


def write_products(
    folder: Path, *, products: int, places: int, size: int = 512, seed: int = 0
) -> Iterator[PaintedFile]:
    """Paint products into `folder`, one at a time, as the iterator is drawn on.

    Each is `<product id>.tif` (13 bands, tags of `products.stack`, SYNTHETIC=true) with
    `<product id>_label.tif` (as a person would have drawn it) and `<product id>_truth.tif`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for scene in paint_products(products=products, places=places, size=size, seed=seed):
        yield write_product(folder, scene)


def write_product(folder: Path, scene: PaintedScene) -> PaintedFile:
    """Write one painted scene as a stack with its two masks."""
    place = scene.site.georeference()
    stack = folder / f"{scene.product_id}.tif"
    write_tile(stack, scene.bands, bands=BANDS, place=place, tags=tags_of(scene))
    return PaintedFile(
        stack=stack,
        label=_mask(stack, "label", scene.annotator, scene),
        truth=_mask(stack, "truth", scene.truth, scene),
        regime=scene.regime,
        landscape=scene.landscape,
    )


def tags_of(scene: PaintedScene) -> dict[str, str]:
    """The tags a stack carries, see `labelling.imagery.products.stack`."""
    return {
        "PRODUCT_ID": scene.product_id,
        "DATETIME": scene.taken.isoformat(),
        "SATELLITE": scene.satellite,
        "LEVEL": LEVEL,
        "BASELINE": BASELINE,
        "MGRS": scene.site.mgrs,
        "SUN_AZIMUTH": str(scene.sun_azimuth),
        "SUN_ZENITH": str(scene.sun_zenith),
        "SYNTHETIC": "true",
    }


def _mask(stack: Path, name: str, codes: NDArray[np.uint8], scene: PaintedScene) -> Path:
    path = stack.with_name(f"{stack.stem}_{name}.tif")
    write_mask(path, codes, name=name, place=scene.site.georeference())
    return path
