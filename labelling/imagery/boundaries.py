"""Two labels of one tile, pixel against pixel: where they differ, near class borders and far.

Codes of 254 (unsure) and 255 (not labelled) name no class: a pixel counts only where both labels
name one, and how much that leaves out is told beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from al_engine.boundaries import near_boundary
from labelling.imagery.labelfile import UNLABELLED, UNSURE

Plane = NDArray[np.uint8]
"""(height, width) class codes."""


def confusion(
    first: Plane, second: Plane, codes: Sequence[int], where: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(K, K) pixels in the order of `codes`: row the first's class, column the second's.

    Pixels to which either gives a code that isn't in `codes` are left out, as are those outside
    `where`.
    """
    place = np.full(256, -1)
    place[list(codes)] = np.arange(len(codes))
    rows, columns = place[first], place[second]
    both = (rows >= 0) & (columns >= 0)
    if where is not None:
        both &= where
    counts = np.bincount(rows[both] * len(codes) + columns[both], minlength=len(codes) ** 2)
    return counts.reshape(len(codes), len(codes)).astype(np.int64)


def away_from_borders(first: Plane, second: Plane, border: int) -> NDArray[np.bool_]:
    """Where neither label has another code within `border` pixels, diagonals included."""
    near = near_boundary(first, border) | near_boundary(second, border)
    return np.asarray(near == 0)


def tolerant_counts(label: Plane, truth: Plane, code: int, tolerance: float) -> dict[str, int]:
    """A class's pixels in a label and in the gold label `truth`, and how many of them are right.

    {label; hit: of those, within `tolerance` pixels of the class in `truth`; truth; found: of
    those, named so by `label`, or within `tolerance` both of the class's border in `truth` and of
    the class in `label`}. So a border may be off by that much, but a hole inside the class, or a
    fleck outside, costs its pixels. Distances are Euclidean between pixel centres. Only pixels that
    both labels name count.
    """
    named = (label < UNSURE) & (truth < UNSURE)
    says, is_true = label == code, truth == code
    near_border = _within(~is_true, tolerance) & _within(says, tolerance)
    return {
        "label": int((says & named).sum()),
        "hit": int((says & named & _within(is_true, tolerance)).sum()),
        "truth": int((is_true & named).sum()),
        "found": int((is_true & named & (says | near_border)).sum()),
    }


def f1(counts: dict[str, int]) -> float | None:
    """Harmonic mean of hit/label (precision) and found/truth (recall).

    None where neither label has the class, 0 where only one has it.
    """
    if not counts["label"] and not counts["truth"]:
        return None
    if not counts["hit"] or not counts["found"]:
        return 0.0
    precision, recall = counts["hit"] / counts["label"], counts["found"] / counts["truth"]
    return 2 * precision * recall / (precision + recall)


def gold_scores(
    label: Plane, truth: Plane, codes: Sequence[int], tolerance: float
) -> dict[str, Any]:
    """How well `label` meets the gold label `truth`.

    {classes: {code: counts with f1}, mean: of the F1 of the classes that the gold label has, None
    where no pixel is named by both; named: share of the gold label's pixels that `label` names}.
    A class that isn't in the gold label has no part in the mean: its false pixels are missing from
    the recall of the classes that are.
    """
    classes = {code: tolerant_counts(label, truth, code, tolerance) for code in codes}
    there = [f1(counts) for counts in classes.values() if counts["truth"]]
    sure = truth < UNSURE
    return {
        "classes": {str(code): {**counts, "f1": f1(counts)} for code, counts in classes.items()},
        "mean": sum(value for value in there if value is not None) / len(there) if there else None,
        "named": float((label[sure] < UNSURE).mean()) if sure.any() else 0.0,
    }


def edit_map(shown: Plane, final: Plane) -> Plane:
    """1 where the final label differs from the pre-label, 0 where it doesn't.

    255 where either says nothing: the pre-label has 255, or the final label.
    """
    silent = (shown == UNLABELLED) | (final == UNLABELLED)
    return np.where(silent, UNLABELLED, shown != final).astype(np.uint8)


def edits(shown: Plane, final: Plane, codes: Sequence[int]) -> dict[str, Any]:
    """{iou: {code: 0…1, None where neither has the class}, changed: share of the pixels where both
    say something, None where there are none; untouched: whether nothing changed}.
    """
    changed = edit_map(shown, final)
    spoken = changed != UNLABELLED
    share = float((changed[spoken] == 1).mean()) if spoken.any() else None
    return {
        "iou": {str(code): _iou(shown == code, final == code) for code in codes},
        "changed": share,
        "untouched": share == 0,
    }


@dataclass(frozen=True)
class Merged:
    """A label that several people's labels agree on."""

    label: Plane
    """254 where two codes have most votes, 255 where nobody voted."""
    provenance: Plane
    """Of the first label that has the pixel's code; where tied, of the first that says anything."""
    ties: float
    """0…1 of the pixels with a vote."""


def majority(labels: Sequence[Plane], provenances: Sequence[Plane]) -> Merged:
    """The code most labels give to each pixel; "unsure" votes like a class, 255 doesn't vote."""
    stack, made = np.stack(labels), np.stack(provenances)
    codes = np.unique(stack[stack != UNLABELLED])
    votes = np.stack([(stack == code).sum(axis=0) for code in codes]) if codes.size else None
    if votes is None:
        return Merged(labels[0].copy(), np.zeros_like(labels[0]), 0.0)
    most = votes.max(axis=0)
    voted, tied = most > 0, ((votes == most).sum(axis=0) > 1) & (most > 0)
    label = np.where(tied, UNSURE, codes[votes.argmax(axis=0)])
    label = np.where(voted, label, UNLABELLED).astype(np.uint8)
    speaks = np.where(tied, stack != UNLABELLED, stack == label)
    first = speaks.argmax(axis=0)
    provenance = np.take_along_axis(made, first[None], axis=0)[0]
    provenance = np.where(voted, provenance, 0).astype(np.uint8)
    return Merged(label, provenance, float(tied.sum() / max(voted.sum(), 1)))


def _within(mask: NDArray[np.bool_], tolerance: float) -> NDArray[np.bool_]:
    if not mask.any():
        return np.zeros_like(mask)
    return np.asarray(ndimage.distance_transform_edt(~mask) <= tolerance)


def _iou(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else None
