"""Line charts as inline SVG: curves with their intervals over a logarithmic cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 26, 30, 40
APART = 12
"""Least distance between the names of two levels."""
COLOURS = (
    "#0b6bcb", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5c940d", "#495057", "#e67700",
    "#0c8599", "#a61e4d",
)  # fmt: skip
"""Told apart by most colour-blind people in this order; the legend names each line as well."""


@dataclass(frozen=True)
class Line:
    name: str
    cost: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Level:
    """A horizontal line that means something."""

    name: str
    height: float


@dataclass(frozen=True)
class Frame:
    """From data to places on the picture; the cost runs by its logarithm."""

    left: float
    right: float
    low: float
    high: float

    @classmethod
    def around(cls, lines: Sequence[Line], levels: Sequence[Level]) -> Frame:
        costs = [cost for line in lines for cost in line.cost]
        heights = [h for line in lines for h in (*line.low, *line.high)]
        heights += [each.height for each in levels]
        margin = 0.05 * (max(heights) - min(heights)) or 0.01
        return cls(min(costs), max(costs), min(heights) - margin, max(heights) + margin)

    def x(self, cost: float) -> float:
        span = math.log(self.right / self.left) or 1.0
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(cost / self.left) / span

    def y(self, height: float) -> float:
        span = self.high - self.low
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (height - self.low) / span


def chart(title: str, lines: Sequence[Line], *, across: str, levels: Sequence[Level] = ()) -> str:
    """One SVG element; every look has a title that a pointer shows."""
    frame = Frame.around(lines, levels)
    parts = [_text(LEFT, 16, title, "title"), *_grid(frame, lines)]
    parts += _levels(frame, levels)
    for number, line in enumerate(lines):
        parts += _drawn(frame, line, COLOURS[number % len(COLOURS)])
    parts.append(_text((LEFT + WIDTH) / 2, HEIGHT - 6, across, "axis", anchor="middle"))
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg {size} role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def legend(names: Sequence[str]) -> str:
    entries = (
        f'<li><span style="background:{COLOURS[number % len(COLOURS)]}"></span>{escape(name)}</li>'
        for number, name in enumerate(names)
    )
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _grid(frame: Frame, lines: Sequence[Line]) -> list[str]:
    parts = []
    for height in _round_heights(frame.low, frame.high):
        y = frame.y(height)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y, "grid"))
        parts.append(_text(LEFT - 6, y + 4, f"{height:.3g}", "axis", anchor="end"))
    for cost in _marks(sorted({cost for line in lines for cost in line.cost}), frame):
        x = frame.x(cost)
        parts.append(_rule(x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 4, "tick"))
        parts.append(_text(x, HEIGHT - BOTTOM + 16, short(cost), "axis", anchor="middle"))
    return parts


def _marks(costs: Sequence[float], frame: Frame) -> list[float]:
    """Those costs whose numbers have room beside each other."""
    kept: list[float] = []
    for cost in costs:
        if not kept or frame.x(cost) - frame.x(kept[-1]) > 38:
            kept.append(cost)
    return kept


def _round_heights(low: float, high: float) -> list[float]:
    raw = (high - low) / 5
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step) + 1)]


def _drawn(frame: Frame, line: Line, colour: str) -> list[str]:
    band = [*zip(line.cost, line.high), *reversed(list(zip(line.cost, line.low)))]
    points = _points(frame, list(zip(line.cost, line.mean)))
    parts = [
        f'<polygon points="{_points(frame, band)}" fill="{colour}" opacity="0.13"/>',
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
    ]
    for cost, mean, low, high in zip(line.cost, line.mean, line.low, line.high):
        told = f"{line.name}: {mean:.4f} [{low:.4f}, {high:.4f}] at {cost:.5g}"
        parts.append(
            f'<circle cx="{frame.x(cost):.1f}" cy="{frame.y(mean):.1f}" r="3.5" fill="{colour}">'
            f"<title>{escape(told)}</title></circle>"
        )
    return parts


def _points(frame: Frame, places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{frame.x(cost):.1f},{frame.y(height):.1f}" for cost, height in places)


def _levels(frame: Frame, levels: Sequence[Level]) -> list[str]:
    """A dashed line each, from the top; a name only where there is room for it."""
    parts, last = [], -math.inf
    for level in sorted(levels, key=lambda each: -each.height):
        y = frame.y(level.height)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y, "level"))
        if y - last >= APART:
            parts.append(_text(LEFT + 4, y - 3, level.name, "axis"))
            last = y
    return parts


def short(cost: float) -> str:
    """`96`, `98.3k`, `1.2M`: a number that fits under a tick."""
    for factor, sign in ((1e6, "M"), (1e3, "k")):
        if cost >= 10 * factor:
            return f"{cost / factor:.3g}{sign}"
    return f"{cost:.4g}"


def _rule(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{kind}"/>'


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )
