"""The result of an experiment as one JSON object, from which every printed figure comes.

It holds no moment in time and no path: the same experiment gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labelling.compute.experiment.cells import (
    FAILURE,
    Cell,
    Judged,
    cells_of,
    code_version,
    found,
    stamp,
)
from labelling.compute.experiment.metrics import Metric, metric_of
from labelling.compute.experiment.planning import Begun, truth_alone
from labelling.compute.experiment.side_results import (
    class_rows,
    importance_rows,
    inheritance_rows,
)
from labelling.compute.experiment.verdicts import ALPHA, HOW, POWER, Runs, drawn, verdicts
from labelling.errors import JobFailed
from training.evaluation.counts import scenes_per_class
from training.evaluation.scheme import Scheme
from training.snapshot import SPLITS

FORMAT = "cloudmask-experiment/1"
Finished = dict[str, dict[int, Judged]]
"""{arm: {seed: what its cell holds}}; an arm of which nothing is finished is there, and empty."""


def summary(begun: Begun, out: Path) -> dict[str, Any]:
    """Everything: what was asked, what was done, the verdicts, and what else was seen.

    Raises JobFailed where the baseline, or every other arm, has no finished cell.
    """
    experiment, snapshot = begun.experiment, begun.snapshot
    cells = [(cell, finished(cell, begun, out)) for cell in cells_of(experiment)]
    done: Finished = {arm.name: {} for arm in experiment.arms}
    for cell, judged in cells:
        if judged is not None:
            done[cell.arm.name][cell.seed] = judged
    check_enough(done, experiment.baseline, experiment.others, out)
    scheme = Scheme.of(snapshot.classes)
    metric = metric_of(experiment.metric, truth_alone(snapshot), scheme)
    runs = {arm: {seed: each.scenes for seed, each in told.items()} for arm, told in done.items()}
    return {
        "format": FORMAT,
        "title": experiment.title,
        "question": experiment.question,
        "synthetic": snapshot.synthetic,
        "partly": any(judged is None for _, judged in cells),
        "registered": registered(begun, out),
        "snapshot": about_snapshot(begun, scheme),
        "code": code_version(),
        "environment": environments(done),
        "metric": {"name": metric.name, "over": list(metric.over)},
        "statistics": {
            **HOW.as_json(), "alpha": ALPHA, "power": POWER,
            "unit": "scenes and seeds, in pairs",
        },
        "arms": arm_rows(begun, done, runs, metric),
        "cells": [cell_row(cell, judged, out) for cell, judged in cells],
        "verdicts": verdicts(runs, experiment.baseline, experiment.others, metric.statistic),
        "classes": class_rows(runs, experiment.baseline, scheme),
        "inheritance": inheritance_rows(done, experiment.baseline),
        "importance": importance_rows(done, scheme),
    }  # fmt: skip


def finished(cell: Cell, begun: Begun, out: Path) -> Judged | None:
    kept = found(cell.folder(out))
    wanted = stamp(cell, begun.experiment, begun.snapshot.hash)
    return kept if kept is not None and kept.told["stamp"] == wanted else None


def check_enough(done: Finished, baseline: str, others: list[str], out: Path) -> None:
    if done[baseline] and any(done[name] for name in others):
        return
    raise JobFailed(
        f"{baseline if not done[baseline] else 'Every other arm'} has no finished training: there "
        "is nothing to compare.",
        field=baseline,
        help=f"Each failed cell says why in {out / 'cells'}.",
    )


def registered(begun: Begun, out: Path) -> dict[str, Any]:
    """What was settled beforehand, in the file's own words."""
    return {
        "file": begun.file,
        "sha256": begun.experiment.sha256,
        "text": begun.kept(out).read_text(),
        "rule_mask": begun.experiment.rule_mask,
        "seeds": list(begun.experiment.seeds),
        "baseline": begun.experiment.baseline,
        "importance_repeats": begun.experiment.importance,
    }


def about_snapshot(begun: Begun, scheme: Scheme) -> dict[str, Any]:
    snapshot, scenes = begun.snapshot, truth_alone(begun.snapshot)
    there = scenes_per_class(scenes, scheme.size)
    return {
        "sha256": snapshot.hash,
        "campaign": snapshot.campaign,
        "tile_size": snapshot.tile_size,
        "bands": list(snapshot.bands),
        "tiles": {split: len(snapshot.of_split(split)) for split in SPLITS},
        "validation_scenes": len(scenes),
        "scenes_per_class": dict(zip(scheme.names, there.tolist(), strict=True)),
    }


def environments(done: Finished) -> list[dict[str, Any]]:
    """Of all cells; more than one where an experiment was carried from machine to machine."""
    told = [each.told["environment"] for by_seed in done.values() for each in by_seed.values()]
    return [json.loads(each) for each in sorted({json.dumps(one, sort_keys=True) for one in told})]


def arm_rows(
    begun: Begun, done: Finished, runs: Mapping[str, Runs], metric: Metric
) -> list[dict[str, Any]]:
    """Each arm: its settings, and the metric's mean over seeds with an interval."""
    rows = []
    for arm in begun.experiment.arms:
        seeds = list(runs[arm.name])
        figure = drawn(runs[arm.name], seeds, metric.statistic) if seeds else None
        moved = [each.told["shadows_moved"] for each in done[arm.name].values()]
        rows.append(
            {
                "name": arm.name,
                "about": arm.about,
                "settings": dict(arm.settings),
                "seeds": seeds,
                "by_seed": [] if figure is None else [round(float(v), 6) for v in figure.values],
                "metric": None if figure is None else figure.as_json(share=True),
                "shadows_moved": round(sum(moved) / len(moved), 4) if moved else None,
            }
        )
    return rows


def cell_row(cell: Cell, judged: Judged | None, out: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": cell.arm.name, "seed": cell.seed}
    if judged is not None:
        return {**row, "done": True, "card": judged.told["card"], "why": ""}
    try:
        why = str(json.loads((cell.folder(out) / FAILURE).read_bytes())["message"])
    except (OSError, ValueError, KeyError):
        why = "not begun, or of another state of the program"
    return {**row, "done": False, "card": None, "why": why}
