"""Clouds over a scene: layers of optical thickness at heights, in five regimes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from labelling.imagery.painter.noise import Field, fractal, ridged, rise

SCATTERING = 0.13
"""Reflectance of a thin cloud for each unit of optical thickness (two-stream, asymmetry 0.85)."""
SHADING = 0.3
"""The same for the loss of direct sunlight; crystals, which scatter forward, take a third of it."""
METRES = 10.0
"""Of one pixel."""
SLABS = 3
"""Heights at which a thick cloud throws its shadow: its base, its middle, its top."""


@dataclass(frozen=True)
class Layer:
    """One sheet of cloud on the canvas."""

    thickness: Field
    """Optical thickness at 550 nm, 0 where there is no cloud."""
    base: float
    """Height of the underside above the ground, in metres."""
    depth: float
    """Metres from the base to the top where the layer is thickest."""
    ice: float
    """0 droplets … 1 ice crystals."""

    @property
    def reflectance(self) -> Field:
        """0…1 in the visible; `1 - reflectance` passes on the way up."""
        return SCATTERING * self.thickness / (1 + SCATTERING * self.thickness)

    def relief(self, azimuth: float, zenith: float) -> Field:
        """Factor about 1: tops are brighter towards the sun (degrees) and darker away from it."""
        top = gaussian_filter(self.reflectance, 2.0) * self.depth / (2.5 * METRES)
        south, east = np.gradient(top)
        turn = math.radians(azimuth)
        tilt = south * math.cos(turn) - east * math.sin(turn)
        strength = 0.16 * math.tan(math.radians(min(zenith, 70)))
        return 1 + strength * np.tanh(tilt).astype(np.float32)

    def shadow(self, azimuth: float, zenith: float) -> Field:
        """Shading thickness between the sun (degrees) and each point of the ground.

        A part of the cloud at height h darkens the ground h · tan(zenith) metres away from the sun.
        """
        reach = math.tan(math.radians(zenith)) / METRES
        fullness = self.thickness / max(float(self.thickness.max()), 1e-6)
        shade = np.zeros_like(self.thickness)
        for slab in range(SLABS):
            share = slab / (SLABS - 1)
            pixels = (self.base + share * self.depth) * reach
            tall_enough = np.where(fullness > 0.75 * share**1.5, self.thickness, 0)
            np.maximum(shade, _away_from_sun(tall_enough, pixels, azimuth), out=shade)
        return (1 - 0.67 * self.ice) * gaussian_filter(shade, 0.7)


def cumulus(side: int, rng: np.random.Generator) -> list[Layer]:
    """Fair-weather heaps: sharp, billowing, in cells of half a kilometre to three."""
    cell = rng.uniform(22, 110)
    field = fractal(side, rng=rng, slope=4.2, scale=cell)
    field += 0.2 * fractal(side, rng=rng, slope=3.0, scale=16)
    above = field - _top(field, rng.uniform(0.08, 0.42))
    billow = 0.75 + 0.5 * ridged(fractal(side, rng=rng, slope=2.8, scale=18))
    thickness = 34 * rise(above, 0.0, 1.5) ** 0.9 * billow
    base = rng.uniform(700, 1900)
    return [Layer(thickness.astype(np.float32), base, rng.uniform(150, 500) + 5 * cell, 0.0)]


def stratus(side: int, rng: np.random.Generator) -> list[Layer]:
    """A low deck, with rolls and holes."""
    angle = rng.uniform(0, math.pi)
    field = fractal(side, rng=rng, slope=3.9, scale=rng.uniform(90, 260), stretch=1.6, angle=angle)
    rolls = fractal(side, rng=rng, slope=3.0, scale=26, stretch=rng.uniform(1.2, 3), angle=angle)
    above = field + 0.24 * rolls - _top(field, rng.uniform(0.45, 0.96))
    thickness = (4 + 24 * rise(above, 0.2, 2.4)) * rise(above, -0.05, 0.45) * (1 + 0.16 * rolls)
    base = rng.uniform(400, 1800)
    return [Layer(thickness.clip(0).astype(np.float32), base, rng.uniform(150, 450), 0.0)]


def cirrus(side: int, rng: np.random.Generator) -> list[Layer]:
    """High ice: long fibres in patches, mostly see-through."""
    angle, stretch = rng.uniform(0, math.pi), rng.uniform(4, 12)
    fibres = fractal(side, rng=rng, slope=2.6, scale=70, stretch=stretch, angle=angle)
    patch = fractal(side, rng=rng, slope=3.6, scale=300, stretch=2, angle=angle)
    cover = rise(patch, _top(patch, rng.uniform(0.35, 0.85)), float(patch.max()))
    thickness = rng.uniform(0.8, 3.2) * cover**0.8 * np.exp(0.55 * fibres - 0.3)
    return [Layer(thickness.astype(np.float32), rng.uniform(7500, 11000), 600, 1.0)]


def altocumulus(side: int, rng: np.random.Generator) -> list[Layer]:
    """A mackerel sky at four kilometres: many small, thin cells."""
    cells = fractal(side, rng=rng, slope=4.5, scale=rng.uniform(9, 16))
    patch = fractal(side, rng=rng, slope=3.4, scale=260)
    cover = rise(patch, _top(patch, rng.uniform(0.25, 0.6)), float(patch.max()) * 0.8)
    thickness = rng.uniform(6, 16) * cover * rise(cells, -0.6, 1.6)
    return [Layer(thickness.astype(np.float32), rng.uniform(3000, 5000), 250, 0.25)]


def clear(side: int, rng: np.random.Generator) -> list[Layer]:
    """No cloud at all."""
    return []


def mixed(side: int, rng: np.random.Generator) -> list[Layer]:
    """Two kinds at two heights, the lower first."""
    low = [cumulus, stratus][int(rng.random() < 0.25)](side, rng)
    high = [cirrus, altocumulus][int(rng.random() < 0.4)](side, rng)
    return low + high


REGIMES: Mapping[str, Callable[[int, np.random.Generator], list[Layer]]] = {
    "clear": clear,
    "cumulus": cumulus,
    "stratus": stratus,
    "cirrus": cirrus,
    "mixed": mixed,
}
CHANCES = {"clear": 0.2, "cumulus": 0.3, "stratus": 0.14, "cirrus": 0.16, "mixed": 0.2}


def draw_regime(rng: np.random.Generator) -> str:
    return str(rng.choice(list(CHANCES), p=list(CHANCES.values())))


def sunlight(shadows: list[Field]) -> Field:
    """0…1: the direct light left after the layers' `shadows`, of which there is at least one."""
    return 1 / (1 + np.float32(SHADING) * np.sum(shadows, axis=0, dtype=np.float32))


def _away_from_sun(field: Field, pixels: float, azimuth: float) -> Field:
    """`field` moved `pixels` away from the sun; what leaves the canvas enters opposite."""
    turn = math.radians(azimuth)
    # North is up: the sun in the south (180°) throws shadows towards smaller rows.
    rows, columns = round(math.cos(turn) * pixels), round(-math.sin(turn) * pixels)
    return np.roll(field, (rows, columns), axis=(0, 1))


def _top(field: Field, share: float) -> float:
    return float(np.quantile(field[::4, ::4], 1 - share))
