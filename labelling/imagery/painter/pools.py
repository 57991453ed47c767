"""Pools of painted tiles for replays: many products of a few tiles each, made in seconds.

Coarser than `scene`: no map, no dates, six bands, all tiles at once. What matters for choosing
tiles is kept: products whose tiles resemble each other, surfaces of which few are common and many
are rare, some of those as bright as cloud or as dark as shadow, and weather that is often none.
Everything is synthetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.painter.pool_skies import (
    REGIMES,
    Codes,
    Sky,
    Stack,
    Weather,
    draw_sky,
    drawn,
    exact,
    fields,
)
from labelling.imagery.painter.spectra import (
    BANDS,
    CLEAR_AIR,
    ICE_CLOUD,
    MATERIALS,
    RAYLEIGH,
    SKYLIGHT,
    WATER_CLOUD,
)

POOL_BANDS = ("B02", "B03", "B04", "B08", "B11", "B10")
COLUMNS = [BANDS.index(name) for name in POOL_BANDS]
SURFACES = 200
ZIPF = 1.15
"""The k-th commonest surface is met k ** -ZIPF times as often as the commonest."""
HARMLESS = 14
"""The commonest surfaces look like nothing but themselves; the others like cloud or shadow."""
KNOWN = 28
"""Surfaces that the source has too: a model that comes from there knows the commonest."""
BRIGHT = ("snow", "old snow", "bright soil", "sand", "roof")
DARK = ("deep water", "murky water", "asphalt", "bog")
"""Materials that no harmless surface is made of."""
ODDITY = 0.3
"""By how much (natural logarithm), band by band, a surface differs from what it is taken for. Each
differs in a direction of its own, so that having seen one says nothing of the others."""
CANVAS_PIXELS = 2**21
"""Painted at a time; it decides the dice, so it never changes."""


@dataclass(frozen=True)
class Domain:
    """What a region and season look like; the source of a transferred model is another one."""

    name: str
    dice: int
    """Sets this domain's products apart from those of every other."""
    surfaces: int = SURFACES
    """The commonest so many are met."""
    chances: tuple[float, ...] = (0.38, 0.16, 0.12, 0.2, 0.14)
    """Of each regime, in the order of REGIMES."""
    haze: float = 0.03
    """Mean extra path reflectance at 550 nm."""
    clear_tiles: float = 0.12
    """Share of a cloudy product's tiles without any cloud of their own."""


TARGET = Domain("target", dice=1)
TEST = Domain("test", dice=2)
VALIDATION = Domain("validation", dice=4)
SOURCE = Domain("source", dice=3, surfaces=KNOWN, haze=0.02)


@dataclass(frozen=True, eq=False)
class PaintedTiles:
    """n synthetic tiles of S by S pixels."""

    pixels: NDArray[np.uint16]
    """(n, 6, S, S) reflectance x 10 000 in the order of POOL_BANDS, 0 = no data."""
    truth: Codes
    """(n, S, S) exact codes: 0 clear, 1 cloud, 2 semi-transparent, 3 shadow."""
    label: Codes
    """(n, S, S) the same as a person would have drawn it."""
    product: NDArray[np.int64]
    """(n,) the product each tile was cut from, 0 … products - 1."""


def paint_pool(
    seed: int, *, products: int, tiles: int, size: int, domain: Domain = TARGET
) -> PaintedTiles:
    """Paint `products` times `tiles` tiles of `size` pixels; the same arguments, the same pixels.

    Raises BadInput for numbers below 1, or a size that is no multiple of 8.
    """
    for name, value in (("products", products), ("tiles", tiles), ("size", size)):
        if value < 1:
            raise BadInput(f"{name} must be at least 1, not {value}.", field=name)
    if size % 8:
        raise BadInput(f"size must be a multiple of 8, not {size}.", field="size")
    palette = draw_palette(seed)[: domain.surfaces]
    parts = []
    for first, count in _chunks(products, tiles, size):
        rng = np.random.default_rng([seed, domain.dice, first])
        parts.append(_paint(palette, domain, (count, tiles, size), rng))
    pixels, truth, label = (np.concatenate(each) for each in zip(*parts))
    return PaintedTiles(pixels, truth, label, np.repeat(np.arange(products), tiles))


