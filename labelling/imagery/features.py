"""A tile's spectral features, for choosing tiles before there is a model and beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from al_engine.spectra import spectral_features

VERSION = 1
"""Of these features: raised when the same pixels give others."""
STRIDE = 8
"""Of rows and columns looked at: 64 x 64 pixels of a tile of 512."""


def tile_features(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(F,) of a tile (bands, height, width), reflectance x 10 000, 0 no data."""
    seen = pixels[:, ::STRIDE, ::STRIDE]
    return spectral_features(seen, (seen != 0).any(axis=0))


def recipe(bands: Sequence[str]) -> str:
    """Names what the stored features of a tile were made of: bands in their order, and VERSION."""
    return hashlib.sha256(repr((VERSION, list(bands))).encode()).hexdigest()[:32]


def packed(features: NDArray[np.float32]) -> bytes:
    """(F,) as kept in a row."""
    return features.astype("<f4").tobytes()


def unpacked(kept: bytes) -> NDArray[np.float32]:
    """The opposite of `packed`."""
    return np.frombuffer(kept, dtype="<f4").astype(np.float32)
