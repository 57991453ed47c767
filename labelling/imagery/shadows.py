"""Where the shadow of a cloud falls, in pixels from the cloud as the satellite shows it.

Plane geometry over flat ground, as in Fmask (Zhu and Woodcock 2012, Remote Sensing of Environment
118, 83-94): a cloud h metres up darkens the ground h · tan(sun zenith) away from the sun; seen at a
slant, it is itself shown h · tan(view zenith) away from the satellite. Hills and the curve of the
Earth are left out: at 10 km and a sun 20 degrees high the latter is 60 m.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from labelling.errors import BadInput
from labelling.imagery.products.product import Angles

HEIGHTS = tuple(range(1_000, 10_001, 1_000))
"""Metres above the ground, from low heaps to cirrus."""
LOWEST_SUN = 85.0
"""Degrees from the vertical beyond which a shadow's place says nothing: it lies 11 heights away."""


@dataclass(frozen=True)
class ShadowOffset:
    """From a cloud, where the picture shows it, to its shadow."""

    height: int
    """Of the cloud, in metres."""
    rows: float
    """Pixels; more is further down."""
    columns: float
    """Pixels; more is further right."""


def shadow_offsets(
    sun: Angles,
    *,
    view: Angles | None = None,
    step: float = 10.0,
    convergence: float = 0.0,
    heights: Sequence[int] = HEIGHTS,
) -> list[ShadowOffset]:
    """Offsets for clouds `heights` metres up, on a north-up grid of pixels of `step` metres.

    `view` corrects for parallax; None: seen from right above. `convergence` is the bearing of the
    grid's north in degrees clockwise from true north, which azimuths are counted from.
    Raises BadInput for a sun too low to say, or angles that can't be.
    """
    for name, angles in (("sun", sun), ("view", view)):
        if angles and not 0 <= angles.zenith <= LOWEST_SUN:
            raise BadInput(
                f"The {name} stands {angles.zenith:g} degrees from the vertical.",
                field=f"{name}_zenith",
                help=f"Shadows are told for 0 to {LOWEST_SUN:g} degrees.",
            )
    down, right = _away(sun, convergence)
    if view:
        up, left = _away(view, convergence)
        down, right = down - up, right - left
    return [ShadowOffset(h, h * down / step, h * right / step) for h in heights]


def meridian_convergence(*, longitude: float, latitude: float, zone: int) -> float:
    """Bearing of grid north in UTM zone 1…60, degrees clockwise from true north.

    tan γ = tan(λ - λ0) · sin φ on the sphere, which is right to a thousandth of a degree inside a
    zone (Snyder 1987, Map Projections: A Working Manual, transverse Mercator).
    """
    east = math.radians(longitude - (6 * zone - 183))
    return math.degrees(math.atan(math.tan(east) * math.sin(math.radians(latitude))))


def _away(angles: Angles, convergence: float) -> tuple[float, float]:
    """(down, right) in metres for each metre of height, away from where the angles point to."""
    reach = math.tan(math.radians(angles.zenith))
    turn = math.radians(angles.azimuth - convergence)
    return math.cos(turn) * reach, -math.sin(turn) * reach
