"""Do one cell: train its model, and judge it on the validation split.

What is kept of the judging are counts by scene, and nothing of the pixels.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.experiment.cells import MODEL, Cell, Judged, keep, stamp
from labelling.compute.experiment.design import Experiment
from labelling.compute.experiment.metrics import needs_geometry
from training.errors import BadCheckpoint, BadModel
from training.evaluation.evidence import Evidence
from training.evaluation.importance import Permuted, permutation_importance
from training.evaluation.inheritance import Rule
from training.evaluation.judge import predictions, truths
from training.evaluation.scheme import NOTHING, Scheme
from training.fit import fit
from training.predict import Ensemble, load
from training.snapshot import Sample, Snapshot

VALIDATION = "validation"
Report = Callable[[str, int, int], None]
Codes = NDArray[np.uint8]


def train(cell: Cell, snapshot: Snapshot, out: Path, *, report: Report) -> None:
    """The model of the cell: the finished one, or the interrupted fit gone on with, or a new one.

    Raises training's Refusal, OSError.
    """
    folder = cell.folder(out) / MODEL

    def told(event: Mapping[str, Any]) -> None:
        if event["event"] == "progress":
            report(event["stage"], event["done"], event["total"])

    try:
        fit(cell.config, snapshot.folder, folder, resume=folder, report=told)
    except (BadCheckpoint, BadModel):  # of other code or another device, or damaged
        shutil.rmtree(folder)
        fit(cell.config, snapshot.folder, folder, report=told)


def judge(
    cell: Cell, experiment: Experiment, snapshot: Snapshot, out: Path, *, report: Report
) -> Judged:
    """Judge the model that lies in the cell's folder, and keep what it said there.

    Raises training's Refusal for a model or a chip that can't be used.
    """
    folder = cell.folder(out)
    ensemble = load(folder / MODEL, device=cell.config.device)
    samples = snapshot.of_split(VALIDATION)
    scenes, inherited, classes = _counted(ensemble, experiment, snapshot, samples, report)
    card = ensemble.card
    assert card is not None
    told = {
        "stamp": stamp(cell, experiment, snapshot.hash),
        "card": card.hash,
        "best_steps": [member["best_step"] for member in card.content["members"]],
        "shadows_moved": card.content["augmentation"]["shadows_moved"],
        "environment": card.content["environment"],
        "rule_classes": classes,
    }
    permuted = _importance(ensemble, cell, experiment, snapshot, samples, report)
    judged = Judged(scenes, told, inherited, permuted)
    keep(judged, folder)
    return judged


def _counted(
    ensemble: Ensemble,
    experiment: Experiment,
    snapshot: Snapshot,
    samples: list[Sample],
    report: Report,
):
    """Counts by scene; what the rule mask's errors became, and the classes that it knows."""
    scheme = Scheme.of(snapshot.classes)
    evidence = Evidence(scheme, geometry=needs_geometry(experiment.metric))
    mask = experiment.rule_mask
    rule = Rule.of(scheme, said_by(snapshot, samples, mask)) if mask else None
    heirs: dict[str, NDArray[np.int64]] = {}
    said = predictions(ensemble, snapshot, samples)
    for number, (sample, truth, channels) in enumerate(
        zip(samples, truths(snapshot, samples), said, strict=True)
    ):
        evidence.add(truth, channels)
        if rule is not None:
            counts = rule.counts(truth.label, mask_of(snapshot, sample, mask), channels)
            heirs[truth.scene] = heirs.get(truth.scene, 0) + counts
        report("judge", number + 1, len(samples))
    inherited = np.stack([heirs[scene] for scene in sorted(heirs)]) if heirs else None
    return evidence.scenes, inherited, list(rule.collapse.merged.names) if rule else []


def mask_of(snapshot: Snapshot, sample: Sample, name: str) -> Codes:
    """(H, W) codes, 255 all over where the sample has no such mask."""
    plane = snapshot.read_planes(sample, [f"mask:{name}"])[f"mask:{name}"]
    if plane is None:
        return np.full((snapshot.tile_size, snapshot.tile_size), NOTHING, dtype=np.uint8)
    return np.asarray(plane)


def said_by(snapshot: Snapshot, samples: list[Sample], name: str) -> list[int]:
    """Codes that the mask uses on these samples."""
    return sorted(set(_codes(snapshot, samples, name)) - {NOTHING})


def _codes(snapshot: Snapshot, samples: list[Sample], name: str) -> Iterator[int]:
    for sample in samples:
        yield from np.flatnonzero(np.bincount(mask_of(snapshot, sample, name).ravel())).tolist()


def _importance(
    ensemble: Ensemble,
    cell: Cell,
    experiment: Experiment,
    snapshot: Snapshot,
    samples: list[Sample],
    report: Report,
) -> Permuted | None:
    if not experiment.importance:
        return None
    return permutation_importance(
        ensemble,
        snapshot,
        samples,
        repeats=experiment.importance,
        seed=cell.seed,
        report=lambda done: report("importance", done, len(samples)),
    )
