"""The report of an experiment: one HTML page, drawn from the result's JSON and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from labelling.compute.experiment.pictures import differences, heat_map
from labelling.compute.experiment.side_results import ALL_ERRORS

Row = dict[str, Any]
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#212529;max-width:1080px;margin:2rem auto;
padding:0 1rem}h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem}
h3{font-size:1rem}.notice{background:#fff3bf;border-left:4px solid #f08c00;padding:.5rem .8rem}
.small{color:#495057;font-size:.87rem}table{border-collapse:collapse;font-size:.87rem;
margin:.6rem 0}th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #dee2e6;
vertical-align:top;white-space:nowrap}th:first-child,td:first-child,.words{text-align:left}
.words{white-space:normal;min-width:9rem}
.better{color:#2b8a3e;font-weight:600}.worse{color:#c92a2a;font-weight:600}
svg{display:block;max-width:100%;height:auto;margin:.6rem 0}
svg text{font:12px system-ui,sans-serif;fill:#495057}svg .title{font-size:13px;fill:#212529;
font-weight:600}svg .name{fill:#212529}svg .sure{fill:#212529;font-weight:600}
.grid{stroke:#e9ecef}.zero{stroke:#868e96}.blind{fill:#f1f3f5}
pre{background:#f8f9fa;padding:.8rem;overflow:auto;font-size:.8rem}code{font-size:.85em}
"""


def page(result: Row) -> str:
    """The whole document. `result` is what `summary` made."""
    title = result["title"] + (" (synthetic)" if result["synthetic"] else "")
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(result['question'])}</p>" if result["question"] else "",
        *_notices(result),
        "<h2>Verdict</h2>",
        differences(result["verdicts"], result["metric"]["name"]),
        _verdict_table(result["verdicts"]),
        f'<p class="small">{escape(_how(result))}</p>',
        "<h2>Arms</h2>",
        _arm_table(result["arms"]),
        *_classes(result),
        *_inheritance(result),
        *_importance(result),
        "<h2>Settled beforehand</h2>",
        _registered(result),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _notices(result: Row) -> list[str]:
    told = []
    if result["synthetic"]:
        told.append(
            "These scenes are painted. The figures are of a synthetic world, and no claim about "
            "real clouds."
        )
    failed = [cell for cell in result["cells"] if not cell["done"]]
    told += [f"Not finished: {cell['arm']}, seed {cell['seed']}: {cell['why']}" for cell in failed]
    return [f'<p class="notice">{escape(each)}</p>' for each in told]


def _verdict_table(rows: Sequence[Row]) -> str:
    head = ("arm", "verdict", "difference", "interval", "p (Holm)", "detectable", "remark")
    return table(
        head,
        (
            [
                row["arm"],
                f'<span class="{row["verdict"]}">{row["verdict"] or "–"}</span>',
                signed(row["value"]),
                f"{signed(row['low'])} … {signed(row['high'])}",
                "–" if row["p_holm"] is None else f"{row['p_holm']:.3g}",
                number(row["detectable"]),
                escape(row["remark"]),
            ]
            for row in rows
        ),
        words=(1, 6),
        raw=(1, 6),
    )


def _how(result: Row) -> str:
    metric, told, snapshot = result["metric"], result["statistics"], result["snapshot"]
    level = result["verdicts"][0]["level"]
    return (
        f"{metric['name']} over {', '.join(metric['over'])}, on {snapshot['tiles']['validation']} "
        f"tiles of {snapshot['validation_scenes']} validation scenes; the figure named beforehand. "
        f"Intervals ({100 * level:.4g} %, so that all of them hold together in "
        f"{100 * told['level']:.4g} % of cases) are over {told['draws']} resamples of scenes and "
        "seeds, in pairs; p is of exchanging the two arms scene by scene, adjusted for the number "
        f"of arms. A verdict takes both. Detectable: the true difference that "
        f"{100 * told['power']:.0f} % of experiments as noisy as this one would show; "
        "the grey band. Small dots are seeds. "
        "The validation split also chose each training's weights, in every arm alike."
    )


def _arm_table(arms: Sequence[Row]) -> str:
    head = ("arm", "mean", "95 %", "seeds", "what sets it apart", "shadows moved")
    shared = {
        name: value
        for name, value in arms[0]["settings"].items()
        if all(arm["settings"].get(name) == value for arm in arms)
    }
    told = f'<p class="small">All arms: {escape(_settings(shared))}.</p>' if shared else ""
    return told + table(
        head,
        (
            [
                arm["name"],
                *_interval(arm["metric"]),
                str(len(arm["seeds"])),
                _apart(arm, shared),
                "–" if arm["shadows_moved"] is None else f"{100 * arm['shadows_moved']:.0f} %",
            ]
            for arm in arms
        ),
        words=(4,),
    )


def _apart(arm: Row, shared: Row) -> str:
    own = {name: value for name, value in arm["settings"].items() if name not in shared}
    return ": ".join(part for part in (arm["about"], _settings(own)) if part)


