"""What a crop may look like without its label changing. All dice are one generator, passed in.

N crops, B bands. Turns are exact; the look of a crop (brightness, blind bands, grain) is drawn
as plain numbers, which the network's input is scaled by in one go.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TURNS = 8
"""Ways to lay a square down: four rotations, each also mirrored."""

COMMON_GAIN = 0.2
"""Sun, haze and calibration brighten all bands together, by up to this share."""
BAND_GAIN = 0.05
"""Standard deviation of a gain of one band's own."""
BLIND = 0.1
"""Chance of a crop to lose one band (sensors differ, files lack bands)."""
GRAIN = 0.05
"""Largest standard deviation of the noise, in units of a band's own deviation."""
STEEPEST = 3.0
"""Largest mean/deviation a gain acts on in full. Reflectance bands lie below; a thermal band
(mean 290 K, deviation a few K) lies far above, and ±20 % of its kelvins would be no weather."""


def turn(array: NDArray[Any], way: int) -> NDArray[Any]:
    """A view of (…, H, W) laid down in one of TURNS ways; 0 is as it was."""
    if way & 4:
        array = array.swapaxes(-1, -2)
    if way & 2:
        array = array[..., ::-1, :]
    return array[..., ::-1] if way & 1 else array


def turn_back(tensor: Tensor, way: int) -> Tensor:
    """The inverse of `turn`, for what a network made of a turned tile."""
    if way & 1:
        tensor = tensor.flip(-1)
    if way & 2:
        tensor = tensor.flip(-2)
    return tensor.swapaxes(-1, -2) if way & 4 else tensor


@dataclass(frozen=True)
class Look:
    """How N crops are changed: normalised -> scale * normalised + shift + grain * noise."""

    scale: NDArray[np.float32]  # (N, B), 0 is a blind band
    shift: NDArray[np.float32]  # (N, B)
    grain: NDArray[np.float32]  # (N,)
    offset: NDArray[np.int64]  # (N, 2) where in the sheet of noise


def plain(crops: int, bands: int) -> Look:
    """Nothing changed."""
    zeros = np.zeros((crops, bands), dtype=np.float32)
    still = np.zeros(crops, dtype=np.float32)
    return Look(zeros + 1, zeros, still, np.zeros((crops, 2), dtype=np.int64))


def draw_look(rng: np.random.Generator, crops: int, steepness: NDArray[np.float64]) -> Look:
    """`steepness` (B,) is mean/deviation of each band on the root scale."""
    bands = len(steepness)
    common = rng.uniform(1 - COMMON_GAIN, 1 + COMMON_GAIN, (crops, 1))
    gain = np.maximum(common * rng.normal(1, BAND_GAIN, (crops, bands)), 0.1)
    scale = np.sqrt(gain)  # bands are normalised on their square root
    shift = (scale - 1) * np.minimum(steepness, STEEPEST)
    seen = np.ones((crops, bands))
    if bands > 1:
        struck = rng.random(crops) < BLIND
        seen[struck, rng.integers(bands, size=crops)[struck]] = 0
    return Look(
        scale=(scale * seen).astype(np.float32),
        shift=(shift * seen).astype(np.float32),
        grain=rng.uniform(0, GRAIN, crops).astype(np.float32),
        offset=rng.integers(SLACK, size=(crops, 2)),
    )


SLACK = 64
"""Pixels by which the sheet of noise is larger than a crop, each way."""


def noise_sheet(seed: int, bands: int, crop: int) -> Tensor:
    """(B, crop + SLACK, crop + SLACK) normal noise, drawn once a fit.

    Every crop adds a window of it from another place: drawing afresh each step cost as much as
    a tenth of a forward.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(bands, crop + SLACK, crop + SLACK, generator=generator)


def add_grain(x: Tensor, look: Look, sheet: Tensor) -> None:
    """Add the look's noise to x (N, B, H, W), in place."""
    height, width = x.shape[-2:]
    for crop, grain, (top, left) in zip(x, look.grain.tolist(), look.offset.tolist()):
        if grain:
            crop.add_(sheet[:, top : top + height, left : left + width], alpha=grain)
