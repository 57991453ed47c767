"""Judge a model and every mask of the catalogue by the labels of one split, tile by tile.

Nothing but counts is kept of a tile, so memory doesn't grow with their number.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.beside import beside
from labelling.compute.comparing.rivals import Mask, Rival, rivals_of
from labelling.compute.comparing.tables import head, row_of, with_holm
from labelling.compute.lines import Meter
from training.errors import EmptySnapshot
from training.evaluate import check_same_kind, samples_of
from training.evaluation.evidence import Evidence
from training.evaluation.judge import Predicted, predictions, truths
from training.evaluation.report import suite
from training.evaluation.resampling import Resampling
from training.evaluation.scheme import Scheme
from training.evaluation.slices import abouts
from training.predict import Ensemble, load
from training.snapshot import IGNORE, Sample, Snapshot, open_snapshot

REPORT = "comparison.json"


@dataclass(frozen=True)
class Request:
    """What a comparing child is asked for; the JSON file's keys."""

    snapshot: Path
    split: str
    masks: list[Mask]
    model: Path | None = None
    learnt: Path | None = None
    """Folder of the snapshot that the model was trained on."""
    training_seconds: float | None = None
    geometry: bool = True
    """Whether boundaries, buffers, objects and shadows are looked at, or pixels alone."""
    resampling: Resampling = field(default_factory=Resampling)

    @classmethod
    def read(cls, content: dict[str, Any]) -> Request:
        paths = {
            name: Path(content[name]) if content.get(name) else None for name in ("model", "learnt")
        }
        masks = [Mask(**{**each, "provides": tuple(each["provides"])}) for each in content["masks"]]
        return cls(
            **{
                **content,
                **paths,
                "snapshot": Path(content["snapshot"]),
                "masks": masks,
                "resampling": Resampling(**content.get("resampling", {})),
            }
        )


@dataclass
class Stopwatch:
    """Time that the model takes with reading what it is given, but without judging."""

    seconds: float = 0.0
    pixels: int = 0
    tiles: int = 0

    def time(self, stream: Iterator[Predicted]) -> Iterator[Predicted]:
        while True:
            began = time.perf_counter()
            predicted = next(stream, None)
            if predicted is None:
                return
            self.note(time.perf_counter() - began, predicted.size)
            yield predicted

    def note(self, seconds: float, pixels: int) -> None:
        # The first tile warms the model up, and is counted only where it is the only one.
        if self.tiles == 1:
            self.seconds, self.pixels = 0.0, 0
        self.seconds += seconds
        self.pixels += pixels
        self.tiles += 1

    def cost(self) -> dict[str, Any]:
        """Peak memory is the whole process's, libraries included."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "seconds_per_mpix": round(1e6 * self.seconds / max(self.pixels, 1), 4),
            "peak_mib": round(peak / 1024, 1),
            "measured": "in this run, reading included; the whole process's memory",
        }


def compare(content: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write `comparison.json`, whole or not at all. Raises Refusal, WorkbenchError."""
    request = Request.read(content)
    report = report_of(request)
    with beside(out / REPORT) as draft:
        draft.write_text(json.dumps(report, ensure_ascii=False, allow_nan=False))
        draft.rename(out / REPORT)
    return {"tiles": report["tiles"], "masks": len(report["masks"])}


def report_of(request: Request) -> dict[str, Any]:
    snapshot = open_snapshot(request.snapshot)
    samples = samples_of(snapshot, request.split)
    ensemble = load(request.model) if request.model else None
    if ensemble:
        check_same_kind(ensemble, snapshot)
    scheme = Scheme.of(snapshot.classes)
    rivals = rivals_of(request.masks, scheme, geometry=request.geometry, model=ensemble is not None)
    model, watch = judge(snapshot, samples, ensemble, rivals, request)
    entries = abouts(snapshot)
    sources = {str(entries[each.key].entry.get("source", "")) for each in samples}
    how = request.resampling
    rows = [row_of(rival, how, sources) for rival in rivals]
    return {
        "split": request.split,
        "synthetic": snapshot.synthetic,
        "label_sources": sorted(sources),
        **head(model, how),
        "model": model_row(model, watch, request, samples) if ensemble else None,
        "masks": with_holm(rows),
    }


def judge(
    snapshot: Snapshot,
    samples: Sequence[Sample],
    ensemble: Ensemble | None,
    rivals: Sequence[Rival],
    request: Request,
) -> tuple[Evidence, Stopwatch]:
    """Show every tile to the model and to all rivals; returns the model's evidence.

    Raises EmptySnapshot where no pixel of the split is labelled.
    """
    evidence = Evidence(Scheme.of(snapshot.classes), geometry=request.geometry and bool(ensemble))
    meter, watch = Meter("compare", len(samples)), Stopwatch()
    said = watch.time(predictions(ensemble, snapshot, samples)) if ensemble else nobody(samples)
    labelled = False
    for done, (sample, truth, predicted) in enumerate(
        zip(samples, truths(snapshot, samples), said, strict=True), start=1
    ):
        labelled |= bool((truth.label != IGNORE).any())
        # Without a model the labels themselves are counted, for what they hold.
        evidence.add(truth, truth.label if predicted is None else predicted)
        for rival in rivals:
            rival.judge(sample.key, truth, predicted)
        meter.show(done)
    if not labelled:
        raise EmptySnapshot(
            f"No pixel of split {request.split!r} is labelled: label tiles there first.",
            field="split",
        )
    return evidence, watch


def nobody(samples: Sequence[Sample]) -> Iterator[NDArray[np.uint8] | None]:
    """No prediction for each sample."""
    yield from (None for _ in samples)


def model_row(
    evidence: Evidence, watch: Stopwatch, request: Request, samples: Sequence[Sample]
) -> dict[str, Any]:
    assert request.model is not None
    learnt = seen_before(request.learnt, request.snapshot, samples)
    scenes = scenes_seen(request.learnt, samples)
    return {
        "cost": {**watch.cost(), "training_seconds": request.training_seconds},
        "trained_on_these_data": None if learnt is None else bool(learnt),
        "trained_on_tiles": learnt,
        "trained_on_scenes": scenes,
        "suite": suite(evidence, request.resampling),
    }


def seen_before(learnt: Path | None, judged: Path, samples: Sequence[Sample]) -> int | None:
    """How many of these tiles lie where the model was fitted; None: its snapshot isn't known."""
    if learnt is None:
        return None
    taught, entries = open_snapshot(learnt), abouts(open_snapshot(judged))
    known = abouts(taught)
    places = {place_of(known[each.key].entry) for each in taught.of_split("pool")}
    return sum(place_of(entries[each.key].entry) in places for each in samples)


def scenes_seen(learnt: Path | None, samples: Sequence[Sample]) -> int | None:
    """Of how many of these scenes the model was fitted on tiles, of the same ground or of other;
    None: its snapshot isn't known."""
    if learnt is None:
        return None
    return len({each.group for each in samples} & open_snapshot(learnt).scenes_of("pool"))


def place_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("place") or entry["key"])