def _settings(settings: Row) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _classes(result: Row) -> list[str]:
    rows = result["classes"]
    head = ("class", "arm", "scenes", "IoU", "95 %", "difference", "95 %")
    body = (
        [
            row["class"],
            row["arm"],
            str(row["scenes"]),
            *_interval(row["iou"]),
            *_interval(row.get("difference"), sign=True),
        ]
        for row in rows
    )
    return [
        "<h2>Each class</h2>",
        '<p class="small">Looked at as well, and not judged: these intervals are not widened for '
        "their number.</p>",
        table(head, body),
    ]


def _inheritance(result: Row) -> list[str]:
    rows = result["inheritance"]
    if not rows:
        return []
    mask = result["registered"]["rule_mask"]
    classes = list(dict.fromkeys(row["class"] for row in rows))
    head = (
        "true class", "arm", "errors, px", "scenes", "repeated", "95 %", "put right",
        "more than baseline", "95 %",
    )  # fmt: skip
    body = (
        [
            row["class"],
            row["arm"],
            f"{row['errors']:,}".replace(",", "\u202f"),
            str(row["scenes"]),
            *_interval(row["repeated"], percent=True),
            _interval(row["righted"], percent=True)[0],
            *_interval(row.get("more_than_baseline"), sign=True, percent=True),
        ]
        for row in sorted(rows, key=lambda row: classes.index(row["class"]))
    )
    classes.sort(key=lambda name: name == ALL_ERRORS)
    return [
        f"<h2>Errors inherited from {escape(mask)}</h2>",
        f'<p class="small">Where {escape(mask)} is wrong: how often a model says the very same. '
        "One that never saw the mask errs on hard pixels too; what counts is how much more. A "
        "class that the mask never says is counted as its nearest.</p>",
        table(head, body),
    ]


def _importance(result: Row) -> list[str]:
    rows = result["importance"]
    if not rows:
        return []
    parts = [
        "<h2>What each input is worth</h2>",
        '<p class="small">Drop in IoU, in points, where one input of the network is that of a tile '
        f"of another scene; mean over {result['registered']['importance_repeats']} exchange(s) and "
        "all seeds. Bold: the 95 % interval (in the tooltip) leaves 0 out. Of two inputs that say "
        "the same, neither seems to matter.</p>",
    ]
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm]
        parts.append(heat_map(f"{arm}: by class", _grid(own, "class", month="all")))
        means = [row for row in own if row["class"] == "mean of these" and row["month"] != "all"]
        if means:
            parts.append(heat_map(f"{arm}: by month, mean over classes", _grid(means, "month")))
    return parts


def _grid(rows: Sequence[Row], across: str, **fixed: str) -> dict[str, dict[str, Row]]:
    """{input: {column: figure}}"""
    grid: dict[str, dict[str, Row]] = {}
    for row in rows:
        if all(row[name] == value for name, value in fixed.items()):
            grid.setdefault(row["input"], {})[row[across]] = row
    return grid


def _registered(result: Row) -> str:
    told, snapshot = result["registered"], result["snapshot"]
    facts = {
        "file": f"{told['file']}, sha256 {told['sha256']}",
        "snapshot": f"{snapshot['campaign']}, sha256 {snapshot['sha256']}",
        "code": f"sha256 {result['code']}",
        "environment": json.dumps(result["environment"], ensure_ascii=False),
    }
    rows = "".join(
        f'<tr><td>{name}</td><td class="words"><code>{escape(value)}</code></td></tr>'
        for name, value in facts.items()
    )
    return f"<table>{rows}</table><pre>{escape(told['text'])}</pre>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Sequence[int] = (),
    raw: Sequence[int] = (),
) -> str:
    """`words`: columns of text; `raw`: those that are HTML already."""

    def cell(place: int, text: str) -> str:
        kind = ' class="words"' if place in words else ""
        return f"<td{kind}>{text if place in raw else escape(text)}</td>"

    def top(place: int, name: str) -> str:
        kind = ' class="words"' if place in words else ""
        return f"<th{kind}>{escape(name)}</th>"

    first = "".join(top(place, name) for place, name in enumerate(head))
    body = "".join(
        f"<tr>{''.join(cell(place, text) for place, text in enumerate(row))}</tr>" for row in rows
    )
    return f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"


def _interval(figure: Row | None, *, sign: bool = False, percent: bool = False) -> list[str]:
    """Value and interval, as two cells."""
    if figure is None or figure["value"] is None:
        return ["–", "–"]
    form = _percent if percent else number
    value, low, high = (form(figure[part], sign=sign) for part in ("value", "low", "high"))
    return [value, f"{low} … {high}"]


def _percent(value: float | None, *, sign: bool = False) -> str:
    return "–" if value is None else f"{100 * value:{'+' if sign else ''}.1f} %"


def number(value: float | None, *, sign: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if sign else ''}.4f}"


def signed(value: float | None) -> str:
    return number(value, sign=True)
