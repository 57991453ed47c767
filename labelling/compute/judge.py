"""Judge a candidate beside the champion by the validation labels of a snapshot, tile by tile.

Nothing but counts is kept of a tile, so memory doesn't grow with their number. Only validation is
ever looked at: the request names no split, and the chips of others need not be there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.beside import beside
from labelling.compute.judge_calibration import Reliability
from labelling.compute.lines import Meter
from training.evaluate import check_same_kind, samples_of
from training.evaluation.counts import SceneCounts, scenes_per_class, total
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.judge import truths
from training.evaluation.paired import Difference, class_differences, needed_scenes
from training.evaluation.resampling import FEWEST, Resampling, plain
from training.evaluation.scheme import NOTHING, Scheme
from training.evaluation.statistics import iou_of
from training.planes import input_of
from training.predict import Ensemble, load
from training.snapshot import Sample, Snapshot, open_snapshot
from training.survey import valid_pixels

REPORT = "report.json"
SPLIT = "validation"

Probabilities = NDArray[np.float32]
"""(K, H, W): the members' mean."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a judging child is asked for; the JSON file's keys."""

    snapshot: Path
    candidate: Path
    champion: Path | None
    margins: dict[str, float]
    """{class name: IoU that the candidate may lose}."""
    resampling: Resampling

    @classmethod
    def read(cls, content: Row) -> Request:
        champion = content["champion"]
        return cls(
            Path(content["snapshot"]),
            Path(content["candidate"]),
            Path(champion) if champion else None,
            content["margins"],
            Resampling(**content["resampling"]),
        )


@dataclass
class Judged:
    """One model, and what the tiles said of it so far."""

    ensemble: Ensemble
    scheme: Scheme
    evidence: Evidence = field(init=False)
    reliability: Reliability = field(init=False)

    def __post_init__(self) -> None:
        self.evidence = Evidence(self.scheme, geometry=False)
        self.reliability = Reliability(self.scheme.size)

    def add(self, truth: Truth, probabilities: Probabilities, valid: NDArray[np.bool_]) -> None:
        predicted = probabilities.argmax(axis=0).astype(np.uint8)
        predicted[~valid] = NOTHING
        self.evidence.add(truth, predicted)
        self.reliability.add(probabilities, truth.label)

    def figures(self) -> Row:
        """IoU and calibration error by class; null where the labels have none of it."""
        counts, names = total(self.evidence.scenes), self.scheme.names
        ious = [plain(float(iou_of(k)(counts))) for k in range(self.scheme.size)]
        errors = [plain(each) for each in self.reliability.errors()]
        return {
            "iou": dict(zip(names, ious, strict=True)),
            "ece": dict(zip(names, errors, strict=True)),
        }


def judge(content: Row, out: Path) -> Row:
    """Write `report.json`, whole or not at all. Raises Refusal."""
    report = report_of(Request.read(content))
    with beside(out / REPORT) as draft:
        draft.write_text(json.dumps(report, ensure_ascii=False, allow_nan=False))
        draft.rename(out / REPORT)
    return {"tiles": report["tiles"]}


def report_of(request: Request) -> Row:
    """What workflow/promotion_verdict.py decides by, in plain numbers.

    Raises BadSnapshot where a model isn't of the snapshot's kind, EmptySnapshot where nothing of
    validation is labelled, BadModel where weights are damaged.
    """
    snapshot = open_snapshot(request.snapshot)
    samples = samples_of(snapshot, SPLIT)
    scheme = Scheme.of(snapshot.classes)
    folders = [request.candidate, request.champion] if request.champion else [request.candidate]
    models = [Judged(load(folder), scheme) for folder in folders]
    for each in models:
        check_same_kind(each.ensemble, snapshot)
    look(models, snapshot, samples)
    candidate, champion = models[0], models[1] if request.champion else None
    scenes = candidate.evidence.scenes
    there = scenes_per_class(scenes, scheme.size).tolist()
    return {
        "split": SPLIT,
        "synthetic": snapshot.synthetic,
        "tiles": len(samples),
        "scenes": len(scenes),
        "classes": list(scheme.names),
        "scenes_per_class": dict(zip(scheme.names, there, strict=True)),
        "fewest_scenes": FEWEST,
        "resampling": request.resampling.as_json(),
        "candidate": candidate.figures(),
        "champion": champion.figures() if champion else None,
        "differences": compared(scenes, champion.evidence.scenes, scheme, request)
        if champion
        else {},
    }


def look(models: Sequence[Judged], snapshot: Snapshot, samples: Sequence[Sample]) -> None:
    """Show every tile to every model, one tile at a time."""
    streams = [predictions(each.ensemble, snapshot, samples) for each in models]
    meter = Meter("judge", len(samples))
    for done, (sample, truth, *seen) in enumerate(
        zip(samples, truths(snapshot, samples), *streams, strict=True), start=1
    ):
        valid = valid_pixels(snapshot.read_bands(sample))
        for model, probabilities in zip(models, seen, strict=True):
            model.add(truth, probabilities, valid)
        meter.show(done)


def predictions(
    ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample]
) -> Iterator[Probabilities]:
    inputs = (input_of(snapshot, sample, ensemble.layout) for sample in samples)
    for probabilities, _ in ensemble.stream(inputs):
        yield probabilities.mean(dim=0).cpu().numpy()


def compared(
    candidate: Sequence[SceneCounts],
    champion: Sequence[SceneCounts],
    scheme: Scheme,
    request: Request,
) -> Row:
    """{class: difference in IoU, candidate less champion, and how many scenes its margin needs};
    null for a class in fewer than FEWEST scenes."""
    how = request.resampling
    found = class_differences(candidate, champion, level=how.level, draws=how.draws, seed=how.seed)
    return {
        name: told(each, request.margins[name])
        for name, each in zip(scheme.names, found, strict=True)
    }


def told(difference: Difference, margin: float) -> Row | None:
    if math.isnan(difference.value):
        return None
    return {**difference.as_json(), "needs": more_scenes(difference, margin)}


def more_scenes(difference: Difference, margin: float) -> int | None:
    """Scenes until the interval's lower end would lie above -margin, were the difference as it is.

    None where it never would: what is seen loses more than the margin by itself.
    """
    reach, room = difference.value - difference.low, difference.value + margin
    return needed_scenes([reach], [difference.scenes], [room])[0]
