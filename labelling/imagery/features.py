"""A tile's spectral features, for choosing tiles before there is a model and beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from al_engine.spectra import spectral_features

STRIDE = 8
"""Of rows and columns looked at: 64 x 64 pixels of a tile of 512."""


def tile_features(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(F,) of a tile (bands, height, width), reflectance x 10 000, 0 no data."""
    seen = pixels[:, ::STRIDE, ::STRIDE]
    return spectral_features(seen, (seen != 0).any(axis=0))
