"""Where the sun stands, as channels of a network's input.

An azimuth is in degrees clockwise from the upper edge of the tile as it lies: north before any
turn, and after one what `training.augment.turned_azimuth` says.
"""

import numpy as np
from numpy.typing import NDArray

Angles = NDArray[np.float32]  # (N, 2) zenith and azimuth in degrees, NaN where not known


def sun_channels(sun: Angles) -> NDArray[np.float32]:
    """(N, 2) -> (N, 3): cosine of the zenith, sine and cosine of the azimuth; zeros where unknown.

    The zeros can't be taken for a sun: sine and cosine of an azimuth are never both 0.
    """
    zenith, azimuth = np.radians(sun[:, 0]), np.radians(sun[:, 1])
    values = np.stack([np.cos(zenith), np.sin(azimuth), np.cos(azimuth)], axis=1)
    known = np.isfinite(values).all(axis=1, keepdims=True)
    return np.where(known, values, 0).astype(np.float32)
