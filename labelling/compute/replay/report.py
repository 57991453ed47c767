"""The report of a replay: one HTML page, drawn from the result's JSON and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from labelling.compute.replay.comparison import COSTS, SHARES
from labelling.compute.replay.curves import FEWEST_PRODUCTS
from labelling.compute.replay.evidence import CLASS_MEAN
from labelling.compute.replay.plots import Level, Line, chart, legend

Row = dict[str, Any]

UNITS = {"tiles": "tiles labelled", "pixels": "pixels labelled", "minutes": "simulated minutes"}
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#212529;max-width:1180px;margin:2rem auto;
padding:0 1rem}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.synthetic{background:#fff3bf;border-left:4px solid #f08c00;padding:.5rem .8rem}
table{border-collapse:collapse;font-size:.87rem}th,td{padding:.25rem .6rem;text-align:right;
border-bottom:1px solid #dee2e6}th:first-child,td:first-child{text-align:left}
.charts{display:flex;flex-wrap:wrap;gap:1rem}svg text{font:11px system-ui,sans-serif;fill:#495057}
svg .title{font-size:13px;fill:#212529}.grid{stroke:#e9ecef}.tick{stroke:#adb5bd}
.level{stroke:#868e96;stroke-dasharray:4 3}.legend{list-style:none;display:flex;flex-wrap:wrap;
gap:1rem;padding:0}.legend span{display:inline-block;width:1.1em;height:.7em;margin-right:.4em}
pre{background:#f8f9fa;padding:.8rem;overflow:auto;font-size:.8rem}
"""