def draw_palette(seed: int) -> NDArray[np.float32]:
    """(SURFACES, 6) reflectance of the surfaces of this seed's world, the commonest first."""
    rng = np.random.default_rng([seed, 0])
    names = [name for name in MATERIALS if name not in BRIGHT + DARK]
    materials = np.stack([MATERIALS[name][COLUMNS] for name in names])
    one, other = rng.integers(len(materials), size=(2, HARMLESS))
    part = rng.uniform(0, 0.5, (HARMLESS, 1))
    plain = (1 - part) * materials[one] + part * materials[other]
    plain *= rng.lognormal(0, 0.12, (HARMLESS, 1))
    alike = _alike(plain, SURFACES - HARMLESS, rng)
    return np.concatenate([plain, alike]).clip(0.003, 1.1).astype(np.float32)


def _alike(plain: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count, 6) surfaces that are taken for cloud, thin cloud and shadow in turn."""
    under = plain[rng.integers(len(plain), size=count)]
    cloud = _cloud_colours(count, rng) * rng.uniform(0.5, 0.8, (count, 1))
    taken_for = [
        under + rng.uniform(0.45, 0.95, (count, 1)) * (cloud - under),
        under + rng.uniform(0.1, 0.35, (count, 1)) * (cloud - under),
        under * (SKYLIGHT[COLUMNS] + rng.uniform(0.1, 0.5, (count, 1))),
    ]
    which = np.arange(count)
    direction = rng.choice([-1.0, 1.0], under.shape)
    return np.stack(taken_for)[which % len(taken_for), which] * np.exp(ODDITY * direction)


def _chunks(products: int, tiles: int, size: int) -> Iterator[tuple[int, int]]:
    """(first product, number of products) painted together."""
    at_once = max(1, CANVAS_PIXELS // (tiles * size * size * 4))
    for first in range(0, products, at_once):
        yield first, min(at_once, products - first)


def _paint(
    palette: NDArray[np.float32],
    domain: Domain,
    shape: tuple[int, int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint16], Codes, Codes]:
    products, tiles, size = shape
    twin = _twins(products, tiles, rng)
    weather, slant = draw_weather(domain, products, tiles, rng)
    sky = draw_sky(weather, size, rng=rng).of(twin)
    ground = _ground(palette, shape, rng)[twin]
    air = np.repeat(_air(domain, slant, rng), tiles, axis=0)
    low = np.repeat(_cloud_colours(products, rng), tiles, axis=0) * ABOVE_CLOUD
    seen = _through(ground, sky, air, low)
    return _sensed(seen, tiles, rng), exact(sky), drawn(sky, rng=rng)


def _twins(products: int, tiles: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(n,) whose ground and sky each tile shows: one in six repeats its neighbour's."""
    own = np.arange(products * tiles)
    repeats = (rng.random(products * tiles) < 1 / 6) & (own % tiles > 0)
    return np.where(repeats, own - 1, own)


