"""How well a model agrees with the labels of a split, and how sure it should be."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from training.errors import BadSnapshot, EmptySnapshot
from training.metrics import Agreement, confusion
from training.predict import Ensemble
from training.snapshot import IGNORE, Label, Sample, Snapshot
from training.survey import valid_pixels

Report = Callable[[int], None]

COOLEST, HOTTEST = 0.5, 5.0
"""Bounds of a temperature: beyond them it is the model or its validation that is wrong."""
PIXELS_A_TILE = 4096
"""Pixels of a tile that calibration looks at: neighbours say the same again."""


def judged_label(snapshot: Snapshot, sample: Sample) -> Label:
    """(H, W) channel indices, IGNORE where unlabelled or without data."""
    label = snapshot.read_label(sample)
    label[~valid_pixels(snapshot.read_bands(sample))] = IGNORE
    return label


def agreement(
    ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample], *, report: Report
) -> Agreement:
    """Pooled over all tiles: most probable class of the members' mean against the label."""
    classes = len(snapshot.classes)
    total = Agreement.empty(classes)
    stream = ensemble.stream(snapshot.read_bands(sample) for sample in samples)
    for number, (sample, (probabilities, _)) in enumerate(zip(samples, stream, strict=True)):
        predicted = probabilities.mean(dim=0).argmax(dim=0).to(torch.uint8).cpu().numpy()
        total += confusion(judged_label(snapshot, sample), predicted, classes=classes)
        report(number + 1)
    return total


def check_same_kind(ensemble: Ensemble, snapshot: Snapshot) -> None:
    """Raises BadSnapshot where bands or classes are not those of the model."""
    card = ensemble.card
    if card is None:
        return
    for field, ours, theirs in (
        ("bands", card.bands, snapshot.bands),
        ("classes", card.classes, snapshot.classes),
    ):
        if ours != theirs:
            raise BadSnapshot(
                f"The model knows the {field} {ours}, the snapshot has {theirs}.", field=field
            )


def samples_of(snapshot: Snapshot, split: str) -> list[Sample]:
    """Raises EmptySnapshot where the split has none."""
    samples = snapshot.of_split(split)
    if not samples:
        raise EmptySnapshot(f"The snapshot has no sample in split {split!r}.", field="split")
    return samples


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
    rng = np.random.default_rng(seed)
    logits: list[Tensor] = []  # each (members, K, pixels)
    labels: list[Tensor] = []  # each (pixels,)
    for number, sample in enumerate(samples):
        label = judged_label(snapshot, sample).reshape(-1)
        places = np.flatnonzero(label != IGNORE)
        if len(places):
            chosen = rng.choice(places, min(PIXELS_A_TILE, len(places)), replace=False)
            z = ensemble.logits(snapshot.read_bands(sample)).flatten(2)
            logits.append(z[:, :, torch.from_numpy(chosen).to(z.device)].cpu())
            labels.append(torch.from_numpy(label[chosen].astype(np.int64)))
        report(number + 1)
    if not logits:
        return [1.0] * len(ensemble.networks)
    truth = torch.cat(labels)
    return [_temperature(z.T, truth) for z in torch.cat(logits, dim=2)]


def _temperature(logits: Tensor, label: Tensor) -> float:
    """(pixels, K), (pixels,) -> the temperature in COOLEST … HOTTEST."""

    def surprise(log_temperature: float) -> float:
        return float(torch.nn.functional.cross_entropy(logits / np.exp(log_temperature), label))

    found = minimize_scalar(
        surprise,
        bounds=(np.log(COOLEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return round(float(np.exp(found.x)), 4)