def page(result: Row) -> str:
    """The whole document. `result` is what `summary` made."""
    title = f"Replay of {result['pool']['name']}"
    if result["synthetic"]:
        title += " (synthetic)"
    parts = [
        f"<h1>{escape(title)}</h1>",
        *_notice(result),
        f"<p>{escape(result['pool']['about'])}</p>",
        f"<p>{escape(_how(result))}</p>",
        legend(list(result["arms"])),
        f'<div class="charts">{"".join(_cost_charts(result))}</div>',
        "<h2>Labels needed, against a baseline</h2>",
        _ratio_table(result["ratios"]),
        "<h2>Area under the curve, and the worst gap</h2>",
        _pair_table(result["pairs"]),
        *_switches(result),
        "<h2>Each class</h2>",
        f'<div class="charts">{"".join(_class_charts(result))}</div>',
        "<h2>Curves</h2>",
        _curve_table(result),
        "<h2>Settings</h2>",
        f"<pre>{escape(json.dumps(_settings(result), indent=1, ensure_ascii=False))}</pre>",
        *_notes(result),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _notice(result: Row) -> list[str]:
    if not result["synthetic"]:
        few = result["pool"]["test_products"] < FEWEST_PRODUCTS
        return ['<p class="synthetic">An illustration: too few products for a ratio.</p>'] * few
    return [
        '<p class="synthetic">These tiles are painted. The figures compare ways of choosing tiles '
        "in a synthetic world; they are no claim about real clouds.</p>"
    ]


def _how(result: Row) -> str:
    plan, ends = result["plan"], (result["start"], result["ceiling"])
    start, ceiling = (end["iou"][CLASS_MEAN]["mean"] for end in ends)
    hurried = result["ceiling_in_as_many_steps"]["iou"][CLASS_MEAN]["mean"]
    people, net = plan["people"], plan["net"]
    return (
        f"{plan['seeds']} paired seeds; {net['steps']} steps every training, the ceiling's "
        f"{net['ceiling_times']} times as many. Class-mean IoU on {result['pool']['test_tiles']} "
        f"tiles of {result['pool']['test_products']} other products: {start:.4f} with the first "
        f"{result['start']['tiles']:.0f} tiles, {ceiling:.4f} with all "
        f"{result['ceiling']['tiles']:.0f} ({hurried:.4f} in as many steps as the arms). "
        "Intervals (95 %) from resampling seeds and test products. "
        f"Labels arrive {people['delay']} rounds late; "
        f"{100 * people['refusals']:.0f} % of tiles are refused."
    )


def _cost_charts(result: Row) -> Iterable[str]:
    levels = _levels(result, CLASS_MEAN)
    for cost in COSTS:
        lines = [_line(name, arm, CLASS_MEAN, cost) for name, arm in result["arms"].items()]
        yield chart(f"Class-mean IoU by {UNITS[cost]}", lines, across=UNITS[cost], levels=levels)


def _class_charts(result: Row) -> Iterable[str]:
    for name in result["pool"]["classes"]:
        arms = result["arms"].items()
        lines = [_line(arm, told, name, "tiles") for arm, told in arms if _is_known(told, name)]
        if lines:
            yield chart(f"IoU of {name}", lines, across=UNITS["tiles"])


def _is_known(arm: Row, metric: str) -> bool:
    return all(look["mean"] is not None for look in arm["iou"][metric])


def _line(name: str, arm: Row, metric: str, cost: str) -> Line:
    looks = arm["iou"][metric]
    heights = ([look[part] for look in looks] for part in ("mean", "low", "high"))
    return Line(name, arm[cost], *heights)


def _levels(result: Row, metric: str) -> list[Level]:
    start, ceiling = (result[end]["iou"][metric]["mean"] for end in ("start", "ceiling"))
    between = [Level(f"g = {share}", start + share * (ceiling - start)) for share in SHARES]
    return [*between, Level("ceiling", ceiling)]


def _ratio_table(ratios: Sequence[Row]) -> str:
    shown = [
        row
        for row in ratios
        if row["metric"] == CLASS_MEAN or (row["metric"] == "shadow" and row["cost"] == "tiles")
    ]
    head = (
        "arm", "baseline", "of", "cost", "g", "LER", "95 %", "arm needs", "baseline needs", "p",
        "Holm", "remark",
    )  # fmt: skip
    return _table(head, (_ratio_row(row) for row in shown))


def _ratio_row(row: Row) -> list[str]:
    return [
        row["arm"],
        row["baseline"],
        row["metric"].replace("_", " "),
        row["cost"],
        str(row["share"]),
        bounded(row),
        f"{number(row['low'])} – {number(row['high'])}",
        _needs(row, "arm"),
        _needs(row, "baseline"),
        _p(row["p"]),
        _p(row["p_holm"]),
        row["weak"],
    ]


def bounded(row: Row) -> str:
    """The ratio as it may be quoted: a bound with its sign, a dash where nothing can be said."""
    return "–" if row["bound"] == "none" else f"{row['bound']}{number(row['value'])}"


def _needs(row: Row, who: str) -> str:
    sign = {"": "", "above": "> ", "below": "≤ "}[row[f"{who}_censored"]]
    return f"{sign}{row[f'{who}_needs']:.0f}"


def _pair_table(pairs: Sequence[Row]) -> str:
    head = (
        "arm",
        "baseline",
        "area, points",
        "95 %",
        "p",
        "Holm",
        "worst gap, points",
        "95 %",
        "at",
    )
    return _table(head, (_pair_row(row) for row in pairs))


def _switches(result: Row) -> list[str]:
    if not result["switches"]:
        return []
    title = "<h2>What each part of auto is worth</h2><p>A part that is switched off and not missed "
    return [f"{title}did not earn its place.</p>", _pair_table(result["switches"])]


def _pair_row(row: Row) -> list[str]:
    area = ["–", "–", "–", "–"]
    if "area_difference" in row:
        low, high = 100 * row["low"], 100 * row["high"]
        area = [f"{100 * row['area_difference']:+.2f}", f"{low:+.2f} – {high:+.2f}"]
        area += [_p(row["p"]), _p(row["p_holm"])]
    gap = f"{row['worst_gap_low']:+.2f} – {row['worst_gap_high']:+.2f}"
    ends = [f"{row['worst_gap_points']:+.2f}", gap, str(row["worst_gap_at"])]
    return [row["arm"], row["baseline"], *area, *ends]


def _curve_table(result: Row) -> str:
    head = ("arm", "tiles", "minutes", "products", "class-mean IoU", "95 %", "SD of seeds", "ECE")
    rows = []
    for name, arm in result["arms"].items():
        for place, look in enumerate(arm["iou"][CLASS_MEAN]):
            rows.append(
                [
                    name,
                    f"{arm['tiles'][place]:.0f}",
                    f"{arm['minutes'][place]:.0f}",
                    f"{arm['products'][place]:.1f}",
                    f"{look['mean']:.4f}",
                    f"{look['low']:.4f} – {look['high']:.4f}",
                    f"{look['deviation']:.4f}",
                    f"{arm['calibration_error'][place]:.4f}",
                ]
            )
    return _table(head, rows)


def _settings(result: Row) -> Row:
    return {name: result[name] for name in ("plan", "effective", "environment", "code")}


def _notes(result: Row) -> list[str]:
    told = [
        f"<li>{escape(name)}: {escape(note)}</li>"
        for name, arm in result["arms"].items()
        for note in arm["notes"]
    ]
    return ["<h2>What the engine noted</h2><ul>", *told, "</ul>"] if told else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _p(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else f"{value:.1e}"