def draw_weather(
    domain: Domain, products: int, tiles: int, rng: np.random.Generator
) -> tuple[Weather, NDArray[np.float32]]:
    """The weather of every tile, and 1 / cos(zenith) of every product."""
    regime = rng.choice(len(REGIMES), products, p=domain.chances)
    zenith = np.deg2rad(rng.uniform(25, 65, products))
    mean = rng.uniform(0.08, 0.75, products)
    cover = rng.beta(4 * mean, 4 * (1 - mean), (tiles, products)).T
    cover[rng.random((products, tiles)) < domain.clear_tiles] = 0

    def each(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.repeat(values, tiles).astype(np.float32)

    bare = cover.ravel() == 0
    return (
        Weather(
            regime=np.where(bare, 0, np.repeat(regime, tiles)),
            cover=cover.ravel().astype(np.float32),
            base=each(rng.uniform(120, 320, products)),
            azimuth=each(np.deg2rad(rng.uniform(110, 200, products))),
            reach=each(np.tan(zenith)),
        ),
        (1 / np.cos(zenith)).astype(np.float32),
    )


def _ground(
    palette: NDArray[np.float32], shape: tuple[int, int, int], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(n, 6, S, S): one of the product's two surfaces with patches of the other, textured."""
    products, tiles, size = shape
    weight = -ZIPF * np.log(np.arange(1, len(palette) + 1))
    drawn_by = weight + rng.gumbel(size=(products, len(palette)))  # top 2: without replacement
    both = np.argsort(-drawn_by, axis=1)[:, :2]
    two = rng.permuted(np.repeat(both, tiles, axis=0), axis=1)  # (n, 2)
    count = products * tiles
    border = rng.normal(1.3, 1.0, (count, 1, 1))
    patch = fields(count, size, rng=rng, slope=4.4, scale=20) > border
    grain = 1 + 0.07 * fields(count, size, rng=rng, slope=1.6, scale=8)
    first, second = palette[two[:, 0]], palette[two[:, 1]]
    mix = np.where(patch[:, None], second[:, :, None, None], first[:, :, None, None])
    return (mix * grain[:, None]).astype(np.float32)


def _air(
    domain: Domain, slant: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """(products, 6) path reflectance: Rayleigh's blue, and haze that falls off to the red."""
    haze = rng.gamma(1.5, domain.haze / 1.5, (len(slant), 1))
    tint = np.array([1.15, 1.0, 0.85, 0.55, 0.2, 0.01])
    return (RAYLEIGH[COLUMNS] * (0.6 + 0.4 * slant[:, None]) + haze * tint).astype(np.float32)


def _through(
    ground: NDArray[np.float32], sky: Sky, air: NDArray[np.float32], low: NDArray[np.float32]
) -> Stack:
    """(n, 6, S, S) top-of-atmosphere reflectance; `ground` is overwritten.

    air, low: (n, 6) path reflectance, and the colour of the water cloud.
    """
    dark = _bandwise(SKYLIGHT[COLUMNS])
    ground *= dark + (1 - dark) * sky.light[:, None]
    ground *= _bandwise(CLEAR_AIR[COLUMNS])
    ground += air[:, :, None, None]
    ice = sky.ice[:, None]
    colour = (1 - ice) * low[:, :, None, None] + ice * _bandwise(ICE_CLOUD[COLUMNS])
    return ground + sky.cloud[:, None] * (colour - ground)


def _cloud_colours(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(count, 6) relative to the visible: large drops absorb more of the short-wave infrared."""
    drops = np.ones((count, len(POOL_BANDS)))
    drops[:, POOL_BANDS.index("B11")] = rng.uniform(0.45, 1.1, count)
    tint = rng.lognormal(0, 0.04, drops.shape)
    return (WATER_CLOUD[COLUMNS] * drops * tint).astype(np.float32)


ABOVE_CLOUD = np.array([1, 1, 1, 1, 1, 0.03], dtype=np.float32)
"""Passes through the vapour above a low cloud: hardly any of it in the cirrus band."""


def _sensed(seen: NDArray[np.float32], tiles: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """With the product's gains and the detector's noise, as stored numbers."""
    products = len(seen) // tiles
    gain = rng.normal(1, 0.04, (products, 1)) * rng.normal(1, 0.025, (products, len(POOL_BANDS)))
    seen *= np.repeat(gain, tiles, axis=0)[:, :, None, None].astype(np.float32)
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    seen += noise * (0.002 + 0.015 * np.abs(seen))
    return np.rint(seen * 10_000).clip(1, 65_534).astype(np.uint16)


def _bandwise(values: np.ndarray) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)[:, None, None]
