"""Judge tiles one by one, and keep what they say by scene and by slice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.evaluation.boundary import boundary_counts
from training.evaluation.buffers import buffer_counts
from training.evaluation.counts import Counts, SceneCounts, Whole
from training.evaluation.objects import object_counts
from training.evaluation.scheme import NOTHING, Channels, Scheme
from training.evaluation.sunward import Sun, shadow_counts
from training.snapshot import IGNORE


@dataclass(frozen=True, eq=False)
class Truth:
    """A labelled tile, as it is judged by."""

    scene: str
    label: Channels
    """(H, W) channel indices, IGNORE where nothing is known."""
    sun: Sun | None = None
    """None: not known."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """{axis: value}, such as {"month": "06"}: figures are also given for each value alone."""


def pixel_counts(truth: Channels, predicted: Channels, *, classes: int) -> Whole:
    """(K, K + 1), see `Counts.pixels`."""
    known = truth != IGNORE
    column = np.where(predicted[known] == NOTHING, classes, predicted[known]).astype(np.int64)
    row = truth[known].astype(np.int64)
    cells = np.bincount((classes + 1) * row + column, minlength=classes * (classes + 1))
    return cells.reshape(classes, classes + 1).astype(np.int64)


@dataclass
class Evidence:
    """What tiles said of one mask; grows by a few hundred numbers a scene, whatever their size."""

    scheme: Scheme
    geometry: bool = True
    """Whether boundaries, buffers, objects and shadows are looked at, or pixels alone."""
    tiles: int = 0
    _scenes: dict[str, Counts] = field(default_factory=dict)
    _slices: dict[tuple[str, str], dict[str, Whole]] = field(default_factory=dict)

    def add(self, truth: Truth, predicted: Channels) -> None:
        """Judge `predicted` (H, W): channel indices, 255 where it says nothing."""
        counts = self._counts(truth, predicted)
        self.tiles += 1
        before = self._scenes.get(truth.scene)
        self._scenes[truth.scene] = counts if before is None else before + counts
        for axis, value in truth.slices.items():
            scenes = self._slices.setdefault((axis, value), {})
            scenes[truth.scene] = scenes.get(truth.scene, 0) + counts.pixels

    def _counts(self, truth: Truth, predicted: Channels) -> Counts:
        classes = self.scheme.size
        pixels = pixel_counts(truth.label, predicted, classes=classes)
        empty = Counts.empty(classes)
        if not self.geometry:
            return Counts(pixels, empty.boundary, empty.buffer, empty.objects, empty.shadows)
        return Counts(
            pixels=pixels,
            boundary=boundary_counts(truth.label, predicted, classes=classes),
            buffer=buffer_counts(truth.label, predicted, scheme=self.scheme),
            objects=object_counts(truth.label, predicted, scheme=self.scheme),
            shadows=shadow_counts(predicted, truth.sun, scheme=self.scheme),
        )

    @property
    def scenes(self) -> list[SceneCounts]:
        """By name."""
        return [SceneCounts(name, counts) for name, counts in sorted(self._scenes.items())]

    @property
    def slices(self) -> dict[tuple[str, str], list[SceneCounts]]:
        """{(axis, value): scenes with the pixels of that slice alone}."""
        return {
            key: [SceneCounts(name, self._pixels_alone(n)) for name, n in sorted(scenes.items())]
            for key, scenes in sorted(self._slices.items())
        }

    def _pixels_alone(self, pixels: NDArray[np.int64]) -> Counts:
        empty = Counts.empty(self.scheme.size)
        return Counts(pixels, empty.boundary, empty.buffer, empty.objects, empty.shadows)
