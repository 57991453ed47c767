"""Synthetic tiles that show where the sun stands."""

import numpy as np


def ray_towards(azimuth, *, size=65):
    """(size, size) uint16: a line from the middle towards an azimuth, degrees clockwise from up."""
    square, middle = np.ones((size, size), dtype=np.uint16), size // 2
    lengths = np.arange(4, middle, 0.25)
    angle = np.radians(azimuth)
    rows = np.rint(middle - lengths * np.cos(angle)).astype(int)
    columns = np.rint(middle + lengths * np.sin(angle)).astype(int)
    square[rows, columns] = 1000
    return square


def direction_of(square):
    """Azimuth of the bright pixels as seen from the middle, 0 … 360."""
    middle = (len(square) - 1) / 2
    rows, columns = np.nonzero(square > 300)
    up, right = (middle - rows).mean(), (columns - middle).mean()
    return np.degrees(np.arctan2(right, up)) % 360
