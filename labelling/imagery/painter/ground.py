"""The ground of a place: the same fields and lakes on every date, in the season's colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.painter.noise import Field, canvas, fractal, ridged, rise
from labelling.imagery.painter.spectra import MATERIALS

PARCELS = 4096
"""Kinds of field and forest stand a place can show."""


@dataclass(frozen=True)
class Landscape:
    """Shares of the ground, 0…1; what is left over is fields."""

    forest: float = 0.2
    water: float = 0.02
    town: float = 0.01
    bog: float = 0.0
    rock: float = 0.0
    bright: float = 0.0
    """Of the fields: share that is bright, bare soil."""
    river: float = 0.0
    """Half width, as a share of its noise field."""
    relief: float = 0.05
    """Strength of hill shading."""
    field_size: float = 20
    """Typical side of a field, in pixels."""
    snow: float = 0.22
    """Half the time that snow lies, in half years around early February."""


LANDSCAPES: Mapping[str, Landscape] = {
    "farmland": Landscape(forest=0.14, town=0.02, river=0.035, field_size=22),
    "forest": Landscape(forest=0.78, water=0.05, relief=0.1, snow=0.3),
    "mosaic": Landscape(forest=0.46, water=0.04, town=0.008, river=0.03, field_size=16),
    "lakes": Landscape(forest=0.58, water=0.28, relief=0.08, snow=0.3),
    "coast": Landscape(forest=0.3, water=0.5, town=0.015),
    "town": Landscape(forest=0.16, water=0.03, town=0.42, river=0.05, field_size=14, snow=0.15),
    "bog": Landscape(forest=0.36, water=0.05, bog=0.42, snow=0.3),
    "dry": Landscape(forest=0.03, water=0.006, bright=0.55, relief=0.2, field_size=30, snow=0.02),
    "fells": Landscape(forest=0.3, water=0.04, rock=0.45, relief=0.5, snow=0.77),
}


@dataclass(frozen=True)
class Ground:
    """What never changes at a place; all fields (size, size)."""

    landscape: Landscape
    kinds: NDArray[np.intp]
    """Position in the table of spectra, see `_table`."""
    texture: Field
    """Fine brightness pattern, mean 0, strongest in forests and towns."""
    slopes: tuple[Field, Field]
    """Rise to the south and to the east, in units of the relief."""
    height: Field
    """Standard deviations above the mean: where snow stays longest."""
    growth: NDArray[np.float32]
    """(PARCELS, 3) random numbers 0…1 that make one field differ from the next."""


NAMES = tuple(MATERIALS)
FIXED = {name: position for position, name in enumerate(NAMES)}
FIELDS, STANDS = len(NAMES), len(NAMES) + PARCELS
"""Where the fields and the forest stands start in the table of spectra."""


def survey(size: int, *, landscape: Landscape, rng: np.random.Generator) -> Ground:
    """The lasting ground of a place of `size` pixels."""
    side = canvas(size)
    height = fractal(side, rng=rng, slope=3.6, scale=side / 2)
    bend = [7 * fractal(side, rng=rng, slope=6.5, scale=150) for _ in range(2)]
    grain = fractal(side, rng=rng, slope=1.0)
    kinds = FIELDS + _parcels(bend, landscape.field_size, rng)
    kinds = _woods(kinds, bend, landscape, rng)
    kinds = _towns(kinds, landscape, rng)
    kinds = _waters(kinds, height, landscape, rng)
    rough = np.where(kinds >= STANDS, 0.16, 0.05) + np.where(kinds == FIXED["bog"], 0.08, 0)
    rough = np.where(np.isin(kinds, WATERS), 0.015, rough).astype(np.float32)
    window = np.s_[:size, :size]
    slopes = np.gradient(height * np.float32(size / 20))
    return Ground(
        landscape=landscape,
        kinds=kinds[window],
        texture=(rough * grain)[window],
        slopes=(slopes[0][window], slopes[1][window]),
        height=height[window],
        growth=rng.random((PARCELS, 3), dtype=np.float32),
    )


def reflectance(
    ground: Ground, *, day: int, sun: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(13, size, size) reflectance of the ground, 0…1, on `day` of the year.

    sun: (azimuth clockwise from north, zenith) in degrees.
    """
    colours = np.take(_table(ground, day), ground.kinds, axis=1)  # (13, size, size)
    azimuth, zenith = (math.radians(angle) for angle in sun)
    # Towards the sun is -cos(azimuth) rows and +sin(azimuth) columns.
    tilt = ground.slopes[0] * math.cos(azimuth) - ground.slopes[1] * math.sin(azimuth)
    lit = 1 + ground.landscape.relief * math.tan(min(zenith, math.radians(70))) * np.tanh(tilt)
    light = (lit * (1 + ground.texture)).astype(np.float32)
    colours *= light.clip(0.25, 1.8)
    return _snowed(colours, ground, day, rng)


