"""One painted acquisition: ground, air, cloud and sensor, and the truth about it."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from labelling.imagery.files import Georeference
from labelling.imagery.grid import STEP, grid_of
from labelling.imagery.painter import ground, sky, truth
from labelling.imagery.painter.noise import Field, canvas, fractal
from labelling.imagery.painter.spectra import (
    CLEAR_AIR,
    ICE_CLOUD,
    NATIVE,
    RAYLEIGH,
    SKYLIGHT,
    VAPOUR,
    WATER_CLOUD,
    WAVELENGTH,
)
from labelling.imagery.painter.sun import overpass, sun_angles

LEVEL, BASELINE = "L1C", "05.11"


@dataclass(frozen=True)
class Site:
    """A piece of ground: where it starts in an MGRS tile's grid, in pixels of 10 m."""

    mgrs: str
    top: int
    left: int

    @property
    def name(self) -> str:
        return f"{self.mgrs}-{self.top:05d}-{self.left:05d}"

    def georeference(self) -> Georeference:
        grid = grid_of(self.mgrs, size=512)
        west, north = grid.west + STEP * self.left, grid.north - STEP * self.top
        return Georeference(f"EPSG:{grid.epsg}", (STEP, 0.0, west, 0.0, -STEP, north))

    def centre(self, size: int) -> tuple[float, float]:
        """(longitude, latitude) of the middle of `size` by `size` pixels."""
        return self.georeference().project("EPSG:4326", [(size / 2, size / 2)])[0]


@dataclass(frozen=True)
class PaintedScene:
    """A synthetic Sentinel-2 L1C scene. Everything shown of it says so."""

    product_id: str
    site: Site
    taken: datetime
    satellite: str
    landscape: str
    regime: str
    sun_azimuth: float
    """Degrees clockwise from north; shadows fall the other way."""
    sun_zenith: float
    bands: NDArray[np.uint16]
    """(13, size, size) in ten-thousandths, in the order of spectra.BANDS, 0 = no data."""
    truth: NDArray[np.uint8]
    """(size, size) exact codes, 255 where there is no data."""
    annotator: NDArray[np.uint8]
    """The same as a person would have drawn it."""


def paint_product(
    seed: int,
    site: Site,
    day: date,
    *,
    size: int = 512,
    landscape: str | None = None,
    regime: str | None = None,
) -> PaintedScene:
    """Paint `size` by `size` pixels of `site` on `day`; the same arguments give the same scene.

    `landscape` (of ground.LANDSCAPES) and `regime` (of sky.REGIMES) are drawn when not given: the
    landscape for the site, the regime for the day.
    """
    place_dice = np.random.default_rng([seed, zlib.crc32(site.name.encode())])
    dice = np.random.default_rng([seed, zlib.crc32(site.name.encode()), day.toordinal()])
    landscape = landscape or str(place_dice.choice(list(ground.LANDSCAPES)))
    regime = regime or sky.draw_regime(dice)
    longitude, latitude = site.centre(size)
    taken = overpass(day, longitude=longitude, latitude=latitude).replace(microsecond=0)
    sun = sun_angles(taken, longitude=longitude, latitude=latitude)
    land = ground.survey(size, landscape=ground.LANDSCAPES[landscape], rng=place_dice)
    surface = ground.reflectance(land, day=day.timetuple().tm_yday, sun=sun, rng=dice)
    view = _view(surface, sky.REGIMES[regime](canvas(size), dice), sun, dice)
    valid = _swath(size, dice)
    satellite = str(dice.choice(["S2A", "S2B", "S2C"]))
    return PaintedScene(
        product_id=f"SYNTHETIC_{satellite}_MSI{LEVEL}_{taken:%Y%m%dT%H%M%S}_N0511_{site.name}",
        site=site,
        taken=taken,
        satellite=satellite,
        landscape=landscape,
        regime=regime,
        sun_azimuth=round(sun[0], 3),
        sun_zenith=round(sun[1], 3),
        bands=_sensed(view.reflectance, valid, dice),
        truth=truth.exact(view.cloud, view.light, valid),
        annotator=truth.drawn(view.cloud, view.light, valid, rng=dice),
    )


@dataclass(frozen=True)
class _View:
    reflectance: NDArray[np.float32]  # (13, size, size), top of the atmosphere
    cloud: Field  # visible reflectance of all cloud in the line of sight
    light: Field  # direct sunlight left on the ground


def _view(
    surface: NDArray[np.float32],
    layers: list[sky.Layer],
    sun: tuple[float, float],
    rng: np.random.Generator,
) -> _View:
    """What the satellite sees of `surface` (which is overwritten), from the ground up."""
    size = surface.shape[-1]
    window = np.s_[:size, :size]
    light = np.ones((size, size), dtype=np.float32)
    if layers:
        light = sky.sunlight([layer.shadow(*sun) for layer in layers])[window]
    dark = _bandwise(SKYLIGHT)
    surface *= dark + (1 - dark) * light
    surface *= _bandwise(CLEAR_AIR)
    surface += _air(size, sun[1], rng)
    passing = np.ones((size, size), dtype=np.float32)
    for layer in layers:
        shining = layer.reflectance[window]
        passing *= 1 - shining
        surface *= 1 - shining
        surface += _cloud_colour(layer) * (shining * layer.relief(*sun)[window])
    return _View(surface, 1 - passing, light)


def _air(size: int, zenith: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(13, size, size) path reflectance: Rayleigh's blue, and haze of a varying strength."""
    slant = 0.6 + 0.4 / math.cos(math.radians(min(zenith, 78)))
    strength = np.float32(rng.gamma(1.6, 0.012))
    haze = strength * (1 + 0.35 * fractal(size, rng=rng, slope=3.8)).clip(0.2)
    tint = (WAVELENGTH / 550) ** -1.3 * (VAPOUR < 2)
    return _bandwise(RAYLEIGH * slant) + _bandwise(tint) * haze


def _cloud_colour(layer: sky.Layer) -> NDArray[np.float32]:
    """(13, 1, 1): reflectance in each band relative to the visible, dimmed by the vapour above."""
    dry = WATER_CLOUD + layer.ice * (ICE_CLOUD - WATER_CLOUD)
    above = VAPOUR * math.exp(-(layer.base + layer.depth / 2) / 2000)
    return _bandwise(dry * np.exp(-above))


def _swath(size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where the orbit reaches: one scene in six has an edge of no data along the track."""
    if rng.random() > 1 / 6:
        return np.ones((size, size), dtype=bool)
    row, column = np.indices((size, size), sparse=True)
    edge = rng.uniform(0.1, 0.45) * size + rng.uniform(0.2, 0.3) * (size - row)
    return (column > edge) if rng.random() < 0.5 else (size - column > edge)


def _sensed(
    reflectance: NDArray[np.float32], valid: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Blurred to each band's native pixel, with the product's gains and the detector's noise."""
    for band, native in zip(reflectance, NATIVE):
        if native > 1:
            uniform_filter(band, native, output=band, mode="nearest")
    reflectance *= _bandwise(1 + 0.02 * rng.standard_normal(13)) * (
        1 + 0.02 * rng.standard_normal()
    )
    noise = rng.standard_normal(reflectance.shape, dtype=np.float32)
    noise *= 0.0006 + 0.004 * np.abs(reflectance)
    reflectance += noise
    reflectance *= 10_000
    numbers = np.rint(reflectance, out=reflectance).clip(1, 65_535).astype(np.uint16)
    numbers[:, ~valid] = 0
    return numbers


def _bandwise(values: np.ndarray) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)[:, None, None]
