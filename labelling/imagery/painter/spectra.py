"""Reflectances of surfaces, air and cloud in Sentinel-2's thirteen bands.

Rounded from the ranges that spectral libraries and L2A scenes show; meant to be plausible, and in
the right order in every band, not to be a reference.
"""

from __future__ import annotations

import numpy as np

BANDS = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip
NATIVE = (6, 1, 1, 1, 2, 2, 2, 1, 2, 6, 6, 2, 2)
"""Native pixel in units of 10 m."""
WAVELENGTH = np.array(
    [443, 490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190], dtype=np.float32
)
"""Centres, in nanometres."""


def _row(*percent: float) -> np.ndarray:
    return np.array(percent, dtype=np.float32) / 100


# B10 sees no ground: whatever stands there is swallowed by water vapour.
MATERIALS = {
    "conifer": _row(1.6, 2.0, 3.2, 2.4, 5.2, 13.0, 16.5, 18, 19, 19, 19, 9.5, 4.4),
    "broadleaf": _row(2.0, 2.4, 4.8, 3.0, 8.5, 26, 33, 35, 36, 36, 35, 17, 7.5),
    "bare wood": _row(3.0, 4.0, 5.6, 6.8, 9.0, 13, 15.5, 17, 18.5, 19, 19, 19, 12),
    "green crop": _row(2.6, 3.2, 6.4, 3.6, 10, 34, 44, 46, 47, 46, 45, 20, 9.0),
    "ripe crop": _row(5.0, 7.0, 11, 14, 18, 22, 25, 27, 28, 29, 30, 31, 21),
    "grass": _row(3.0, 4.0, 7.4, 5.4, 11, 25, 31, 33, 34, 34, 33, 22, 12),
    "dry grass": _row(5.0, 6.6, 9.4, 12, 15, 19, 21.5, 23, 25, 26, 27, 30, 20),
    "dark soil": _row(4.6, 5.2, 6.8, 8.6, 10, 11.5, 13, 14, 15, 16, 17, 20, 17),
    "soil": _row(7.0, 8.6, 11.5, 15, 17.5, 19, 20.5, 22, 23, 25, 28, 31, 27),
    "bright soil": _row(13, 17, 24, 31, 34, 36, 37.5, 39, 40, 42, 45, 49, 44),
    "sand": _row(17, 21, 28, 34, 36, 38, 39, 41, 42, 43, 46, 51, 46),
    "deep water": _row(3.4, 2.6, 1.9, 1.1, 0.9, 0.7, 0.6, 0.5, 0.5, 0.4, 0.4, 0.3, 0.2),
    "murky water": _row(5.2, 5.8, 7.6, 5.6, 4.8, 2.2, 2.0, 1.6, 1.3, 1.0, 0.8, 0.5, 0.3),
    "bog": _row(2.8, 3.4, 5.6, 6.0, 8.8, 14.5, 17.5, 19, 20, 20, 20, 16.5, 9.0),
    "town": _row(8.5, 9.6, 11.5, 12.8, 14, 16, 17.5, 18.5, 19.5, 20, 21, 21, 18),
    "roof": _row(17, 20, 24, 28, 29, 30, 31, 32, 33, 33, 34, 35, 32),
    "asphalt": _row(6.5, 7.2, 8.4, 9.4, 10, 10.8, 11.4, 12, 12.6, 13, 14, 15, 14),
    "rock": _row(8.0, 9.4, 11.6, 13.8, 14.8, 15.6, 16.4, 17, 17.6, 18, 20, 22, 19),
    "snow": _row(84, 86, 86, 85, 85, 83.5, 82, 79.5, 78, 70, 10, 9.5, 7.5),
    "old snow": _row(60, 63, 64, 63, 63, 61, 58, 55, 53, 46, 8, 7.0, 5.5),
}

RAYLEIGH = _row(9.4, 6.6, 3.9, 2.1, 1.7, 1.4, 1.1, 0.85, 0.75, 0.5, 0.05, 0.1, 0.05)
"""Path reflectance of clean air with the sun overhead."""
CLEAR_AIR = _row(76, 81, 86, 91, 92, 94, 95, 95.5, 96, 30, 0.03, 95.5, 94)
"""Transmission down and up through clean, moderately moist air."""
SKYLIGHT = _row(34, 28, 21, 15.5, 14, 12.5, 11.5, 10.5, 10, 10, 10, 6.0, 5.0)
"""Share of the light on the ground that comes from the sky: what is left in a full shadow."""
WATER_CLOUD = _row(100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 72, 80, 60)
ICE_CLOUD = _row(100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 78, 50, 38)
"""Cloud reflectance relative to the visible: ice and droplets absorb in the short-wave infrared."""
VAPOUR = np.array([0] * 9 + [1.2, 12.0, 0, 0], dtype=np.float32)
"""Optical depth of the water vapour above the ground, both ways; it thins out by e every 2 km."""
