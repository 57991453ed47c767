"""The two maskers that run here: s2cloudless and ukis-csmask, both an optional extra.

Their packages carry their weights. They are loaded only when they run: never by the web process.
Neither is ground truth; both are realistic pre-labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.masks.sources import SHARE_SCALE, SOURCES, Source

REFLECTANCE = 10_000
"""A stored value of reflectance 1."""
EXTRA = "pip install 'cloudmask-workbench[maskers]'"

Roles = Mapping[str, tuple[str, ...]]
"""{what a masker calls a band: names of tile bands that are it}."""

S2CLOUDLESS_BANDS: Roles = {
    name: (name,) for name in ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
}
CSMASK_FOUR: Roles = {
    "blue": ("blue", "B02"),
    "green": ("green", "B03"),
    "red": ("red", "B04"),
    "nir": ("nir", "B08"),
}
CSMASK_SIX: Roles = {**CSMASK_FOUR, "swir16": ("swir16", "B11"), "swir22": ("swir22", "B12")}


@dataclass(frozen=True)
class Shot:
    """A tile as a masker sees it."""

    pixels: NDArray[np.uint16]
    """(bands, height, width) stored values, reflectance × 10 000."""
    roles: tuple[str, ...]
    """What the masker calls these bands."""
    level: str
    """L1C or L2A."""


@dataclass(frozen=True)
class Masker:
    """A masker that runs on one tile at a time."""

    name: str
    source: Source
    """Whose codes and table its answer has."""
    package: str
    """Distribution that carries it."""
    module: str
    """What is imported of it, when it runs."""
    levels: frozenset[str]
    """Processing levels it was trained for."""
    bands: tuple[Roles, ...]
    """Sets of bands it runs on, the best first."""
    run: Callable[[Shot, int], NDArray[np.uint8]]
    """The source's codes (height, width) of a tile, on so many threads."""
    probability: bool = False
    """Whether it gives a probability, which is kept so that it can be cut again."""

    def bands_of(self, held: Sequence[str]) -> Mapping[str, str] | None:
        """{role: band} of the best set that a tile holding the bands `held` has; None: none."""
        for roles in self.bands:
            chosen = {
                role: next((name for name in names if name in held), "")
                for role, names in roles.items()
            }
            if all(chosen.values()):
                return chosen
        return None

    def tool(self, release: str, *, bands: int) -> str:
        """What `Layer.version` begins with: the release, and the bands where there is a choice."""
        return release if len(self.bands) == 1 else f"{release}-{bands}b"

    def release(self) -> str:
        """The installed package's version. Raises BadInput when it can't be loaded here."""
        try:
            import_module(self.module)
            return version(self.package)
        except (ImportError, PackageNotFoundError) as error:
            raise BadInput(
                f"{self.name} can't run here: {error}.", field="masker", help=f"{EXTRA}."
            ) from error


def reflectance(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(height, width, bands) from (bands, height, width) stored values; 1 is all the light."""
    return np.ascontiguousarray(np.moveaxis(pixels, 0, -1), dtype=np.float32) / REFLECTANCE


def _s2cloudless(shot: Shot, threads: int) -> NDArray[np.uint8]:
    """Cloud probability in half per cents, each pixel by itself."""
    image = reflectance(shot.pixels)[None]
    maps = _detector().get_cloud_probability_maps(image, num_threads=threads)
    return np.rint(maps[0] * SHARE_SCALE).astype(np.uint8)


@cache
def _detector() -> Any:
    from s2cloudless import S2PixelCloudDetector

    return S2PixelCloudDetector(all_bands=False)


def _csmask(shot: Shot, threads: int) -> NDArray[np.uint8]:
    """0 background, 1 cloud, 2 cloud shadow, in patches of 256² that overlap by a fifth."""
    from ukis_csmask.mask import CSmask

    found = CSmask(
        reflectance(shot.pixels),
        list(shot.roles),
        product_level=shot.level.lower(),
        intra_op_num_threads=threads,
        inter_op_num_threads=1,
        providers=["CPUExecutionProvider"],
    )
    return found.csm[..., 0]


S2CLOUDLESS = Masker(
    name="s2cloudless",
    source=SOURCES["s2cloudless_share"],
    package="s2cloudless",
    module="s2cloudless",
    levels=frozenset({"L1C"}),
    bands=(S2CLOUDLESS_BANDS,),
    run=_s2cloudless,
    probability=True,
)
CSMASK = Masker(
    name="csmask",
    source=SOURCES["csmask"],
    package="ukis-csmask",
    module="ukis_csmask.mask",
    levels=frozenset({"L1C", "L2A"}),
    bands=(CSMASK_SIX, CSMASK_FOUR),
    run=_csmask,
)
MASKERS: Mapping[str, Masker] = {each.name: each for each in (S2CLOUDLESS, CSMASK)}
