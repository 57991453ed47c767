"""What a crop may look like without its label changing. All dice are one generator, passed in.

N crops, B bands. Turns are exact; how a crop is lit (gains, haze, blind bands, noise) is drawn as
plain numbers and acts on the whole batch at once. `warp` resamples: scale and free rotation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import FitConfig
from training.survey import Normalisation

TURNS = 8
"""Ways to lay a square down: four rotations, each also mirrored."""
STEEPEST = 3.0
"""Largest mean/deviation a gain acts on in full. Reflectance bands lie below; a thermal band
(mean 290 K, deviation a few K) lies far above, and ±20 % of its kelvins would be no weather."""
ONE = 10_000
"""The stored value of reflectance 1."""

MICROMETRES = {
    "B01": 0.443, "B02": 0.490, "B03": 0.560, "B04": 0.665, "B05": 0.704, "B06": 0.740,
    "B07": 0.783, "B08": 0.833, "B8A": 0.865, "B09": 0.945, "B10": 1.375, "B11": 1.610,
    "B12": 2.190,
}  # fmt: skip
"""Centres of the bands of Sentinel-2's MSI, rounded (ESA, Sentinel-2 User Handbook)."""
BLUE = 0.490
HAZE_POWERS = (4.0, 2.0, 1.0, 0.7, 0.5)
"""Scattering falls with wavelength ** -power: from a very clear to a very hazy sky. The five
models of Chavez, "An improved dark-object subtraction technique", 1988, table 1."""


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


def turned_azimuth(azimuth: float, way: int) -> float:
    """Where the sun of a tile stands once the tile is turned: degrees clockwise from the top,
    0 … 360. Unknown (nan) stays unknown."""
    if way & 4:
        azimuth = 270 - azimuth  # mirrored at the diagonal from upper left to lower right
    if way & 2:
        azimuth = 180 - azimuth
    if way & 1:
        azimuth = -azimuth
    return azimuth % 360


@dataclass(frozen=True)
class Optics:
    """What lighting needs to know of the bands."""

    reach: NDArray[np.float64]
    """(B,) 0 … 1, how far a gain acts: 1 for reflectance, little for a thermal band."""
    micrometres: NDArray[np.float64]
    """(B,) wavelength; nan where unknown or no reflectance."""

    @classmethod
    def of(cls, bands: Sequence[str], normalisation: Normalisation) -> "Optics":
        steepness = np.asarray(normalisation.mean) / np.asarray(normalisation.deviation)
        reach = STEEPEST / np.maximum(steepness, STEEPEST)
        known = np.array([MICROMETRES.get(name, np.nan) for name in bands])
        return cls(reach, np.where(reach < 0.5, np.nan, known))


@dataclass(frozen=True)
class Look:
    """How N crops are lit: stored value v -> gain * v + added; once normalised, blind bands are
    put out and noise is added."""

    gain: NDArray[np.float32]  # (N, B) > 0
    added: NDArray[np.float32]  # (N, B) in stored units
    seen: NDArray[np.bool_]  # (N, B), False is a blind band
    grain: NDArray[np.float32]  # (N,) standard deviation of the noise
    offset: NDArray[np.int64]  # (N, 2) where in the sheet of noise


def plain(crops: int, bands: int) -> Look:
    """Nothing changed."""
    ones = np.ones((crops, bands), dtype=np.float32)
    still = np.zeros(crops, dtype=np.float32)
    return Look(ones, 0 * ones, ones > 0, still, np.zeros((crops, 2), dtype=np.int64))


def draw_look(rng: np.random.Generator, crops: int, optics: Optics, config: FitConfig) -> Look:
    """Each part in the range that the config gives it; a part of range 0 changes nothing, and
    the dice of the others fall as they would with it."""
    bands = len(optics.reach)
    common = rng.uniform(1 - config.common_gain, 1 + config.common_gain, (crops, 1))
    gain = np.maximum(common * rng.normal(1, config.band_gain, (crops, bands)), 0.1)
    gain = (1 + (np.sqrt(gain) - 1) * optics.reach) ** 2  # bands are normalised on their root
    seen = np.ones((crops, bands), dtype=np.bool_)
    if bands > 1:
        struck = rng.random(crops) < config.band_dropout
        seen[struck, rng.integers(bands, size=crops)[struck]] = False
    grain = rng.uniform(0, config.noise, crops)
    place = rng.integers(SLACK, size=(crops, 2))
    offsets = rng.uniform(-config.offset, config.offset, (crops, bands)) * optics.reach
    return Look(
        gain=gain.astype(np.float32),
        added=(ONE * (offsets + draw_haze(rng, crops, optics, config.haze))).astype(np.float32),
        seen=seen,
        grain=grain.astype(np.float32),
        offset=place,
    )


def draw_haze(
    rng: np.random.Generator, crops: int, optics: Optics, most: float
) -> NDArray[np.float64]:
    """(N, B) path radiance in reflectance: 0 … `most` at 0.49 µm, falling with wavelength by one
    of HAZE_POWERS; 0 in bands of unknown wavelength."""
    blue = rng.uniform(0, most, (crops, 1))
    power = rng.choice(HAZE_POWERS, (crops, 1))
    return np.nan_to_num(blue * (optics.micrometres / BLUE) ** -power)


def lit(stored: Tensor, look: Look) -> Tensor:
    """(N, B, H, W) float32 stored values as the look's gain and addition leave them.

    At least 1 where something is added: 0 is no data. Blind bands and noise are not its trade.
    """
    gain, added = (
        torch.from_numpy(each)[:, :, None, None].to(stored.device)
        for each in (look.gain, look.added)
    )
    values = stored.to(torch.float32) * gain
    return values.add_(added).clamp_min_(1) if look.added.any() else values


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
