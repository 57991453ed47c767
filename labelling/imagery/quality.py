"""The gate that every tile passes before it may be served: what is measured, and what is amiss.

Nothing is thrown away: a tile that fails is stored and enrolled, fenced off with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.fingerprint import Cells, cells, differences
from labelling.imagery.radiometry import SATURATED
from labelling.imagery.tiling import valid_share

LITTLE_DATA = "little data"
SATURATION = "saturated"
NO_CONTRAST = "no contrast"
NEAR_DUPLICATE = "near duplicate"
OFFSET_STEP = "offset step"
FLAGS = (LITTLE_DATA, NO_CONTRAST, SATURATION, OFFSET_STEP, NEAR_DUPLICATE)
"""Reason codes, the gravest first; the first one found is the fence."""

THINNING = 4
"""Every so many pixels along each side are looked at for percentiles."""
DARK = 5
"""Percentile taken for a tile's dark ground: low enough to lie under most clouds."""


@dataclass(frozen=True)
class Gate:
    """Where the gate draws its lines."""

    least_valid: float = 0.05
    """Share of the tile's pixels with data."""
    most_saturated: float = 0.25
    """Share of the tile's pixels saturated in any band."""
    mean_apart: float = 8
    largest_apart: float = 40
    """Ten-thousandths that the cells of near-duplicates differ by, at most."""
    covered: float = 0.8
    """Share of the ground that other tiles of the same pass show already."""
    step: int = 1000
    """What a forgotten RADIO_ADD_OFFSET changes every band by, in ten-thousandths."""
    step_slack: int = 250
    """By how much the median band may differ from that."""
    band_slack: int = 500
    """By how much any band may: ground and air change from date to date."""
    step_bands: int = 3
    """Bands it takes to tell a step from a change of the ground."""
    floor: int = 900
    """With a forgotten offset no band is darker; without, only a sky full of cloud is so bright."""


@dataclass(frozen=True)
class Measures:
    """What the gate measures on one tile."""

    valid_share: float
    saturated_share: float
    """0…1 of the tile's pixels."""
    negative: int
    """Reflectances below 0, stored as 1."""
    dark: tuple[int, ...]
    """DARK percentile of each band's pixels with data; 0 where there are none."""
    flat: bool
    """Every band holds one single value."""
    means: Cells


def measure(pixels: NDArray[np.uint16], *, negative: int) -> Measures:
    """Measure a tile's pixels (bands, size, size) uint16."""
    valid = np.bitwise_or.reduce(pixels, axis=0) > 0
    brightest = np.maximum.reduce(pixels, axis=0)
    sample = pixels[:, ::THINNING, ::THINNING][:, valid[::THINNING, ::THINNING]]
    return Measures(
        valid_share=valid_share(pixels),
        saturated_share=float(np.count_nonzero(brightest == SATURATED) / valid.size),
        negative=negative,
        dark=_dark(sample),
        flat=bool(valid.any()) and _is_flat(pixels, valid, sample),
        means=cells(pixels),
    )


def own_flags(found: Measures, gate: Gate) -> list[str]:
    """Reasons that the tile itself gives."""
    signs = {
        LITTLE_DATA: found.valid_share < gate.least_valid,
        NO_CONTRAST: found.flat,
        SATURATION: found.saturated_share > gate.most_saturated,
    }
    return [name for name, holds in signs.items() if holds]


def is_near(means: Cells, others: Sequence[Cells], gate: Gate) -> NDArray[np.bool_]:
    """Which of `others` look the same; one of another number of bands doesn't."""
    near = np.zeros(len(others), dtype=bool)
    alike = [place for place, each in enumerate(others) if each.shape == means.shape]
    if alike and means.size:
        mean, largest = differences(means, np.stack([others[place] for place in alike]))
        near[alike] = (mean <= gate.mean_apart) & (largest <= gate.largest_apart)
    return near


def offset_step(
    dark: Mapping[str, int], earlier: Sequence[Mapping[str, int]], gate: Gate
) -> int | None:
    """The step, in ten-thousandths, that a tile's bands make against earlier tiles of its place.

    `dark` and each of `earlier` is {band: dark percentile}. None unless all bands step alike, by
    about what a forgotten offset makes, and the brighter side is as bright as that leaves it.
    """
    usual = _usual(dark, earlier)
    if len(usual) < gate.step_bands:
        return None
    steps = np.array([dark[band] - before for band, before in usual.items()])
    median = int(np.median(steps))
    expected = gate.step if median > 0 else -gate.step
    brighter = [max(dark[band], before) for band, before in usual.items()]
    alike = np.abs(steps - expected).max() <= gate.band_slack
    if abs(median - expected) <= gate.step_slack and alike and min(brighter) >= gate.floor:
        return median
    return None


def _usual(dark: Mapping[str, int], earlier: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """{band: the median of earlier tiles' dark ground}, of the bands with data on both sides."""
    usual = {}
    for band, value in dark.items():
        seen = [each[band] for each in earlier if each.get(band)]
        if value and seen:
            usual[band] = float(np.median(seen))
    return usual


def _dark(sample: NDArray[np.uint16]) -> tuple[int, ...]:
    """Of (bands, pixels)."""
    if not sample.shape[1]:
        return (0,) * len(sample)
    rank = sample.shape[1] * DARK // 100
    return tuple(int(value) for value in np.partition(sample, rank, axis=1)[:, rank])


def _is_flat(
    pixels: NDArray[np.uint16], valid: NDArray[np.bool_], sample: NDArray[np.uint16]
) -> bool:
    if sample.shape[1] and (sample != sample[:, :1]).any():
        return False
    held = pixels[:, valid]
    return bool((held == held[:, :1]).all())
