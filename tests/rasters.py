"""Small rasters for everybody's tests, written as scenes come: GeoTIFF stacks and label files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from labelling.imagery.files import Georeference
from labelling.imagery.tiling import Window

FOUR = ("B02", "B03", "B04", "B08")
"""The bands of CampaignFactory."""
IN_35VLF = Georeference("EPSG:32635", (10.0, 0.0, 300_000.0, 0.0, -10.0, 6_600_000.0))
"""The north-west corner of MGRS tile 35VLF."""


def tile_rows(parts: Sequence[Window]) -> list[list[Window]]:
    """`parts` (as `windows` orders them) by rows of tiles."""
    return [list(row) for _, row in groupby(parts, key=lambda part: part.row)]


def pixels(
    *, bands: int = 4, height: int = 64, width: int = 64, seed: int = 0
) -> NDArray[np.uint16]:
    """(bands, height, width) random reflectances, none of them 0."""
    dice = np.random.default_rng(seed)
    return dice.integers(200, 6000, (bands, height, width), dtype=np.uint16)


def write_stack(
    path: Path,
    values: NDArray | None = None,
    *,
    bands: Sequence[str] | None = FOUR,
    place: Georeference | None = None,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """A stack of `values` (bands, height, width); `bands=None` leaves its layers without names."""
    planes = pixels(bands=len(bands or FOUR)) if values is None else values
    return _write(path, planes, names=bands, place=place, tags=tags or {})


def write_codes(path: Path, codes: NDArray | int = 0, *, side: int = 64) -> Path:
    """A label file: `codes` (height, width), or one code all over a square of `side` pixels.

    Several planes, (planes, height, width), make a file of masks without names.
    """
    whole = np.full((side, side), codes, np.uint8) if isinstance(codes, int) else codes
    planes = whole.reshape(-1, *whole.shape[-2:])
    names = ["label"] if len(planes) == 1 else None
    return _write(path, planes, names=names, place=None, tags={})


def cut_short(path: Path, *, share: float = 0.5) -> Path:
    """Keep only the first `share` of a file's bytes, as a broken download does."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def _write(
    path: Path,
    planes: NDArray,
    *,
    names: Sequence[str] | None,
    place: Georeference | None,
    tags: Mapping[str, str],
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = planes.shape
    where = {"crs": place.crs, "transform": rasterio.Affine(*place.transform)} if place else {}
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, **where}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", dtype=planes.dtype, **profile) as file:
            file.write(planes)
            file.update_tags(**tags)
            if names:
                file.descriptions = names
    return path
