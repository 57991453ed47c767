"""How sure an IoU is that few scenes were judged for: scenes are drawn again and again, whole."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.resampling import FEWEST, Resampling, percentiles
from training.metrics import Agreement

Range = list[float] | None
"""[low, high] of a figure, 0…1; None: it can't be said."""


def iou_intervals(
    scenes: Sequence[Agreement], names: Sequence[str], how: Resampling | None = None
) -> dict[str, Any]:
    """{scenes, level, class_mean_iou: Range, iou: {class name: Range}} over resampled scenes.

    One Agreement a scene; the cluster bootstrap with percentile intervals of
    training/evaluation/resampling.py. The mean is over the classes that the truth holds in all
    scenes together; resamples that lack one of them say nothing of it. Below FEWEST scenes no
    interval is given.
    """
    how = how or Resampling()
    told: dict[str, Any] = {"scenes": len(scenes), "level": how.level}
    if len(scenes) < FEWEST:
        return {**told, "class_mean_iou": None, "iou": dict.fromkeys(names)}
    matrices = np.stack([scene.matrix for scene in scenes])
    drawn = np.tensordot(how.weights(len(scenes)), matrices, axes=1)  # (draws, K, K)
    iou = _iou(drawn)
    present = matrices.sum(axis=(0, 2)) > 0
    mean = iou[:, present].mean(axis=1) if present.any() else np.full(len(iou), np.nan)
    return {
        **told,
        "class_mean_iou": _range(mean, how),
        "iou": {name: _range(iou[:, k], how) for k, name in enumerate(names)},
    }


def _iou(matrices: NDArray[np.int64]) -> NDArray[np.float64]:
    """(draws, K, K) -> (draws, K), nan where the truth holds none of the class."""
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    truth = matrices.sum(axis=2)
    union = truth + matrices.sum(axis=1) - hits
    return np.divide(hits, union, out=np.full(hits.shape, np.nan), where=truth > 0)


def _range(values: NDArray[np.float64], how: Resampling) -> Range:
    if np.isnan(values).all():
        return None
    low, high = percentiles(values, level=how.level)
    return [round(float(low), 6), round(float(high), 6)]
