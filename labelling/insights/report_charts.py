"""The report's charts as inline SVG: growth and target, hours a week, the learning curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from html import escape

from labelling.insights.learning import RoundRow
from labelling.insights.report import Report, Week

WIDTH, HEIGHT = 680, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 34
PLOT_W, PLOT_H = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
INK, FAINT, GRID, LABEL, REVIEW = "#1a222b", "#566472", "#d3dae1", "#0b62c4", "#e08a00"
MOST_MARKS = 8


def growth(report: Report) -> str:
    """Labelled tiles by the end of each week, with the target where there is one."""
    heights, sum_so_far = [float(report.tiles_before)], report.tiles_before
    for week in report.weeks:
        sum_so_far += week.new
        heights.append(float(sum_so_far))
    aim = report.target.tiles if report.target else 0
    # A far target would press the curve flat: then it is named above instead of drawn.
    shown = aim if aim and aim <= 4 * max(heights[-1], 1) else 0
    top = ceiling(max(*heights, shown, 1))
    xs = [LEFT + PLOT_W * number / max(len(heights) - 1, 1) for number in range(len(heights))]
    points = " ".join(f"{x:.1f},{y_of(h, top):.1f}" for x, h in zip(xs, heights))
    parts = [*levels(top), *weeks_below(report.weeks)]
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LABEL}" stroke-width="2.5"/>')
    parts.append(dot(xs[-1], y_of(heights[-1], top), LABEL))
    if shown:
        y = y_of(aim, top)
        parts.append(line(LEFT, y, LEFT + PLOT_W, y, f'stroke="{REVIEW}" stroke-dasharray="6 4"'))
        below = y + 14 if y < TOP + 18 else y - 5
        parts.append(text(LEFT + 6, below, f"target {spaced(aim)}", fill=REVIEW))
    return svg("Labelled tiles at the end of each week", parts)


def hours(report: Report) -> str:
    """Active hours a week, review on top of labelling."""
    totals = [(each.label_seconds + each.review_seconds) / 3600 for each in report.weeks]
    top = ceiling(max([*totals, 0.1]))
    step = PLOT_W / len(report.weeks)
    wide = max(min(step * 0.7, 46), 1)
    parts = [*levels(top), *weeks_below(report.weeks)]
    for number, week in enumerate(report.weeks):
        x = LEFT + step * (number + 0.5) - wide / 2
        base = y_of(0, top)
        for seconds, colour in ((week.label_seconds, LABEL), (week.review_seconds, REVIEW)):
            high = PLOT_H * seconds / 3600 / top
            base -= high
            if seconds:
                size = f'width="{wide:.1f}" height="{high:.1f}"'
                parts.append(f'<rect x="{x:.1f}" y="{base:.1f}" {size} fill="{colour}"/>')
    return svg("Active hours a week", parts)


def learning(rounds: Sequence[RoundRow]) -> str:
    """Mean IoU of each round's model over its labelled tiles; empty before the first two."""
    measured = [each for each in rounds if mean_of(each) is not None]
    if len(measured) < 2:
        return ""
    sizes = [float(each.labelled_pool) for each in measured]
    low, high = min(sizes), max(sizes)
    span = high - low or 1.0
    xs = [LEFT + 8 + (PLOT_W - 16) * (size - low) / span for size in sizes]
    ys = [y_of(mean_of(each) or 0.0, 1.0) for each in measured]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in sorted(zip(xs, ys)))
    parts = [*levels(1.0)]
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LABEL}" stroke-width="2"/>')
    shown = -math.inf
    for each, x, y in sorted(zip(measured, xs, ys), key=lambda three: three[1]):
        parts.append(dot(x, y, LABEL))
        if x - shown > 34:
            parts.append(text(x, HEIGHT - 16, spaced(each.labelled_pool), anchor="middle"))
            shown = x
    parts.append(text(LEFT + PLOT_W / 2, HEIGHT - 2, "labelled tiles of the pool", anchor="middle"))
    return svg("Mean IoU on the validation tiles, by labelled tiles", parts)


def mean_of(each: RoundRow) -> float | None:
    value = (each.metrics or {}).get("class_mean_iou")
    return None if value is None else float(value)


def levels(top: float) -> list[str]:
    """Lines across at round heights, named on the left."""
    parts = []
    for number in range(5):
        height = top * number / 4
        y = y_of(height, top)
        parts.append(line(LEFT, y, LEFT + PLOT_W, y, f'stroke="{GRID}"'))
        named = f"{height:.2g}" if top < 8 else spaced(round(height))
        parts.append(text(LEFT - 8, y + 4, named, anchor="end"))
    return parts


def weeks_below(weeks: Sequence[Week]) -> list[str]:
    """Days under the first weeks of an even spacing."""
    every = -(-len(weeks) // MOST_MARKS)
    step = PLOT_W / len(weeks)
    return [
        text(LEFT + step * number, HEIGHT - 14, day(week.first))
        for number, week in enumerate(weeks)
        if number % every == 0
    ]


def y_of(height: float, top: float) -> float:
    return TOP + PLOT_H * (1 - height / top)


def ceiling(height: float) -> float:
    """The next round number at or above, that four parts divide well."""
    unit = 10.0 ** math.floor(math.log10(height))
    return next(unit * factor for factor in (1, 2, 4, 6, 8, 10) if unit * factor >= height)


def svg(title: str, parts: Sequence[str]) -> str:
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
    return f"<svg {box}><title>{escape(title)}</title>{''.join(parts)}</svg>"


def line(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" {style}/>'


def dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def text(x: float, y: float, words: str, *, anchor: str = "start", fill: str = FAINT) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'
    )


def spaced(number: int) -> str:
    """12 345, with a narrow space that doesn't break."""
    return f"{number:,}".replace(",", "\u202f")


def day(moment: date) -> str:
    return f"{moment.day} {moment:%b %y}"
