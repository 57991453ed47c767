"""Find labels that are probably wrong: each is judged by a model that learnt without its scene.

What is finished of a fold is not done again: its model, its share of the thresholds and its rows
lie in the folder as files, each of them whole or not there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.lines import Meter, tell
from labelling.compute.mining_doubt import (
    LEAST_PATCH,
    Confidence,
    Flags,
    Label,
    Probabilities,
    confidence_of,
    doubt_facts,
    doubt_of,
    judged_pixels,
)
from labelling.compute.mining_folds import Fold, folds_of, write_fold
from labelling.imagery.tilefile import read_label
from training.checkpoint import Card
from training.config import FitConfig, read_config
from training.errors import BadCheckpoint, BadModel
from training.evaluate import judged_label
from training.evaluation.slices import abouts
from training.files import write_whole
from training.fit import fit
from training.planes import input_of
from training.predict import load
from training.snapshot import Sample, Snapshot, open_snapshot

REPORT = "mining.json"
CONFIDENCE, ROWS = "confidence.json", "rows.json"
Row = dict[str, Any]
Judged = tuple[Sample, Probabilities, Label, Flags]
"""A held-out tile: (K, H, W) probabilities, label, and the pixels that are judged."""
FORMULA = (
    "sum over the doubted pixels of p(class seen) - p(class given), by the judged pixels; doubted "
    "by confident learning (Northcutt, Jiang and Chuang, JAIR 70, 2021), in patches of "
    f"{LEAST_PATCH} px or more"
)


@dataclass(frozen=True)
class Request:
    """What a mining child is asked for; the JSON file's keys."""

    snapshot: Path
    training: dict[str, Any]
    """Settings of the fits."""
    labels: dict[str, str] = field(default_factory=dict)
    """{sample's key: what GDAL opens of its stored label}, for the provenance of its pixels."""
    folds: int = 5
    seed: int = 0
    border: int = 2
    """Pixels this near to a border of the label are not judged."""

    @classmethod
    def read(cls, content: dict[str, Any]) -> Request:
        return cls(**{**content, "snapshot": Path(content["snapshot"])})


