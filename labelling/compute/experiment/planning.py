"""Before anything is trained: file, snapshot and folder are held against each other.

OUT/asked.toml (or .json)   the file, as it was when the experiment began
OUT/plan.json               its hash, the snapshot's, and what was decided on the command line
OUT/snapshot/               a trial's snapshot; made-of.json says of what it was made
OUT/cells/                  see `cells`
OUT/experiment.json         every figure that is printed anywhere
OUT/report.html             drawn from it alone
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelling.compute.experiment.cells import CONFIG, MODEL, cells_of, is_done
from labelling.compute.experiment.design import READY, Experiment, read_experiment
from labelling.compute.experiment.judging import VALIDATION
from labelling.compute.experiment.metrics import metric_of
from labelling.compute.experiment.trial import MANIFEST, is_painted, made_of
from labelling.errors import BadInput, Conflict
from training.config import FitConfig
from training.device import choose_device
from training.errors import Refusal
from training.evaluate import judged_label
from training.evaluation.counts import Counts, SceneCounts
from training.evaluation.evidence import pixel_counts
from training.evaluation.importance import channel_groups
from training.evaluation.scheme import Scheme
from training.features.sets import parse
from training.files import sweep, write_whole
from training.held import check_held, layout_for
from training.snapshot import Snapshot, open_snapshot

PLAN, SNAPSHOT = "plan.json", "snapshot"
SETTLED = ("snapshot", "rule_mask")
"""What must not change between two attempts, besides the file."""
POOL = "pool"


@dataclass(frozen=True)
class Request:
    """What the command line asks for; the JSON file's keys."""

    file: str
    """A path, or the name of an experiment that comes with the program."""
    on: str
    """`painted`, or a folder: of a snapshot, or of labelled tiles."""
    rule_mask: str = ""

    def content(self) -> tuple[str, bytes]:
        """The file's name and octets. Raises BadInput."""
        path = Path(self.file)
        if path.suffix == "" and (READY / f"{self.file}.toml").exists():
            path = READY / f"{self.file}.toml"
        try:
            return path.name, path.read_bytes()
        except OSError as problem:
            ready = ", ".join(sorted(each.stem for each in READY.glob("*.toml")))
            raise BadInput(
                f"{self.file} can't be read: {problem.strerror}.",
                field="file",
                help=f"Name a .toml or .json file, or one that is ready: {ready}.",
            ) from None


@dataclass(frozen=True)
class Begun:
    """An experiment and the snapshot that it is on."""

    experiment: Experiment
    snapshot: Snapshot
    file: str
    on: str

    def kept(self, out: Path) -> Path:
        """The file's copy."""
        return kept_file(self.file, out)

    def as_json(self) -> dict[str, Any]:
        """What is kept beside the cells."""
        return {
            "file": self.file,
            "sha256": self.experiment.sha256,
            "snapshot": self.snapshot.hash,
            "on": self.on,
            "rule_mask": self.experiment.rule_mask,
        }


def kept_file(name: str, out: Path) -> Path:
    return out / f"asked{Path(name).suffix}"


def begin(request: Request, out: Path) -> Begun:
    """Make or find everything that the cells need in `out`; a second attempt changes nothing.

    Raises BadInput, training's Refusal, and Conflict where another experiment lies in `out`.
    """
    name, content = request.content()
    experiment = read_experiment(content, name, rule_mask=request.rule_mask)
    _check_same_file(out, experiment)
    begun = Begun(experiment, snapshot_at(request.on, out), name, request.on)
    check(begun)
    _check_same_plan(out, begun)
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    write_whole(begun.kept(out), content)
    for cell in cells_of(experiment):
        folder = cell.folder(out)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / CONFIG, _text(cell.config.as_json()))
    write_whole(out / PLAN, _text(begun.as_json()))
    return begun


def look(request: Request, out: Path) -> Begun:
    """As `begin`, but nothing stays behind: a trial's snapshot is made, checked and thrown away."""
    name, content = request.content()
    experiment = read_experiment(content, name, rule_mask=request.rule_mask)
    _check_same_file(out, experiment)
    with tempfile.TemporaryDirectory(prefix="experiment-") as scratch:
        begun = Begun(experiment, snapshot_at(request.on, Path(scratch)), name, request.on)
        check(begun)
    _check_same_plan(out, begun)
    return begun


def taken_up(out: Path) -> Begun:
    """The experiment that was begun in `out`. Raises BadInput where there is none."""
    try:
        plan = json.loads((out / PLAN).read_bytes())
    except (OSError, ValueError) as problem:
        raise BadInput(f"{out / PLAN} can't be read: {problem}.", field="out") from None
    file = kept_file(plan["file"], out)
    experiment = read_experiment(file.read_bytes(), plan["file"], rule_mask=plan["rule_mask"])
    return Begun(experiment, snapshot_at(plan["on"], out), plan["file"], plan["on"])


