"""A model against the labels of a split."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluate import judged_label
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.scheme import NOTHING, Scheme
from training.evaluation.slices import about, abouts
from training.files import write_whole
from training.planes import input_of
from training.predict import Ensemble
from training.snapshot import Sample, Snapshot
from training.survey import valid_pixels

Predicted = NDArray[np.uint8]


def evidence_of(ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample]) -> Evidence:
    """Judge every sample with the likeliest class of the members' mean."""
    evidence = Evidence(Scheme.of(snapshot.classes))
    for truth, predicted in zip(
        truths(snapshot, samples), predictions(ensemble, snapshot, samples), strict=True
    ):
        evidence.add(truth, predicted)
    return evidence


def truths(snapshot: Snapshot, samples: Sequence[Sample]) -> Iterator[Truth]:
    scheme, known = Scheme.of(snapshot.classes), abouts(snapshot)
    for sample in samples:
        label, told = judged_label(snapshot, sample), about(sample, known)
        yield Truth(sample.group, label, told.sun(), told.slices(label, scheme))


def predictions(
    ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample]
) -> Iterator[Predicted]:
    """(H, W) channel indices, NOTHING where there is no data."""
    stream = ensemble.stream(input_of(snapshot, sample, ensemble.layout) for sample in samples)
    for sample, (probabilities, _) in zip(samples, stream, strict=True):
        channels = probabilities.mean(dim=0).argmax(dim=0).cpu().numpy().astype(np.uint8)
        channels[~valid_pixels(snapshot.read_bands(sample))] = NOTHING
        yield channels


def write_report(path: Path, report: dict[str, object]) -> None:
    """Whole or not at all. Raises OSError."""
    write_whole(path, json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False).encode())
