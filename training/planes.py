"""What lies beside a tile's bands: the sun's angles, a clear date, rule masks, other rasters.

Planes go by the names that a feature set gives them: `sun` (2,) float32, zenith and azimuth in
degrees, NaN where not known; `clear` (B, H, W) uint16 as bands, 0 where not known; `mask:NAME`
(H, W) uint8, 255 where it can't say; `extra:NAME` (P, H, W) float32, NaN where missing.
A plane that a tile doesn't have is None: that is an answer, a name left out is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from training.errors import BadTile
from training.features.layout import MASK_CLASSES, Layout
from training.snapshot import Bands, Sample, Snapshot

Plane = NDArray[Any]
Planes = dict[str, Plane]
"""Of one tile, every name of the layout, or with N in front of a batch."""

CANNOT_SAY = 255
UNKNOWN_SUN = (np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Tile:
    """What an ensemble whose features go beyond the bands is given."""

    bands: Bands
    planes: Mapping[str, Plane | None]


def blank(name: str, layout: Layout, side: tuple[int, int]) -> Plane:
    """The plane of a tile (H, W) of which nothing is known."""
    kind, _, which = name.partition(":")
    if kind == "sun":
        return np.array(UNKNOWN_SUN, dtype=np.float32)
    if kind == "clear":
        return np.zeros((len(layout.bands), *side), dtype=np.uint16)
    if kind == "mask":
        return np.full(side, CANNOT_SAY, dtype=np.uint8)
    planes = layout.extra[layout.features.extra.index(which)]
    return np.full((planes, *side), np.nan, dtype=np.float32)


def complaint(name: str, plane: Plane, layout: Layout, side: tuple[int, int]) -> str:
    """What is wrong with a plane of a tile (H, W); empty: nothing."""
    wanted = blank(name, layout, side)
    if plane.dtype != wanted.dtype or plane.shape != wanted.shape:
        return f"{name} must be {wanted.dtype} {wanted.shape}, is {plane.dtype} {plane.shape}"
    kind = name.partition(":")[0]
    if kind == "mask" and (wrong := {*np.flatnonzero(np.bincount(plane.ravel()))} - MASK_CODES):
        return f"{name} holds code {min(wrong)}; codes are 0 … {len(MASK_CLASSES) - 1} and 255"
    if kind == "extra" and np.isinf(plane).any():
        return f"{name} holds infinite values; what is missing is NaN"
    if kind == "sun" and not _is_sky(plane):
        return f"sun must be zenith 0 … 180 and azimuth 0 … 360 degrees, is {plane.tolist()}"
    return ""


MASK_CODES = {*range(len(MASK_CLASSES)), CANNOT_SAY}


def _is_sky(sun: Plane) -> bool:
    if np.isnan(sun).all():
        return True
    return bool(0 <= sun[0] <= 180 and 0 <= sun[1] <= 360)


def whole(planes: Mapping[str, Plane | None], layout: Layout, side: tuple[int, int]) -> Planes:
    """Every plane of the layout, blank where the tile has none."""
    found = {name: planes.get(name) for name in layout.features.planes}
    return {
        name: blank(name, layout, side) if plane is None else plane for name, plane in found.items()
    }


def stacked(many: Sequence[Planes]) -> Planes:
    """Of several crops, with N in front."""
    return {name: np.stack([each[name] for each in many]) for name in many[0]}


def input_of(snapshot: Snapshot, sample: Sample, layout: Layout) -> Bands | Tile:
    """A sample as `Ensemble.stream` takes it."""
    bands = snapshot.read_bands(sample)
    if not layout.features.planes:
        return bands
    return Tile(bands, snapshot.read_planes(sample, layout.features.planes))


def planes_in(path: Path) -> dict[str, Plane | None]:
    """The planes of one tile in an .npz, by their names; an empty array says that there is none.

    Raises BadTile where the file can't be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as problem:
        raise BadTile(f"{path} is no .npz of planes: {problem}", field=str(path)) from None
    return {name: plane if plane.size else None for name, plane in found.items()}
