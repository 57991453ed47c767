"""The cells of an experiment, one for each arm and seed, and what is kept of each.

CELLS/<arm>-<seed>/config.json    settings of the fit
                   model/         the trainer's folder: checkpoint, then weights and card
                   judged.npz     counts by scene, all that the report is made of
                   failure.json   why there is no judged.npz, if the last attempt failed
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from labelling.compute.experiment.design import Arm, Experiment
from labelling.compute.files import write_arrays
from training.config import FitConfig
from training.device import code_hash
from training.evaluation.counts import Counts, SceneCounts
from training.evaluation.importance import Permuted
from training.files import canonical, sha256

CELLS = "cells"
CONFIG, MODEL, JUDGED, FAILURE = "config.json", "model", "judged.npz", "failure.json"
DECIDING = ("cells.py", "judging.py")
"""Of this room; the trainer's are all counted."""
PARTS = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True)
class Cell:
    arm: Arm
    seed: int

    @property
    def name(self) -> str:
        return f"{self.arm.name}-{self.seed}"

    @property
    def config(self) -> FitConfig:
        return self.arm.config(self.seed)

    def folder(self, out: Path) -> Path:
        return out / CELLS / self.name


def cells_of(experiment: Experiment) -> list[Cell]:
    """Seed by seed, so that a run that is cut short has compared all arms on some of them."""
    return [Cell(arm, seed) for seed in experiment.seeds for arm in experiment.arms]


def code_version() -> str:
    """sha256 over the sources that decide what a cell's file holds."""
    own = b"\0".join(Path(__file__).with_name(name).read_bytes() for name in DECIDING)
    return sha256(code_hash().encode() + own)


def stamp(cell: Cell, experiment: Experiment, snapshot: str) -> str:
    """Hash of all that decides what the cell's file holds."""
    told = {
        "config": cell.config.as_json(),
        "snapshot": snapshot,
        "metric": experiment.metric,
        "rule_mask": experiment.rule_mask,
        "importance": experiment.importance,
        "code": code_version(),
    }
    return sha256(canonical(told))


@dataclass(frozen=True, eq=False)
class Judged:
    """What a finished cell holds."""

    scenes: list[SceneCounts]
    told: Mapping[str, Any]
    """What decided it (`stamp`), and what the model's card says of its training."""
    inherited: NDArray[np.int64] | None = None
    """(scenes, K', K', 3), see `training.evaluation.inheritance`; None: no rule mask is named."""
    permuted: Permuted | None = None


def keep(judged: Judged, folder: Path) -> None:
    """Write judged.npz, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {
        name: np.stack([getattr(scene.counts, name) for scene in judged.scenes]) for name in PARTS
    }
    told = {**judged.told, "scenes": [scene.scene for scene in judged.scenes]}
    if judged.inherited is not None:
        arrays["inherited"] = judged.inherited
    if judged.permuted is not None:
        arrays |= {"base": judged.permuted.base, "exchanged": judged.permuted.exchanged}
        told |= {"features": judged.permuted.features, "units": judged.permuted.units}
    write_arrays(folder / JUDGED, told=np.array(json.dumps(told)), **arrays)


def found(folder: Path) -> Judged | None:
    """What lies in the cell's folder; None where there is nothing, or nothing that can be read."""
    try:
        with np.load(folder / JUDGED, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        told = json.loads(str(arrays["told"]))
        return Judged(
            _scenes(told["scenes"], arrays), told, arrays.get("inherited"), _permuted(told, arrays)
        )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _scenes(names: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> list[SceneCounts]:
    parts = [arrays[name] for name in PARTS]
    return [
        SceneCounts(name, Counts(*(part[row] for part in parts))) for row, name in enumerate(names)
    ]


def _permuted(told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Permuted | None:
    if "base" not in arrays:
        return None
    units = tuple((scene, month) for scene, month in told["units"])
    return Permuted(tuple(told["features"]), units, arrays["base"], arrays["exchanged"])


def is_done(cell: Cell, experiment: Experiment, snapshot: str, out: Path) -> bool:
    """Whether this experiment's figures lie there, made of this snapshot by this code."""
    kept = found(cell.folder(out))
    return kept is not None and kept.told["stamp"] == stamp(cell, experiment, snapshot)
