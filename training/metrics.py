"""Agreement between truth and prediction, all of it read off one pooled confusion matrix.

Counts are summed over all tiles before anything is divided: a tile without shadow says nothing
about shadow, instead of counting as a perfect or an empty score.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.snapshot import IGNORE

Ratios = NDArray[np.float64]  # (K,), nan where the class occurs in neither mask


def confusion(truth: NDArray[np.uint8], predicted: NDArray[Any], *, classes: int) -> "Agreement":
    """Count every pixel whose truth is not IGNORE; both (…) channel indices below `classes`."""
    judged = truth != IGNORE
    pairs = classes * truth[judged].astype(np.int64) + predicted[judged]
    return Agreement(np.bincount(pairs, minlength=classes**2).reshape(classes, classes))


@dataclass(frozen=True)
class Agreement:
    """Pixel counts, and what they say; two of them add up."""

    matrix: NDArray[np.int64]
    """(K, K): row = truth, column = prediction."""

    @classmethod
    def empty(cls, classes: int) -> "Agreement":
        return cls(np.zeros((classes, classes), dtype=np.int64))

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(self.matrix + other.matrix)

    @property
    def pixels(self) -> int:
        return int(self.matrix.sum())

    @property
    def iou(self) -> Ratios:
        hits = self.matrix.diagonal()
        return _ratio(hits, self.matrix.sum(axis=0) + self.matrix.sum(axis=1) - hits)

    @property
    def recall(self) -> Ratios:
        """Producer's accuracy: nan where the class is not in the truth."""
        return _ratio(self.matrix.diagonal(), self.matrix.sum(axis=1))

    @property
    def precision(self) -> Ratios:
        """User's accuracy: nan where the class was never predicted."""
        return _ratio(self.matrix.diagonal(), self.matrix.sum(axis=0))

    @property
    def f1(self) -> Ratios:
        hits = self.matrix.diagonal()
        return _ratio(2 * hits, self.matrix.sum(axis=0) + self.matrix.sum(axis=1))

    @property
    def class_mean_iou(self) -> float:
        """Mean IoU of the classes *present in the truth*; nan where no pixel was judged.

        A class only predicted lowers the IoU of those it was mistaken for, and is not counted
        again as a zero: the set of classes averaged depends on the data alone, so two models on
        the same tiles are averaged over the same classes.
        """
        present = self.matrix.sum(axis=1) > 0
        return float(self.iou[present].mean()) if present.any() else float("nan")

    @property
    def accuracy(self) -> float:
        return float(self.matrix.trace() / self.pixels) if self.pixels else float("nan")

    def as_json(self, names: list[str]) -> dict[str, Any]:
        """Plain numbers by class name; null stands for nan."""
        return {
            "class_mean_iou": _plain(self.class_mean_iou),
            "accuracy": _plain(self.accuracy),
            "iou": _named(names, self.iou),
            "precision": _named(names, self.precision),
            "recall": _named(names, self.recall),
            "f1": _named(names, self.f1),
            "confusion": self.matrix.tolist(),
            "pixels": self.pixels,
        }


def _ratio(above: NDArray[np.int64], below: NDArray[np.int64]) -> Ratios:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _named(names: list[str], values: Ratios) -> dict[str, float | None]:
    return {name: _plain(float(value)) for name, value in zip(names, values, strict=True)}


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
