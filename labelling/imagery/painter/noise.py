"""Random fields with the look of terrain and cloud: filtered white noise, periodic at the edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Field = NDArray[np.float32]  # (side, side), mean 0, standard deviation 1


def fractal(
    side: int,
    *,
    rng: np.random.Generator,
    slope: float,
    scale: float = 1e9,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> Field:
    """A field whose power falls as wavenumber to the `slope`, level for features above `scale`.

    scale: pixels; features larger than this are no stronger than this size (von Kármán's spectrum).
    stretch: how many times longer features are along `angle` (radians from the column axis) than
    across it.
    """
    row = fft.fftfreq(side).astype(np.float32)[:, None]
    column = fft.rfftfreq(side).astype(np.float32)[None, :]
    along = column * np.float32(np.cos(angle)) + row * np.float32(np.sin(angle))
    across = row * np.float32(np.cos(angle)) - column * np.float32(np.sin(angle))
    power = (along * stretch) ** 2 + across**2 + np.float32(max(1 / scale, 0.5 / side)) ** 2
    white = fft.rfft2(rng.standard_normal((side, side), dtype=np.float32))
    white *= power ** np.float32(-slope / 4)
    white[0, 0] = 0
    field = fft.irfft2(white, s=(side, side))
    return (field / field.std()).astype(np.float32)


def ridged(field: Field) -> Field:
    """0…1, high along the zero lines of `field`: rivers, billows, folds."""
    return np.exp(-3 * np.abs(field)).astype(np.float32)


def canvas(size: int) -> int:
    """Side of the canvas for a scene of `size` pixels: with room around it, quick to transform."""
    return int(fft.next_fast_len(size + size // 4, real=True))


def rise(values: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, a smooth step between."""
    x = ((values - low) / (high - low)).clip(0, 1)
    return x * x * (3 - 2 * x)
