"""A comparison as tables for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

NOT_SHOWN, NOT_PROVIDED, NOT_MEASURED = "–", "not provided", "not measured"
PARTS = {
    "answered_pixels": "On the pixels that each mask answers",
    "all_pixels": "On all labelled pixels; where a mask cannot say, it is wrong",
}

Report = dict[str, Any]


def report_lines(report: Report) -> Iterable[str]:
    """Head, the two tables, leads, cost and origin."""
    synthetic = " SYNTHETIC labels and pixels." if report["synthetic"] else ""
    yield (
        f"Split {report['split']}: {report['tiles']} tiles of {report['scenes']} scenes."
        f"{synthetic} In brackets {100 * report['resampling']['level']:g} % intervals over "
        "resampled scenes."
    )
    counts = ", ".join(f"{name} {n}" for name, n in report["scenes_per_class"].items())
    yield f"Scenes by class: {counts}; fewer than {report['fewest_scenes']} show {NOT_SHOWN}."
    if report["test_openings"]:
        yield f"The frozen test has been opened {report['test_openings']} times."
    if report["model"]:
        yield from model_lines(report)
    for part, title in PARTS.items():
        yield ""
        yield title
        yield from table([heading(report), *rows(report, part)])
    yield ""
    yield from table([COSTS, *cost_rows(report)])
    yield from merge_lines(report)


def model_lines(report: Report) -> Iterable[str]:
    suite = report["model"]["suite"]
    iou = ", ".join(
        f"{name} {interval(found['iou'])}" if found else f"{name} {NOT_SHOWN}"
        for name, found in suite["per_class"].items()
    )
    mean = interval(suite["class_mean_iou"])
    yield f"Model {report['model']['hash'][:12]}, all classes: IoU {iou}; mean {mean}"


def heading(report: Report) -> list[str]:
    lead = ["model on the same", "model leads by", "p (Holm)"] if report["model"] else []
    return ["mask", "answers", *report["classes"], "mean", *lead]


def rows(report: Report, part: str) -> Iterable[list[str]]:
    for mask in report["masks"]:
        told = mask[part]
        start = [marked(mask), share(mask["answered"])]
        if told is None:
            width = len(heading(report)) - len(start)
            yield [*start, *[NOT_SHOWN] * width]
            continue
        cells = [cell(name, mask, told) for name in report["classes"]]
        yield [*start, *cells, interval(told["mask"]["class_mean_iou"]), *lead(told)]


def cell(name: str, mask: Report, told: Report) -> str:
    if name in mask["not_provided"]:
        return NOT_PROVIDED
    found = told["mask"]["iou"][name]
    return interval(found) if found else NOT_SHOWN


def lead(told: Report) -> list[str]:
    if not told["model"]:
        return []
    ahead = told["lead"]
    p = ahead.get("p_holm")
    return [
        interval(told["model"]["class_mean_iou"]),
        interval(ahead),
        NOT_SHOWN if p is None else f"{p:.3f}",
    ]


def marked(mask: Report) -> str:
    """The mask's name, with an asterisk where it was trained on these labels."""
    mark = {True: " *", False: "", None: " ?"}[mask["trained_on_these_data"]]
    return mask["name"] + mark


COSTS = ["cost", "s/Mpix", "memory MiB", "training s", "trained on"]


def cost_rows(report: Report) -> Iterable[list[str]]:
    if model := report["model"]:
        seen = model["trained_on_tiles"]
        trained = "not known" if seen is None else f"{seen} of these tiles"
        yield [
            f"model {model['hash'][:12]}",
            number(model["cost"]["seconds_per_mpix"]),
            number(model["cost"]["peak_mib"]),
            number(model["cost"]["training_seconds"]),
            trained,
        ]
    for mask in report["masks"]:
        cost = mask["cost"] or {}
        yield [
            mask["name"],
            number(cost.get("seconds_per_mpix")),
            number(cost.get("peak_mib")),
            NOT_SHOWN,
            ", ".join(mask["trained_on"]) or mask["said_by"],
        ]


def merge_lines(report: Report) -> Iterable[str]:
    """What every mask's missing classes were counted as, and what the marks mean."""
    for mask in report["masks"]:
        if mask["counted_as"]:
            told = ", ".join(f"{one} as {other}" for one, other in mask["counted_as"].items())
            yield f"{mask['name']}: {told}, for it and for the model beside it."
    # Reports that were kept before this was counted don't have it.
    if model := report["model"]:
        yield from scene_lines(model.get("trained_on_scenes") or 0, of=report["scenes"])
    marks = {each["trained_on_these_data"] for each in report["masks"]}
    if True in marks:
        yield "* trained on labels of a set that these come from: its figures flatter it."
    if None in marks:
        yield "? nobody says what it was trained on."


def scene_lines(shared: int, *, of: int) -> Iterable[str]:
    if shared:
        yield (
            f"The model learnt from tiles of {shared} of these {of} scenes, on the same ground or "
            "on other: of scenes that it never saw its figures may be lower."
        )


def interval(figure: Report) -> str:
    """`0.71 (0.64–0.78)`, `0.71`, or `–`."""
    if figure["value"] is None:
        return NOT_SHOWN
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def share(value: float | None) -> str:
    return NOT_SHOWN if value is None else f"{100 * value:.1f} %"


def number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:g}"


def table(lines: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for row in lines:
        yield "  ".join(each.ljust(width) for each, width in zip(row, widths)).rstrip()
