"""What a painted scene holds, exactly, and as a person would have drawn it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as components
from scipy.ndimage import uniform_filter

from labelling.imagery.painter.noise import Field, fractal

CLEAR, CLOUD, THIN, SHADOW, UNLABELLED = 0, 1, 2, 3, 255
THICK = 0.36
"""Reflectance of cloud from which the ground is no longer seen."""
VISIBLE = 0.03
"""Reflectance of cloud from which an eye sees it."""
DARK = 0.52
"""Direct light left, below which the ground counts as shadowed."""

Codes = NDArray[np.uint8]


def exact(cloud: Field, light: Field, valid: NDArray[np.bool_]) -> Codes:
    """(size, size) codes from the cloud's reflectance and the direct light left, each 0…1."""
    return _codes(cloud >= THICK, cloud >= VISIBLE, light < DARK, valid)


def drawn(
    cloud: Field, light: Field, valid: NDArray[np.bool_], *, rng: np.random.Generator
) -> Codes:
    """The same by a quick, careful-enough person.

    Edges of thin cloud wander, outlines are smoother than the cloud, small clouds and shadows
    are often missed.
    """
    size = len(cloud)
    doubt = fractal(size, rng=rng, slope=3.0, scale=60)
    shift = [2.0 * fractal(size, rng=rng, slope=3.6, scale=90) for _ in range(2)]
    cloud, light = _warped(cloud, shift), _warped(light, shift)
    thick = _smooth(cloud >= THICK * (1 + 0.16 * doubt))
    seen = _smooth(cloud >= VISIBLE * np.exp(0.3 + 0.45 * doubt))
    dark = _smooth(light < DARK * (1 - 0.08 * doubt))
    seen = _without_small(seen | thick, pixels=40, missed=0.6, rng=rng)
    dark = _without_small(dark, pixels=90, missed=0.5, rng=rng)
    return _codes(thick & seen, seen, dark, valid)


def _codes(
    thick: NDArray[np.bool_],
    seen: NDArray[np.bool_],
    dark: NDArray[np.bool_],
    valid: NDArray[np.bool_],
) -> Codes:
    """Cloud over shadow over semi-transparent over clear."""
    codes = np.where(seen, THIN, CLEAR).astype(np.uint8)
    codes[dark] = SHADOW
    codes[thick] = CLOUD
    codes[~valid] = UNLABELLED
    return codes


def _warped(field: Field, shift: list[Field]) -> Field:
    size = len(field)
    row, column = np.ogrid[:size, :size]
    rows = np.rint(row + shift[0]).astype(np.intp).clip(0, size - 1)
    columns = np.rint(column + shift[1]).astype(np.intp).clip(0, size - 1)
    return field[rows, columns]


def _smooth(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return uniform_filter(mask.astype(np.float32), 3) > 0.5


def _without_small(
    mask: NDArray[np.bool_], *, pixels: int, missed: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """`mask` without most of its pieces smaller than `pixels`."""
    pieces, count = components(mask)
    small = np.bincount(pieces.ravel(), minlength=count + 1) < pixels
    small &= rng.random(count + 1) < missed
    small[0] = False  # the background is not a piece
    return mask & ~small[pieces]
