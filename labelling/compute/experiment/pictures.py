"""The report's pictures as inline SVG: differences with intervals, and drops as a heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Row = dict[str, Any]
WIDTH, LEFT, RIGHT, TOP = 760, 190, 150, 34
LINE = 34
"""Pixels between two arms."""
COLOURS = {"better": "#2b8a3e", "worse": "#c92a2a", "no difference shown": "#495057"}
CELL, NAMES, HEAD = (112, 24), 130, 46
"""A heat map's cells, the room of its rows' names, and of its columns'."""


def differences(rows: Sequence[Row], metric: str) -> str:
    """An interval an arm, with a small dot for each seed, and the band that can't be told apart
    from no difference. Empty where no arm has a difference."""
    known = [row for row in rows if row["value"] is not None]
    if not known:
        return ""
    ends = [abs(row[part]) for row in known for part in ("low", "high") if row[part] is not None]
    dots = [abs(seed) for row in known for seed in row["by_seed"]]
    reach = 1.06 * max([*ends, *dots, *(row["detectable"] or 0 for row in known), 1e-4])
    height = TOP + LINE * len(known) + 44

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value + reach) / (2 * reach)

    parts = [_text(LEFT, 18, f"{metric}, arm less baseline", "title")]
    bottom = TOP + LINE * len(known)
    for value in _marks(reach):
        parts.append(_line(x(value), TOP, x(value), bottom, "zero" if value == 0 else "grid"))
        parts.append(
            _text(x(value), bottom + 16, f"{value:+.3g}" if value else "0", "axis", "middle")
        )
    parts.append(
        _text((LEFT + WIDTH - RIGHT) / 2, bottom + 34, "worse ←  → better", "axis", "middle")
    )
    for number, row in enumerate(known):
        parts += _difference(row, TOP + LINE * (number + 0.5), x)
    return _svg(WIDTH, height, f"Differences in {metric}", parts)


def _difference(row: Row, y: float, x: Any) -> list[str]:
    colour, blind = COLOURS[row["verdict"]], row["detectable"] or 0.0
    told = f"{row['arm']}: {row['value']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}]"
    left, wide = x(-blind), x(blind) - x(-blind)
    return [
        f'<rect x="{left:.1f}" y="{y - 12:.1f}" width="{wide:.1f}" height="24" class="blind"/>',
        *(
            f'<circle cx="{x(seed):.1f}" cy="{y + 8:.1f}" r="2" fill="{colour}" opacity="0.55"/>'
            for seed in row["by_seed"]
        ),
        f'<line x1="{x(row["low"]):.1f}" y1="{y:.1f}" x2="{x(row["high"]):.1f}" y2="{y:.1f}" '
        f'stroke="{colour}" stroke-width="2.5"/>',
        f'<circle cx="{x(row["value"]):.1f}" cy="{y:.1f}" r="4.5" fill="{colour}">'
        f"<title>{escape(told)}</title></circle>",
        _text(LEFT - 10, y + 4, row["arm"], "name", "end"),
        _text(WIDTH - RIGHT + 10, y + 4, row["verdict"], "name"),
    ]


def heat_map(title: str, values: Mapping[str, Mapping[str, Row]]) -> str:
    """{row: {column: {value, low, high}}}: red where much is lost, blue where something is gained;
    pale numbers have an interval that holds 0."""
    columns = list(dict.fromkeys(name for row in values.values() for name in row))
    told = [cell["value"] for row in values.values() for cell in row.values()]
    most = max([abs(value) for value in told if value is not None], default=0) or 1e-6
    wide, high = CELL
    parts = [_text(0, 14, title, "title")]
    for place, name in enumerate(columns):
        middle = NAMES + wide * (place + 0.5)
        parts.append(_text(middle, HEAD - 6, name, "axis", "middle"))
    for line, (name, row) in enumerate(values.items()):
        y = HEAD + high * line
        parts.append(_text(NAMES - 8, y + 16, name, "name", "end"))
        for place, column in enumerate(columns):
            parts += _heat(row.get(column), NAMES + wide * place, y, most, f"{name}, {column}")
    return _svg(NAMES + wide * len(columns) + 4, HEAD + high * len(values) + 4, title, parts)


def _heat(cell: Row | None, x: float, y: float, most: float, name: str) -> list[str]:
    wide, high = CELL
    value = None if cell is None else cell["value"]
    if cell is None or value is None:
        return [_text(x + wide / 2, y + 16, "–", "axis", "middle")]
    sure = cell["low"] is not None and (cell["low"] > 0 or cell["high"] < 0)
    red, green, blue = (217, 72, 15) if value > 0 else (11, 107, 203)
    strength = 0.75 * abs(value) / most
    low, upper = (math.nan if cell[end] is None else cell[end] for end in ("low", "high"))
    told = f"{name}: {value:.4f} [{low:.4f}, {upper:.4f}]"
    return [
        f'<rect x="{x}" y="{y}" width="{wide - 2}" height="{high - 2}" '
        f'fill="rgba({red},{green},{blue},{strength:.2f})"><title>{escape(told)}</title></rect>',
        _text(
            x + wide / 2 - 1, y + 15, f"{100 * value:+.1f}", "sure" if sure else "axis", "middle"
        ),
    ]


def _marks(reach: float) -> list[float]:
    """Round values within reach, 0 among them."""
    raw = 2 * reach / 6
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    count = math.floor(reach / step)
    return [step * number for number in range(-count, count + 1)]


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _line(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{kind}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )
