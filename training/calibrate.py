"""One temperature a member, and how far probabilities were from frequencies before and after.

M members, K classes, P labelled pixels of held-out tiles, G groups (scenes) they come from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from training.evaluate import judged_label
from training.planes import input_of
from training.predict import Ensemble
from training.snapshot import IGNORE, Sample, Snapshot

Report = Callable[[int], None]

COOLEST, HOTTEST = 0.5, 5.0
"""Bounds of a temperature: beyond them it is the model or its validation that is wrong."""
PIXELS_A_TILE = 4096
"""Pixels of a tile that calibration looks at: neighbours say the same again."""
BINS = 15
"""Of equal mass, for the calibration error."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Logits and labels of pixels that no member learnt from."""

    logits: Tensor  # (M, K, P) float32
    label: Tensor  # (P,) int64
    group: NDArray[np.int64]  # (P,) 0 … G - 1

    def only(self, rows: NDArray[np.bool_]) -> "Evidence":
        kept = torch.from_numpy(rows)
        return Evidence(self.logits[:, :, kept], self.label[kept], self.group[rows])

    def probabilities(self, temperatures: Sequence[float]) -> NDArray[np.float32]:
        """(K, P): mean over the members, each at its own temperature."""
        heat = torch.tensor(temperatures)[:, None, None]
        mean: NDArray[np.float32] = torch.softmax(self.logits / heat, dim=1).mean(dim=0).numpy()
        return mean

    def temperatures(self) -> list[float]:
        """Of least negative log-likelihood, one a member; 1 where there is no pixel."""
        if not len(self.label):
            return [1.0] * len(self.logits)
        return [_temperature(z.T, self.label) for z in self.logits]


def calibrate(
    ensemble: Ensemble,
    snapshot: Snapshot,
    samples: Sequence[Sample],
    *,
    seed: int,
    report: Report,
) -> list[float]:
    """One temperature a member, least negative log-likelihood on the labels of `samples`.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Without a labelled pixel
    each is 1. Pixels are drawn by the seed, at most PIXELS_A_TILE a tile.
    """
    return gathered(ensemble, snapshot, samples, seed=seed, report=report).temperatures()


def gathered(
    ensemble: Ensemble,
    snapshot: Snapshot,
    samples: Sequence[Sample],
    *,
    seed: int,
    report: Report,
) -> Evidence:
    """What calibration looks at; the ensemble's own temperatures play no part."""
    rng = np.random.default_rng(seed)
    groups = {name: n for n, name in enumerate(sorted({sample.group for sample in samples}))}
    members, classes = len(ensemble.networks), len(ensemble.classes)
    logits, labels = [torch.zeros(members, classes, 0)], [torch.zeros(0, dtype=torch.int64)]
    owners = [np.zeros(0, dtype=np.int64)]
    for number, sample in enumerate(samples):
        label = judged_label(snapshot, sample).reshape(-1)
        places = np.flatnonzero(label != IGNORE)
        if len(places):
            chosen = rng.choice(places, min(PIXELS_A_TILE, len(places)), replace=False)
            z = ensemble.logits(input_of(snapshot, sample, ensemble.layout)).flatten(2)
            logits.append(z[:, :, torch.from_numpy(chosen).to(z.device)].cpu())
            labels.append(torch.from_numpy(label[chosen].astype(np.int64)))
            owners.append(np.full(len(chosen), groups[sample.group]))
        report(number + 1)
    return Evidence(torch.cat(logits, dim=2), torch.cat(labels), np.concatenate(owners))


def calibration_report(evidence: Evidence, class_names: Sequence[str]) -> dict[str, Any] | None:
    """Error per class before and after the temperatures; None without a labelled pixel.

    `after` is cross-fitted: scenes fall into two halves, each judged with temperatures fitted on
    the other. With a single scene it is judged where it was fitted, and `held_out` is false.
    """
    if not len(evidence.label):
        return None
    scenes = np.unique(evidence.group)
    ones = [1.0] * len(evidence.logits)
    before = evidence.probabilities(ones)
    after = _cross_fitted(evidence, scenes) if len(scenes) > 1 else None
    held_out = after is not None
    if after is None:
        after = evidence.probabilities(evidence.temperatures())
    truth = evidence.label.numpy()
    return {
        "estimator": f"one class against the rest, {BINS} bins of equal mass, mean |gap|",
        "pixels": len(truth),
        "scenes": len(scenes),
        "held_out": held_out,
        "ece_before": _by_class(before, truth, class_names),
        "ece_after": _by_class(after, truth, class_names),
        "bins_before": _bins_by_class(before, truth, class_names),
        "bins_after": _bins_by_class(after, truth, class_names),
    }


def calibration_error(probability: NDArray[Any], truth: NDArray[np.bool_]) -> float:
    """Mean distance of mean probability and frequency over BINS bins of equal mass, 0 … 1.

    (P,) each, P >= 1. The adaptive, class-wise form of Nixon et al., "Measuring Calibration in
    Deep Learning", CVPR workshops 2019. Sampling noise in a bin is part of it: few pixels
    make it larger than it is.
    """
    bins = reliability(probability, truth)
    return sum(abs(said - seen) * pixels for said, seen, pixels in bins) / len(truth)


def reliability(
    probability: NDArray[Any], truth: NDArray[np.bool_]
) -> list[tuple[float, float, int]]:
    """[(mean probability, frequency, pixels)] of at most BINS bins of equal mass, ascending."""
    order = np.argsort(probability, kind="stable")
    return [
        (
            float(probability[chosen].mean(dtype=np.float64)),
            float(truth[chosen].mean()),
            len(chosen),
        )
        for chosen in np.array_split(order, min(BINS, len(order)))
    ]


def _cross_fitted(evidence: Evidence, scenes: NDArray[np.int64]) -> NDArray[np.float32]:
    """(K, P), each half of the scenes at the temperatures of the other."""
    first = np.isin(evidence.group, scenes[::2])
    found = np.empty(evidence.logits.shape[1:], dtype=np.float32)
    for half in (first, ~first):
        fitted = evidence.only(~half).temperatures()
        found[:, half] = evidence.only(half).probabilities(fitted)
    return found


def _by_class(
    probabilities: NDArray[np.float32], truth: NDArray[np.int64], names: Sequence[str]
) -> dict[str, float]:
    return {
        name: round(calibration_error(probabilities[k], truth == k), 6)
        for k, name in enumerate(names)
    }


def _bins_by_class(
    probabilities: NDArray[np.float32], truth: NDArray[np.int64], names: Sequence[str]
) -> dict[str, list[list[float]]]:
    """{class: [[mean probability, frequency, pixels]]}: what a reliability diagram is drawn of."""
    return {
        name: [
            [round(said, 5), round(seen, 5), pixels]
            for said, seen, pixels in reliability(probabilities[k], truth == k)
        ]
        for k, name in enumerate(names)
    }


def _temperature(logits: Tensor, label: Tensor) -> float:
    """(P, K), (P,) -> the temperature in COOLEST … HOTTEST."""

    def surprise(log_temperature: float) -> float:
        return float(torch.nn.functional.cross_entropy(logits / np.exp(log_temperature), label))

    found = minimize_scalar(
        surprise,
        bounds=(np.log(COOLEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return round(float(np.exp(found.x)), 4)
