"""A crude mask by thresholds, for trials on tiles that no mask came with.

The spectral tests of Zhu and Woodcock 2012 (Remote Sensing of Environment 118, 83-94, equations 1
to 4) without temperature, probability or object matching: it errs often, which is what a trial of
error inheritance needs. It is no mask to work with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput

NAME = "rule"
NEEDED = ("B02", "B03", "B04", "B08", "B11")
CLEAR, CLOUD, THIN, SHADOW, CANNOT_SAY = 0, 1, 2, 3, 255
CIRRUS = 0.01
"""Reflectance of band 10 above which something is high up."""
DARK_NIR, DARK_SWIR = 0.15, 0.12
"""Reflectances below which ground counts as shaded: dark woods and water do too."""
TINY = 1e-6


def rule_mask(pixels: NDArray[np.uint16], bands: Sequence[str]) -> NDArray[np.uint8]:
    """(B, H, W) reflectance x 10 000 -> (H, W) codes, 255 without data.

    Thin cloud is told only with band B10. Raises BadInput naming a band that it needs.
    """
    if missing := [name for name in NEEDED if name not in bands]:
        raise BadInput(f"The rule of a trial needs band {missing[0]}.", field="rule_mask")
    values = {name: pixels[bands.index(name)].astype(np.float32) / 10_000 for name in bands}
    blue, green, red, nir, swir = (values[name] for name in NEEDED)
    mean = (blue + green + red) / 3
    whiteness = sum(np.abs(each - mean) for each in (blue, green, red)) / (mean + TINY)
    plain = (_ratio(nir, red) < 0.8) & (_ratio(green, swir) < 0.8)  # neither plants nor snow
    cloud = (swir > 0.03) & plain & (whiteness < 0.7) & (blue - 0.5 * red - 0.08 > 0)
    codes = np.full(blue.shape, CLEAR, dtype=np.uint8)
    codes[(nir < DARK_NIR) & (swir < DARK_SWIR)] = SHADOW
    if "B10" in values:
        codes[values["B10"] > CIRRUS] = THIN
    codes[cloud] = CLOUD
    codes[~pixels.any(axis=0)] = CANNOT_SAY
    return codes


def _ratio(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalised difference, 0 where both are 0."""
    return (a - b) / (a + b + TINY)
