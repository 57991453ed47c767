"""A small picture of where the sun stands and where shadows fall, to lie beside a tile."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from labelling.imagery.shadows import ShadowOffset

SIDE = 256
"""Pixels."""
CENTRE, LONGEST = SIDE // 2, 84
PAPER, INK, SUN, SHADE = (24, 27, 34), (235, 235, 235), (255, 209, 82), (155, 93, 229)
FARTHEST = 100_000
"""Pixels; an offset beyond it is drawn, but not told as a number."""


def sun_arrow(
    *,
    azimuth: float,
    elevation: float,
    shadow: Sequence[ShadowOffset],
    caption: str = "",
) -> bytes:
    """PNG of 256 × 256 pixels, up is up on the tile: a disc where the sun is, an arrow from a cloud
    to its shadow, and how far that is for clouds of some heights.

    `azimuth` is in degrees clockwise from north, `elevation` in degrees above the horizon; without
    offsets the arrow points straight away from the sun.
    """
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw = ImageDraw.Draw(image)
    down, right = _direction(azimuth, shadow)
    sun = (CENTRE - LONGEST * right, CENTRE - LONGEST * down)
    tip = (CENTRE + LONGEST * right, CENTRE + LONGEST * down)
    draw.ellipse([sun[0] - 12, sun[1] - 12, sun[0] + 12, sun[1] + 12], fill=SUN)
    draw.line([(CENTRE, CENTRE), tip], fill=SHADE, width=5)
    draw.polygon(_head(tip, down, right), fill=SHADE)
    draw.ellipse([CENTRE - 7, CENTRE - 7, CENTRE + 7, CENTRE + 7], fill=INK)
    words = [caption] if caption else []
    words.append(f"sun {azimuth:.0f} deg, {elevation:.0f} deg up")
    draw.multiline_text((4, 2), "\n".join(words), fill=INK)
    draw.multiline_text((4, SIDE - 4), "\n".join(_lengths(shadow)), fill=INK, anchor="ld")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _direction(azimuth: float, shadow: Sequence[ShadowOffset]) -> tuple[float, float]:
    """(down, right) of length 1, from a cloud to its shadow."""
    if shadow:
        down, right = shadow[-1].rows, shadow[-1].columns
    else:
        down, right = math.cos(math.radians(azimuth)), -math.sin(math.radians(azimuth))
    length = math.hypot(down, right) or 1.0
    return down / length, right / length


def _head(tip: tuple[float, float], down: float, right: float) -> list[tuple[float, float]]:
    x, y = tip
    foot = (x - 16 * right, y - 16 * down)
    across = (9 * down, 9 * right)
    return [
        tip, (foot[0] + across[0], foot[1] - across[1]), (foot[0] - across[0], foot[1] + across[1])
    ]  # fmt: skip


def _lengths(shadow: Sequence[ShadowOffset]) -> list[str]:
    told = []
    for offset in shadow:
        pixels = math.hypot(offset.rows, offset.columns)
        if pixels < FARTHEST:
            told.append(f"cloud at {offset.height / 1000:g} km: {pixels:.0f} px")
    return told[:4]
