"""The figures that an experiment can be about, by name; for all of them more is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labelling.errors import BadInput
from training.evaluation import statistics
from training.evaluation.counts import Counts, Ratios, SceneCounts, Statistic
from training.evaluation.report import shown_channels
from training.evaluation.resampling import FEWEST
from training.evaluation.scheme import Scheme
from training.evaluation.statistics import balanced_accuracy_of, mean_iou_of

MEANS: Mapping[str, Callable[[Sequence[int]], Statistic]] = {
    "class_mean_iou": mean_iou_of,
    "balanced_accuracy": balanced_accuracy_of,
}
"""Over the classes that enough scenes hold."""
PER_CLASS: Mapping[str, Callable[[Counts], Ratios]] = {
    "iou": statistics.class_iou,
    "f1": statistics.f1,
    "precision": statistics.precision,
    "recall": statistics.recall,
    "boundary_f1": statistics.boundary_f1,
}
"""Written with a class behind: `iou:shadow`."""
GEOMETRIC = "boundary_f1"


@dataclass(frozen=True)
class Metric:
    name: str
    statistic: Statistic
    over: tuple[str, ...]
    """Classes that it is of."""


def check_metric(name: str) -> None:
    """Raises BadInput for a name that is no metric; whether there is such a class is seen later."""
    kind, _, which = name.partition(":")
    if name in MEANS or (kind in PER_CLASS and which):
        return
    raise BadInput(
        f"There is no metric {name!r}.",
        field="metric",
        help=f"There are: {', '.join(MEANS)}, and {', '.join(PER_CLASS)} with a class behind, "
        "such as iou:cloud.",
    )


def needs_geometry(name: str) -> bool:
    """Whether tiles must be judged with their boundaries: four times slower."""
    return name.partition(":")[0] == GEOMETRIC


def metric_of(name: str, scenes: Sequence[SceneCounts], scheme: Scheme) -> Metric:
    """The metric on these scenes. Raises BadInput where too few of them hold the class."""
    shown = shown_channels(scenes, scheme)
    kind, _, which = name.partition(":")
    if which and which not in scheme.names:
        raise BadInput(
            f"The metric is {name}, but there is no class {which!r}.",
            field="metric",
            help=f"Classes are {', '.join(scheme.names)}.",
        )
    wanted = [scheme.names.index(which)] if which else shown
    if not wanted or not set(wanted) <= set(shown):
        raise BadInput(
            f"The metric is {name}, but fewer than {FEWEST} scenes of the validation split hold "
            f"{which or 'any one class'}.",
            field="metric",
            help="Label more scenes of that split, or choose another metric.",
        )
    statistic = MEANS[name](wanted) if name in MEANS else channel_of(kind, wanted[0])
    return Metric(name, statistic, tuple(scheme.names[k] for k in wanted))


def channel_of(kind: str, channel: int) -> Statistic:
    """One class of a figure, nan where the truth holds none of it."""

    def one(counts: Counts) -> Ratios:
        there = counts.pixels[..., channel, :].sum(axis=-1) > 0
        return np.where(there, PER_CLASS[kind](counts)[..., channel], np.nan)

    return one
