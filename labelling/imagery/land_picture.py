"""The land of the Earth, small, for the map: `python -m labelling.imagery.land_picture TARGET.png`.

In spherical Mercator (EPSG:3857), from NORTH to SOUTH and around the world, one bit a pixel. It is
made from the mask that imagery/land.py reads, and lies beside the map page.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from labelling.imagery.land import on_land

WIDTH = 3072
"""Pixels around the world: 13 km at the equator, 6.5 km at 60 degrees north."""
NORTH, SOUTH = 80.0, -60.0
"""Degrees: no product of the workbench's lies beyond."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("target", type=Path, help="PNG to write")
    write(words.parse_args().target)


def write(target: Path) -> None:
    picture = land_picture().astype(np.uint8)
    shape = {"height": picture.shape[0], "width": picture.shape[1], "count": 1, "dtype": "uint8"}
    with rasterio.open(target, "w", driver="PNG", nbits=1, zlevel=9, **shape) as dataset:
        dataset.write(picture, 1)


def land_picture() -> NDArray[np.bool_]:
    """(height, WIDTH): whether the centre of each pixel is land."""
    longitudes = (np.arange(WIDTH) + 0.5) / WIDTH * 360 - 180
    latitudes = latitudes_of_rows()
    return np.stack([on_land(longitudes, np.full(WIDTH, row)) for row in latitudes])


def latitudes_of_rows() -> NDArray[np.float64]:
    """Degrees, of each row's centre, from north to south."""
    step = 2 * np.pi / WIDTH
    north, south = mercator(NORTH), mercator(SOUTH)
    heights = np.arange(north - step / 2, south, -step)
    return np.degrees(2 * np.arctan(np.exp(heights)) - np.pi / 2)


def mercator(latitude: float) -> float:
    """Height above the equator, in radians of the equator."""
    return float(np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))


if __name__ == "__main__":
    main()
