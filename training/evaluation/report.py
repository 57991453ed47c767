"""Everything the evidence says of one mask, as plain numbers; null stands for "can't be said"."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from training.evaluation import statistics
from training.evaluation.boundary import TOLERANCE
from training.evaluation.counts import (
    AREAS,
    BARE,
    FOUND,
    GLIMPSED,
    HIDDEN,
    RADII,
    Counts,
    Ratios,
    SceneCounts,
    Statistic,
    Whole,
    scenes_per_class,
    total,
)
from training.evaluation.evidence import Evidence
from training.evaluation.objects import ENOUGH
from training.evaluation.resampling import FEWEST, Figure, Resampling, figure, plain
from training.evaluation.scheme import Scheme
from training.evaluation.sunward import HIGHEST, LOWEST

Report = dict[str, Any]

PER_CLASS: dict[str, Callable[[Counts], Ratios]] = {
    "iou": statistics.class_iou,
    "precision": statistics.precision,
    "recall": statistics.recall,
    "f1": statistics.f1,
    "boundary_f1": statistics.boundary_f1,
}


def suite(evidence: Evidence, how: Resampling) -> Report:
    """The whole report. Raises ValueError where nothing was judged."""
    scenes, scheme = evidence.scenes, evidence.scheme
    sums = total(scenes)
    there = scenes_per_class(scenes, scheme.size)
    enough = shown_channels(scenes, scheme)
    return {
        "tiles": evidence.tiles,
        "scenes": len(scenes),
        "classes": list(scheme.names),
        "scenes_per_class": dict(zip(scheme.names, there.tolist(), strict=True)),
        "fewest_scenes": FEWEST,
        "resampling": how.as_json(),
        "answered": plain(float(statistics.answered_share(sums))),
        "per_class": per_class(scenes, scheme, how),
        "class_mean_iou": mean_over(enough, statistics.mean_iou_of, scenes, scheme, how),
        "balanced_accuracy": mean_over(
            present_channels(scenes, scheme), statistics.balanced_accuracy_of, scenes, scheme, how
        ),
        "accuracy": plain(sums.agreement.accuracy),
        "confusion": confusion(sums.pixels),
        **(geometry(scenes, scheme, how) if evidence.geometry else {}),
        "slices": slices(evidence, how),
    }


def shown_channels(scenes: Sequence[SceneCounts], scheme: Scheme) -> list[int]:
    """Classes in enough scenes to be shown."""
    return np.flatnonzero(scenes_per_class(scenes, scheme.size) >= FEWEST).tolist()


def present_channels(scenes: Sequence[SceneCounts], scheme: Scheme) -> list[int]:
    """Classes that the truth holds."""
    return np.flatnonzero(scenes_per_class(scenes, scheme.size)).tolist()


def mean_over(
    channels: list[int],
    mean_of: Callable[[Sequence[int]], Statistic],
    scenes: Sequence[SceneCounts],
    scheme: Scheme,
    how: Resampling,
) -> Report:
    """A mean over classes, and which they are; every resample's is over the same ones."""
    told = figure(scenes, mean_of(channels), how).as_json()
    return {"over": [scheme.names[k] for k in channels], **told}


def per_class(scenes: Sequence[SceneCounts], scheme: Scheme, how: Resampling) -> Report:
    """{class: {figure: {value, low, high}}}; null for a class in fewer than FEWEST scenes."""
    shown = shown_channels(scenes, scheme)
    return {
        name: {
            what: figure(scenes, partial(_channel, of=of, channel=k), how).as_json()
            for what, of in PER_CLASS.items()
        }
        if k in shown
        else None
        for k, name in enumerate(scheme.names)
    }


def _channel(counts: Counts, *, of: Callable[[Counts], Ratios], channel: int) -> Ratios:
    """One class of a figure, nan where the truth holds none of it."""
    there = counts.pixels[..., channel, :].sum(axis=-1) > 0
    return np.where(there, of(counts)[..., channel], np.nan)