def snapshot_at(on: str, out: Path) -> Snapshot:
    """The snapshot in a folder, or one made for a trial in `out`.

    Raises BadInput, Refusal, and Conflict where one that was made of something else lies in `out`.
    """
    if not is_painted(on) and (Path(on) / MANIFEST).exists():
        return open_snapshot(Path(on))
    return open_snapshot(made_of(on, out / SNAPSHOT, settled=(out / PLAN).exists()))


def check(begun: Begun) -> None:
    """Raises BadInput naming the arm whose features the snapshot can't give, the mask that it
    lacks, or a metric that too few scenes can tell."""
    experiment, snapshot = begun.experiment, begun.snapshot
    for arm in experiment.arms:
        config = arm.config(experiment.seeds[0])
        try:
            choose_device(config.device)
            layout_for(parse(config.features), snapshot, snapshot.of_split(POOL))
        except Refusal as refusal:
            raise BadInput(f"Arm {arm.name!r}: {refusal.message}", field=refusal.field) from None
    validation = snapshot.of_split(VALIDATION)
    if not validation:
        raise BadInput("The snapshot has no validation tile to judge on.", field="on")
    if experiment.rule_mask:
        check_held(parse(f"sqrt+masks:{experiment.rule_mask}"), validation)
    metric_of(experiment.metric, truth_alone(snapshot), Scheme.of(snapshot.classes))


def truth_alone(snapshot: Snapshot) -> list[SceneCounts]:
    """Counts of the validation split as if every pixel were right: which scenes hold what."""
    classes = len(snapshot.classes)
    empty = Counts.empty(classes)
    by_scene: dict[str, Any] = {}
    for sample in snapshot.of_split(VALIDATION):
        label = judged_label(snapshot, sample)
        by_scene.setdefault(sample.group, np.zeros_like(empty.pixels))
        by_scene[sample.group] += pixel_counts(label, label, classes=classes)
    parts = (empty.boundary, empty.buffer, empty.objects, empty.shadows)
    return [SceneCounts(scene, Counts(one, *parts)) for scene, one in sorted(by_scene.items())]


def told(begun: Begun, out: Path) -> dict[str, Any]:
    """The plan for whoever carries it out: each cell with its folder, and whether it is done."""
    experiment, snapshot = begun.experiment, begun.snapshot
    return {
        **begun.as_json(),
        "title": experiment.title,
        "metric": experiment.metric,
        "baseline": experiment.baseline,
        "synthetic": snapshot.synthetic,
        "folder": str(snapshot.folder),
        "on_gpu": any(
            choose_device(cell.config.device).type == "cuda" for cell in cells_of(experiment)
        ),
        "tiles": {split: len(snapshot.of_split(split)) for split in (POOL, VALIDATION)},
        "validation_scenes": len({each.group for each in snapshot.of_split(VALIDATION)}),
        "cells": [
            {
                "name": cell.name,
                "arm": cell.arm.name,
                "seed": cell.seed,
                "done": is_done(cell, experiment, snapshot.hash, out),
                "folder": str(cell.folder(out)),
                "config": str(cell.folder(out) / CONFIG),
                "model": str(cell.folder(out) / MODEL),
                **cost(cell.config, begun),
            }
            for cell in cells_of(experiment)
        ],
    }


def cost(config: FitConfig, begun: Begun) -> dict[str, Any]:
    """What a cell takes at most: steps, pixels learnt from, tiles judged in passes forward."""
    snapshot = begun.snapshot
    layout = layout_for(parse(config.features), snapshot, snapshot.of_split(POOL))
    passes = 1 + begun.experiment.importance * (1 + len(channel_groups(layout, snapshot.bands)))
    side = min(config.crop, snapshot.tile_size)
    return {
        "steps": config.steps * config.members,
        "threads": config.threads,
        "megapixels": round(config.steps * config.members * config.batch * side**2 / 1e6, 1),
        "tiles_judged": passes * len(snapshot.of_split(VALIDATION)),
    }


def _check_same_file(out: Path, experiment: Experiment) -> None:
    kept = _kept(out)
    if kept is not None and kept["sha256"] != experiment.sha256:
        raise Conflict(
            f"{out} holds another experiment: its file has the hash {kept['sha256'][:12]}, this "
            f"one {experiment.sha256[:12]}. What is asked is settled before it is answered.",
            field="out",
            help="Give another folder.",
        )


def _check_same_plan(out: Path, begun: Begun) -> None:
    kept = _kept(out)
    if kept is not None and (
        different := [key for key in SETTLED if kept.get(key) != begun.as_json()[key]]
    ):
        raise Conflict(
            f"{out} holds this experiment with another {different[0]}.",
            field=different[0],
            help="Give another folder.",
        )


def _kept(out: Path) -> Mapping[str, Any] | None:
    path = out / PLAN
    if not path.exists():
        return None
    try:
        kept: Mapping[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        raise BadInput(f"{path} can't be read.", field="out", help="Give another folder.") from None
    return kept


def _text(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
