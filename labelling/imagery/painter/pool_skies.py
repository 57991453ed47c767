"""Skies over many small tiles at once: cloud, the light it leaves on the ground, and both codes.

n tiles of S by S pixels, painted on a canvas with BORDER pixels around, so that a cloud outside the
tile can throw its shadow into it. Everything is synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.special import ndtri

from labelling.imagery.painter.noise import rise
from labelling.imagery.painter.sky import SCATTERING, SHADING
from labelling.imagery.painter.truth import CLEAR, CLOUD, DARK, SHADOW, THICK, THIN, VISIBLE

BORDER = 12
"""Pixels of canvas on every side; no shadow is thrown further."""
METRES = 60.0
"""Of one pixel: a 32-px tile shows two kilometres."""

Stack = NDArray[np.float32]  # (n, side, side)
Column = NDArray[np.float32]  # (n,)
Codes = NDArray[np.uint8]  # (n, S, S)


@dataclass(frozen=True)
class Weather:
    """One number a tile; tiles of a product share all but the cover."""

    regime: NDArray[np.int64]
    """(n,) position in REGIMES."""
    cover: Column
    """Share of the sky that the regime's clouds take, 0…1."""
    base: Column
    """Height of the lowest cloud, metres."""
    azimuth: Column
    """Of the sun, radians clockwise from north."""
    reach: Column
    """Metres a shadow falls away from its cloud for each metre of height: tan(zenith)."""


@dataclass(frozen=True)
class Sky:
    """What lies between sun, ground and satellite; (n, S, S) each."""

    cloud: Stack
    """Visible reflectance of all cloud in the line of sight, 0…1."""
    ice: Stack
    """The part of it that is ice, 0…1."""
    light: Stack
    """Direct sunlight left on the ground, 0…1."""

    def of(self, rows: NDArray[np.int64]) -> Sky:
        """The skies of these rows, in their order."""
        return Sky(self.cloud[rows], self.ice[rows], self.light[rows])


def fields(
    count: int,
    side: int,
    *,
    rng: np.random.Generator,
    slope: float,
    scale: float,
    stretch: float = 1.0,
) -> Stack:
    """(count, side, side) random fields of mean 0 and deviation 1 over each; see `noise.fractal`.

    stretch: how many times longer features are along a direction drawn for each field.
    """
    row = fft.fftfreq(side).astype(np.float32)[:, None]
    column = fft.rfftfreq(side).astype(np.float32)[None, :]
    turn = rng.uniform(0, np.pi, (count, 1, 1)).astype(np.float32)
    along = column * np.cos(turn) + row * np.sin(turn)
    across = row * np.cos(turn) - column * np.sin(turn)
    power = (along * np.float32(stretch)) ** 2 + across**2 + np.float32(1 / scale) ** 2
    white = fft.rfft2(rng.standard_normal((count, side, side), dtype=np.float32))
    white *= power ** np.float32(-slope / 4)
    white[:, 0, 0] = 0
    field = fft.irfft2(white, s=(side, side)).astype(np.float32)
    return field / field.std(axis=(1, 2), keepdims=True)


def draw_sky(weather: Weather, size: int, *, rng: np.random.Generator) -> Sky:
    """Clouds of each tile's regime, and their shadows displaced away from its sun."""
    count, side = len(weather.regime), size + 2 * BORDER
    low, high = np.zeros((2, count, side, side), dtype=np.float32)
    for number, paint in enumerate(REGIMES.values()):
        rows = np.flatnonzero(weather.regime == number)
        if len(rows):
            low[rows], high[rows] = paint(weather.cover[rows], side, rng)
    middle = np.s_[:, BORDER : side - BORDER, BORDER : side - BORDER]
    shade = thrown(low, weather, size) + 0.2 * high[middle]
    water, ice = _reflectance(low[middle]), _reflectance(high[middle])
    cloud = 1 - (1 - water) * (1 - ice)
    share = np.divide(ice, water + ice, out=np.zeros_like(ice), where=cloud > 0)
    return Sky(cloud, share, 1 / (1 + np.float32(SHADING) * shade))


def thrown(thickness: Stack, weather: Weather, size: int) -> Stack:
    """(n, S, S) thickness between the sun and the ground: the canvas moved away from the sun."""
    pixels = np.minimum(weather.base * weather.reach / METRES, BORDER)
    # North is up: the sun in the south (180 degrees) throws shadows towards smaller rows.
    down = np.rint(np.cos(weather.azimuth) * pixels).astype(np.int64)
    right = np.rint(-np.sin(weather.azimuth) * pixels).astype(np.int64)
    inside = BORDER + np.arange(size)
    rows = inside[None, :] - down[:, None]  # (n, S): where the shading cloud stands
    columns = inside[None, :] - right[:, None]
    tiles = np.arange(len(thickness))[:, None, None]
    return thickness[tiles, rows[:, :, None], columns[:, None, :]]


