"""How well a model agrees with the labels of a split, and how sure it should be."""

from collections.abc import Callable, Sequence

import torch

from training.errors import BadSnapshot, EmptySnapshot
from training.held import check_held
from training.metrics import Agreement, confusion
from training.planes import input_of
from training.predict import Ensemble
from training.snapshot import IGNORE, Label, Sample, Snapshot
from training.survey import valid_pixels

Report = Callable[[int], None]


def judged_label(snapshot: Snapshot, sample: Sample) -> Label:
    """(H, W) channel indices, IGNORE where unlabelled or without data."""
    label = snapshot.read_label(sample)
    label[~valid_pixels(snapshot.read_bands(sample))] = IGNORE
    return label


def agreement(
    ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample], *, report: Report
) -> Agreement:
    """Pooled over all tiles: most probable class of the members' mean against the label."""
    scenes = agreement_by_scene(ensemble, snapshot, samples, report=report)
    return sum(scenes.values(), Agreement.empty(len(snapshot.classes)))


def agreement_by_scene(
    ensemble: Ensemble, snapshot: Snapshot, samples: Sequence[Sample], *, report: Report
) -> dict[str, Agreement]:
    """{scene: the same, pooled over its tiles}."""
    classes = len(snapshot.classes)
    scenes: dict[str, Agreement] = {}
    stream = ensemble.stream(input_of(snapshot, sample, ensemble.layout) for sample in samples)
    for number, (sample, (probabilities, _)) in enumerate(zip(samples, stream, strict=True)):
        predicted = probabilities.mean(dim=0).argmax(dim=0).to(torch.uint8).cpu().numpy()
        found = confusion(judged_label(snapshot, sample), predicted, classes=classes)
        scenes[sample.group] = scenes.get(sample.group, Agreement.empty(classes)) + found
        report(number + 1)
    return scenes


def check_same_kind(ensemble: Ensemble, snapshot: Snapshot) -> None:
    """Raises BadSnapshot where bands or classes are not those of the model, or where no sample
    has a plane that its features are made of."""
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
    check_held(card.layout.features, snapshot.samples)


def samples_of(snapshot: Snapshot, split: str) -> list[Sample]:
    """Raises EmptySnapshot where the split has none."""
    samples = snapshot.of_split(split)
    if not samples:
        raise EmptySnapshot(f"The snapshot has no sample in split {split!r}.", field="split")
    return samples