def greenness(day: int) -> float:
    """0 in winter, 1 in June and July, for northern Europe's leaves and grass."""
    spring = 1 / (1 + math.exp(-(day - 125) / 9))
    autumn = 1 / (1 + math.exp((day - 278) / 11))
    return spring * autumn


WATERS = (FIXED["deep water"], FIXED["murky water"])


def _parcels(bend: list[Field], size: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Numbers 0…PARCELS-1: a turned, bent brickwork of fields of various widths."""
    side = len(bend[0])
    row, column = np.mgrid[:side, :side].astype(np.float32)
    turn = rng.uniform(0, math.pi)
    along = (column + bend[0]) * math.cos(turn) + (row + bend[1]) * math.sin(turn)
    across = (row + bend[1]) * math.cos(turn) - (column + bend[0]) * math.sin(turn)
    edges = np.cumsum(rng.gamma(3.0, size / 3.0, 8 * side // int(size))) - 2 * side
    lane = np.searchsorted(edges, across.ravel()).reshape(side, side)
    shift = rng.uniform(0, 400, len(edges) + 1)[lane]
    length = rng.uniform(1.2, 4.5, len(edges) + 1)[lane] * size
    brick = np.floor((along + shift) / length).astype(np.intp)
    return (lane * 7919 + brick * 104_729) % PARCELS


def _woods(
    kinds: NDArray[np.intp], bend: list[Field], landscape: Landscape, rng: np.random.Generator
) -> NDArray[np.intp]:
    side = len(kinds)
    patch = fractal(side, rng=rng, slope=3.6, scale=80)
    stands = STANDS + _parcels([2 * bend[1], 2 * bend[0]], 28, rng)
    kinds = np.where(patch > _cut(patch, landscape.forest), stands, kinds)
    if landscape.bog:
        wet = fractal(side, rng=rng, slope=3.2, scale=130)
        kinds = np.where(wet > _cut(wet, landscape.bog), FIXED["bog"], kinds)
    return kinds


def _towns(
    kinds: NDArray[np.intp], landscape: Landscape, rng: np.random.Generator
) -> NDArray[np.intp]:
    side = len(kinds)
    where = fractal(side, rng=rng, slope=3.4, scale=140)
    town = where > _cut(where, landscape.town)
    # Houses, gardens and streets of one or two pixels, in blocks.
    chance = rng.random((side // 2 + 1, side // 2 + 1)).repeat(2, axis=0).repeat(2, axis=1)
    chance = chance[:side, :side]
    mix = np.select(
        [chance < 0.1, chance < 0.36, chance < 0.6],
        [FIXED["roof"], FIXED["asphalt"], FIXED["grass"]],
        FIXED["town"],
    )
    street = rng.integers(9, 14)
    row, column = np.mgrid[:side, :side]
    grid = ((row + column // 3) % street == 0) | ((column - row // 3) % (street + 3) == 0)
    mix = np.where(grid, FIXED["asphalt"], mix)
    return np.where(town, mix, kinds)


def _waters(
    kinds: NDArray[np.intp], height: Field, landscape: Landscape, rng: np.random.Generator
) -> NDArray[np.intp]:
    side = len(kinds)
    basin = fractal(side, rng=rng, slope=3.5, scale=160 if landscape.water < 0.4 else 900)
    shore = _cut(basin, landscape.water)
    water = FIXED["murky water" if rng.random() < 0.3 else "deep water"]
    if landscape.rock:
        kinds = np.where(height > _cut(height, landscape.rock), FIXED["rock"], kinds)
    if landscape.water >= 0.4:
        kinds = np.where(basin > shore - 0.03, FIXED["sand"], kinds)
    kinds = np.where(basin > shore, water, kinds)
    if landscape.river:
        course = ridged(fractal(side, rng=rng, slope=6.0, scale=130))
        kinds = np.where(course > math.exp(-3 * landscape.river), water, kinds)
    return kinds


def _table(ground: Ground, day: int) -> NDArray[np.float32]:
    """(13, kinds) spectra: the materials, then PARCELS fields, then PARCELS forest stands."""
    green = greenness(day)
    first, second, third = ground.growth.T  # (PARCELS,) each
    fixed = dict(MATERIALS)
    fixed["grass"] = _mix(MATERIALS["dry grass"], MATERIALS["grass"], green)
    fixed["bog"] = _mix(MATERIALS["dry grass"], MATERIALS["bog"], 0.5 + 0.5 * green)
    return np.concatenate(
        [
            np.stack(list(fixed.values()), axis=1),
            _fields(ground.landscape, day, (first, second, third)),
            _stands(green, (first, second, third)),
        ],
        axis=1,
    ).astype(np.float32)


def _fields(landscape: Landscape, day: int, dice: tuple[np.ndarray, ...]) -> np.ndarray:
    first, second, third = dice
    green = greenness(day)
    # Winter crops are green early and ripe in July; summer crops follow six weeks later.
    crop = np.exp(-(((day - 135 - 70 * second) / 42) ** 2))
    ripe = rise((day - 185 - 60 * second).astype(np.float32), 0, 30)
    soil = _mix(MATERIALS["soil"], MATERIALS["dark soil"], third)
    growing = _mix(_blend(soil, MATERIALS["ripe crop"], ripe), MATERIALS["green crop"], crop)
    meadow = _mix(MATERIALS["dry grass"], MATERIALS["grass"], green * (0.7 + 0.3 * third))
    bare = _mix(MATERIALS["soil"], MATERIALS["bright soil"], 0.4 + 0.6 * third)
    fields = np.where(first < 0.3, meadow, growing)
    fields = np.where(1 - first < landscape.bright, bare, fields)
    return fields * (0.85 + 0.3 * second)


def _stands(green: float, dice: tuple[np.ndarray, ...]) -> np.ndarray:
    first, second, third = dice
    broadleaf = _mix(MATERIALS["bare wood"], MATERIALS["broadleaf"], np.full_like(first, green))
    leafy = rise(first, 0.45, 0.95)
    stand = _blend(_mix(MATERIALS["conifer"], MATERIALS["conifer"], first), broadleaf, leafy)
    felled = _mix(MATERIALS["soil"], MATERIALS["dry grass"], third)
    return np.where(second < 0.05, felled, stand * (0.8 + 0.4 * second))


def _snowed(
    colours: NDArray[np.float32], ground: Ground, day: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Lay the season's snow on `colours`, in place: deep in midwinter, patches while it melts."""
    from_winter = abs((day - 36 + 182) % 365 - 182) / 182.5  # 0 on 5 February, 1 in August
    depth = (ground.landscape.snow + 0.06 * rng.standard_normal() - from_winter) * 7
    if depth < -2.5:
        return colours
    cover = rise(0.9 * ground.height + np.float32(depth), 0.0, 0.7)
    wooded = (ground.kinds >= STANDS) * 0.78
    cover *= ~np.isin(ground.kinds, WATERS) * (1 - wooded)
    white = MATERIALS["snow" if depth > 0.5 else "old snow"][:, None, None]
    shade = (1 + 0.4 * ground.texture).clip(0.7, 1.1)
    colours += cover * (white * shade - colours)
    return colours


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """(13, n): spectra `first` and `second`, the latter with its `share` 0…1 for each of n."""
    share = np.asarray(share, dtype=np.float32)
    if share.ndim == 0:
        return first + share * (second - first)
    return _blend(_column(first), _column(second), share)


def _blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    first, second = _column(first), _column(second)
    return first + share * (second - first)


def _column(spectrum: np.ndarray) -> np.ndarray:
    return spectrum[:, None] if spectrum.ndim == 1 else spectrum


def _cut(field: Field, share: float) -> float:
    """The value that `share` of the field exceeds."""
    return float(np.quantile(field[::4, ::4], 1 - share)) if share > 0 else math.inf