def exact(sky: Sky) -> Codes:
    """What is really there: cloud over shadow over semi-transparent over clear."""
    return _codes(sky.cloud >= THICK, sky.cloud >= VISIBLE, sky.light < DARK)


def drawn(sky: Sky, *, rng: np.random.Generator) -> Codes:
    """The same by a person: edges of thin cloud wander, outlines are off by up to a pixel."""
    count, size = sky.cloud.shape[:2]
    doubt = fields(count, size, rng=rng, slope=3.0, scale=12)
    cloud, light = _nudged((sky.cloud, sky.light), rng)
    seen = cloud >= VISIBLE * np.exp(0.1 + 0.4 * doubt)
    thick = cloud >= THICK * (1 + 0.15 * doubt)
    return _codes(thick, seen | thick, light < DARK * (1 - 0.08 * doubt))


def contradicted(labels: Codes, *, share: float, rng: np.random.Generator) -> Codes:
    """Labels in which a `share` of the tiles with thin cloud call it something else.

    In each such tile all of it is called clear, or all of it cloud: two annotators who each hold
    to a rule of their own.
    """
    struck = rng.random(len(labels)) < share
    said = np.where(rng.random(len(labels)) < 0.5, CLEAR, CLOUD).astype(np.uint8)
    wrong = struck[:, None, None] & (labels == THIN)
    return np.where(wrong, said[:, None, None], labels)


def _cumulus(cover: Column, side: int, rng: np.random.Generator) -> tuple[Stack, Stack]:
    field = fields(len(cover), side, rng=rng, slope=5.2, scale=22)
    field += 0.06 * fields(len(cover), side, rng=rng, slope=3.0, scale=5)
    return 34 * rise(_above(field, cover), 0.0, 0.8), np.zeros_like(field)


def _stratus(cover: Column, side: int, rng: np.random.Generator) -> tuple[Stack, Stack]:
    field = fields(len(cover), side, rng=rng, slope=3.8, scale=40, stretch=1.6)
    above = _above(field, np.sqrt(cover))  # a deck is mostly closed
    return (6 + 24 * rise(above, 0.1, 1.8)) * rise(above, -0.05, 0.3), np.zeros_like(field)


def _cirrus(cover: Column, side: int, rng: np.random.Generator) -> tuple[Stack, Stack]:
    fibres = fields(len(cover), side, rng=rng, slope=2.6, scale=20, stretch=5)
    patch = fields(len(cover), side, rng=rng, slope=4.4, scale=60, stretch=2)
    strength = rng.uniform(0.5, 2.5, (len(cover), 1, 1)).astype(np.float32)
    body = rise(_above(patch, cover), 0.0, 0.25)
    thickness = strength * body * np.exp(0.35 * fibres)
    return np.zeros_like(thickness), thickness


def _clear(cover: Column, side: int, rng: np.random.Generator) -> tuple[Stack, Stack]:
    nothing = np.zeros((len(cover), side, side), dtype=np.float32)
    return nothing, nothing


def _mixed(cover: Column, side: int, rng: np.random.Generator) -> tuple[Stack, Stack]:
    low, _ = _cumulus(cover * np.float32(0.6), side, rng)
    _, high = _cirrus(cover, side, rng)
    return low, high


REGIMES: Mapping[str, Callable[[Column, int, np.random.Generator], tuple[Stack, Stack]]] = {
    "clear": _clear,
    "cumulus": _cumulus,
    "stratus": _stratus,
    "cirrus": _cirrus,
    "mixed": _mixed,
}
"""Optical thickness of water cloud and of ice cloud, for tiles with these covers."""


def _above(field: Stack, cover: Column) -> Stack:
    """How far the field lies above the height that `cover` of it exceeds."""
    height = -ndtri(np.clip(cover, 1e-4, 1 - 1e-4)).astype(np.float32)
    return field - height[:, None, None]


def _reflectance(thickness: Stack) -> Stack:
    return SCATTERING * thickness / (1 + SCATTERING * thickness)


def _nudged(planes: tuple[Stack, ...], rng: np.random.Generator) -> list[Stack]:
    """A quarter of the tiles moved a pixel up or down, a quarter sideways, edges repeated."""
    count, size = planes[0].shape[:2]
    place = np.arange(size)[None, :]
    steps = rng.choice([-1, 0, 0, 0, 0, 0, 0, 1], (2, count, 1))
    rows, columns = ((place + step).clip(0, size - 1) for step in steps)
    where = np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
    return [plane[where] for plane in planes]


def _codes(thick: np.ndarray, seen: np.ndarray, dark: np.ndarray) -> Codes:
    codes = np.where(seen, THIN, CLEAR).astype(np.uint8)
    codes[dark] = SHADOW
    codes[thick] = CLOUD
    return codes