def mine(content: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write `mining.json`: every labelled tile of the pool, the most doubtful first.

    Raises Refusal, WorkbenchError.
    """
    request = Request.read(content)
    report = Mining(request, open_snapshot(request.snapshot), out).report()
    written(out / REPORT, report)
    return {"tiles": report["tiles"], "doubted": report["doubted_tiles"]}


def written(path: Path, content: Any) -> None:
    write_whole(path, json.dumps(content, ensure_ascii=False, allow_nan=False).encode())


@dataclass(frozen=True)
class Mining:
    request: Request
    snapshot: Snapshot
    out: Path

    def report(self) -> dict[str, Any]:
        folds = folds_of(self.snapshot, folds=self.request.folds, seed=self.request.seed)
        cards = [self.taught(fold) for fold in folds]
        thresholds = self.confidence(folds, cards).thresholds()
        rows = self.rows(folds, cards, thresholds)
        known = np.isfinite(thresholds)
        names = self.snapshot.class_names
        return {
            "snapshot": self.snapshot.hash,
            "synthetic": self.snapshot.synthetic,
            "formula": FORMULA,
            "border": self.request.border,
            "thresholds": {
                name: round(float(t), 6) if there else None
                for name, t, there in zip(names, thresholds, known, strict=True)
            },
            "folds": [self.fold_facts(fold, card) for fold, card in zip(folds, cards, strict=True)],
            "tiles": len(rows),
            "doubted_tiles": sum(row["doubtfulness"] > 0 for row in rows),
            "rows": ranked(rows),
        }

    def fold_facts(self, fold: Fold, card: Card) -> dict[str, Any]:
        judged = card.content["metrics"]  # of validation tiles of other scenes; None: there is none
        return {
            "scenes": sorted(fold.scenes),
            "tiles": len(fold.held),
            "model": card.hash,
            "temperatures": list(card.temperatures),
            "calibrated": judged is not None,
            "class_mean_iou": judged and judged["class_mean_iou"],
        }

    def folder(self, fold: Fold) -> Path:
        return self.out / f"fold-{fold.number}"

    def taught(self, fold: Fold) -> Card:
        """The fold's model: the finished one, or the interrupted fit gone on with, or a new one."""
        folder = self.folder(fold)
        taught = write_fold(self.snapshot, fold, folder / "snapshot")
        config, report = self.config(), told_as(f"fold {fold.number + 1}")
        try:
            return fit(config, taught, folder, resume=folder, report=report)
        except (BadCheckpoint, BadModel):  # of other code or another device, or damaged
            shutil.rmtree(folder)
            taught = write_fold(self.snapshot, fold, folder / "snapshot")
            return fit(config, taught, folder, report=report)

    def config(self) -> FitConfig:
        """The campaign's own settings; only that a second, scratch arm would be of no use."""
        settings = {**self.request.training, "gain": False}
        words = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
        return read_config(None, words, seed=self.request.seed)

    def confidence(self, folds: Sequence[Fold], cards: Sequence[Card]) -> Confidence:
        """Over the held-out pixels of all folds."""
        total = Confidence.none(len(self.snapshot.classes))
        for fold, card in zip(folds, cards, strict=True):
            told = self.once(fold, CONFIDENCE, [card.hash], partial(self.sums, fold))
            total += Confidence(np.array(told["total"]), np.array(told["pixels"], dtype=np.int64))
        return total

    def sums(self, fold: Fold) -> dict[str, Any]:
        total = Confidence.none(len(self.snapshot.classes))
        for _, probabilities, label, judged in self.judged(fold, stage="thresholds"):
            total += confidence_of(probabilities, label, judged)
        return {"total": total.total.tolist(), "pixels": total.pixels.tolist()}

    def rows(
        self, folds: Sequence[Fold], cards: Sequence[Card], thresholds: NDArray[np.float64]
    ) -> list[Row]:
        # The thresholds are of all folds: with another model of any of them all rows are others.
        made_of = [card.hash for card in cards]
        found: list[Row] = []
        for fold in folds:
            found += self.once(fold, ROWS, made_of, partial(self.doubts, fold, thresholds))
        return found

    def doubts(self, fold: Fold, thresholds: NDArray[np.float64]) -> list[Row]:
        names, known = self.snapshot.class_names, abouts(self.snapshot)
        return [
            {
                "key": sample.key,
                "scene": sample.group,
                "annotation": known[sample.key].entry.get("annotation"),
                "source": sample.source,
                "fold": fold.number,
                **doubt_facts(
                    doubt_of(probabilities, label, judged, thresholds, self.provenance(sample)),
                    names,
                ),
            }
            for sample, probabilities, label, judged in self.judged(fold, stage="doubt")
        ]

    def judged(self, fold: Fold, *, stage: str) -> Iterator[Judged]:
        """Each held-out tile with what the fold's model says of it."""
        ensemble = load(self.folder(fold))
        meter = Meter(f"fold {fold.number + 1} {stage}", len(fold.held))
        stream = ensemble.stream(
            input_of(self.snapshot, sample, ensemble.layout) for sample in fold.held
        )
        for done, (sample, (members, _)) in enumerate(zip(fold.held, stream, strict=True), start=1):
            label = judged_label(self.snapshot, sample)
            judged = judged_pixels(label, self.request.border)
            yield sample, members.mean(dim=0).cpu().numpy(), label, judged
            meter.show(done)

    def provenance(self, sample: Sample) -> Label | None:
        """None where it isn't known, as in a snapshot that was carried here without labels."""
        raster = self.request.labels.get(sample.key)
        return None if raster is None else read_label(raster)[1]

    def once(self, fold: Fold, name: str, made_of: Sequence[str], make: Callable[[], Any]) -> Any:
        """What an earlier attempt made of the same models, or what `make` returns, kept."""
        path = self.folder(fold) / name
        if path.exists():
            kept = json.loads(path.read_bytes())
            if kept["made_of"] == list(made_of):
                return kept["content"]
        content = make()
        written(path, {"made_of": list(made_of), "content": content})
        return content


def told_as(stage: str) -> Callable[[Mapping[str, Any]], None]:
    """A fit's progress as this process's own; what else it says isn't for the parent."""

    def report(event: Mapping[str, Any]) -> None:
        if event["event"] == "progress":
            tell(**{**event, "stage": f"{stage} {event['stage']}"})

    return report


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The most doubtful first, equal ones by their key; `rank` counts from 1."""
    ordered = sorted(rows, key=lambda row: (-row["doubtfulness"], row["key"]))
    return [{"rank": rank, **row} for rank, row in enumerate(ordered, start=1)]
