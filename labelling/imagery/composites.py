"""Pictures of a tile: three bands as red, green and blue, with one stretch for the whole scene."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from labelling.imagery.stretch import Stretch

SENTINEL2 = {
    "blue": "B02", "green": "B03", "red": "B04", "nir": "B08",
    "narrow nir": "B8A", "swir1": "B11", "swir2": "B12", "cirrus": "B10",
}  # fmt: skip
LANDSAT = {
    "blue": "B2", "green": "B3", "red": "B4", "nir": "B5",
    "swir1": "B6", "swir2": "B7", "cirrus": "B9",
}  # fmt: skip
WORDS = {"swir1": ("swir1", "swir16"), "swir2": ("swir2", "swir22")}
"""Further words a band's name may use for its role."""

PICTURES = (
    ("True colour", ("red",), ("green",), ("blue",)),
    ("False colour", ("nir", "narrow nir"), ("red",), ("green",)),
    ("SWIR", ("swir2", "swir1"), ("narrow nir", "nir"), ("red",)),
    ("Cirrus", ("cirrus",), ("cirrus",), ("cirrus",)),
)
"""Name and, for red, green and blue, the roles to show, the first present one taken."""


class Composite(TypedDict):
    """A picture an annotator can switch to."""

    name: str
    bands: list[str]
    """Shown as red, green and blue."""


def default_composites(bands: Sequence[str]) -> list[Composite]:
    """[{name, bands: [red, green, blue]}] for a campaign's bands, best first; never empty."""
    roles = band_roles(bands)
    pictures: list[Composite] = []
    for name, *channels in PICTURES:
        known = [[roles[role] for role in each if role in roles] for each in channels]
        chosen = [found[0] for found in known if found]
        if len(chosen) == len(channels):
            pictures.append({"name": name, "bands": chosen})
    if not any(len(set(picture["bands"])) == 3 for picture in pictures):
        first = [bands[min(position, len(bands) - 1)] for position in range(3)]
        pictures.insert(0, {"name": "First bands", "bands": first})
    return pictures


def band_roles(bands: Sequence[str]) -> dict[str, str]:
    """{role: band} for what the names give away.

    Sentinel-2's and Landsat's numbers mean different bands: zero-padded numbers, B8A and B12 are
    taken as Sentinel-2's, B2 … B11 as Landsat 8's. Words such as `blue` or `swir16` decide first.
    """
    sentinel2 = {"B8A", "B12"} & set(bands) or any(name[:2] == "B0" for name in bands)
    numbers = SENTINEL2 if sentinel2 else LANDSAT
    roles = {}
    for role in SENTINEL2:
        names = _named(role, bands) or [name for name in bands if name == numbers.get(role)]
        if names:
            roles[role] = names[0]
    return roles


def composite(
    pixels: NDArray[np.uint16],
    names: Sequence[str],
    *,
    shown: Sequence[str],
    stretch: Stretch,
) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 picture of pixels (bands, height, width) called `names`.

    `shown` names the red, green and blue band; one without a stretch is black, as is no data.
    """
    picture = np.zeros((*pixels.shape[1:], 3), dtype=np.uint8)
    for channel, name in enumerate(shown):
        if name in stretch and name in names:
            low, high = stretch[name]
            scaled = (pixels[list(names).index(name)].astype(np.float32) - low) / (high - low)
            picture[..., channel] = 255 * scaled.clip(0, 1)
    picture[~pixels.any(axis=0)] = 0
    return picture


def thumbnail(
    pixels: NDArray[np.uint16],
    names: Sequence[str],
    *,
    stretch: Stretch,
    side: int = 128,
    caption: str = "",
) -> bytes:
    """PNG of at most `side` pixels in the first default composite; `caption` is written on it."""
    shown = default_composites(names)[0]["bands"]
    step = max(1, max(pixels.shape[1:]) // side)
    small = pixels[:, ::step, ::step]
    return png(small, names, shown=shown, stretch=stretch, caption=caption)


def png(
    pixels: NDArray[np.uint16],
    names: Sequence[str],
    *,
    shown: Sequence[str],
    stretch: Stretch,
    caption: str = "",
) -> bytes:
    """The `composite` as PNG, pixel for pixel; `caption` is written on it."""
    image = Image.fromarray(composite(pixels, names, shown=shown, stretch=stretch))
    if caption:
        ImageDraw.Draw(image).text((2, 1), caption, fill=(255, 255, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _named(role: str, bands: Sequence[str]) -> list[str]:
    words = WORDS.get(role, (role.replace(" ", ""),))
    return [name for name in bands if set(words) & set(name.lower().replace("-", "_").split("_"))]