def confusion(pixels: Whole) -> Report:
    """Row = truth, column = prediction; `by_truth` rows sum to 1, `by_prediction` columns."""
    square = pixels[:, :-1]
    return {
        "pixels": square.tolist(),
        "unanswered": pixels[:, -1].tolist(),
        "by_truth": _rows(statistics.ratio(square, square.sum(axis=1, keepdims=True))),
        "by_prediction": _rows(statistics.ratio(square, square.sum(axis=0, keepdims=True))),
    }


def _rows(values: Ratios) -> list[list[float | None]]:
    return [[plain(value) for value in row] for row in values]


def geometry(scenes: Sequence[SceneCounts], scheme: Scheme, how: Resampling) -> Report:
    return {
        "boundary_tolerance": TOLERANCE,
        "buffer": buffer_curve(scenes, how),
        "small_clouds": small_clouds(scenes, how),
        "shadow_check": shadow_check(scenes, scheme, how),
    }


def buffer_curve(scenes: Sequence[SceneCounts], how: Resampling) -> list[Report]:
    """Leaked against lost, a row a radius; the mask is cloud, thin cloud and shadow."""
    return [
        {
            "radius": radius,
            "leaked": figure(scenes, _at(statistics.leaked, radius), how).as_json(),
            "lost": figure(scenes, _at(statistics.lost, radius), how).as_json(),
        }
        for radius in RADII
    ]


def _at(statistic: Callable[[Counts], Ratios], place: int) -> Statistic:
    return lambda counts: statistic(counts)[..., place]


def small_clouds(scenes: Sequence[SceneCounts], how: Resampling) -> list[Report]:
    """Recall of cloud objects by area; the last row is of those cut off by an edge."""
    sums = total(scenes).objects
    ends = (*(above - 1 for above in AREAS[1:]), None)
    spans = [*zip(AREAS, ends, strict=True), (None, None)]
    return [
        {
            "smallest": low,
            "largest": high,
            "cut_off": low is None,
            "objects": int(sums[row, 0]),
            "found": int(sums[row, 1]),
            "found_from": ENOUGH,
            "recall": figure(scenes, _at(statistics.object_recall, row), how).as_json(),
        }
        for row, (low, high) in enumerate(spans)
    ]


def shadow_check(scenes: Sequence[SceneCounts], scheme: Scheme, how: Resampling) -> Report | None:
    """Shadow objects without a cloud up-sun; None for a mask without shadow."""
    if not scheme.shadows:
        return None
    sums = total(scenes).shadows
    told: Figure = figure(scenes, statistics.bare_shadows, how)
    return {
        "heights": [LOWEST, HIGHEST],
        "with_cloud": int(sums[FOUND]),
        "without_cloud": int(sums[BARE]),
        "out_of_sight": int(sums[HIDDEN]),
        "out_of_sight_with_cloud": int(sums[GLIMPSED]),
        "without_cloud_share": told.as_json(),
    }


def slices(evidence: Evidence, how: Resampling) -> list[Report]:
    """Class-mean IoU of every slice over the classes that it holds, the worst first; an axis of
    one value says nothing."""
    found, scheme = evidence.slices, evidence.scheme
    values = [axis for axis, _ in found]
    rows = [
        {
            "axis": axis,
            "value": value,
            "scenes": len(scenes),
            "pixels": int(total(scenes).pixels.sum()),
            "class_mean_iou": mean_over(
                present_channels(scenes, scheme), statistics.mean_iou_of, scenes, scheme, how
            ),
        }
        for (axis, value), scenes in found.items()
        if values.count(axis) > 1
    ]
    return sorted(rows, key=_worst_first)


def _worst_first(row: Report) -> tuple[float, str, str]:
    value = row["class_mean_iou"]["value"]
    return (2.0 if value is None else value, row["axis"], row["value"])
