"""Where a model that never saw a label is sure that the label is wrong.

After Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
JAIR 70 (2021), section 3.1: with t_j the mean probability of class j over the pixels labelled j, a
pixel labelled i counts as j's where p_j >= t_j, j being the likeliest of the classes that reach
their threshold; for i != j its label is taken for an error. Thresholds of each class make up for a
model that is surer of one class than of another. Ours are two things: j must be likelier than i,
too (a rare class has a threshold so low that half a tile reaches it), and how pixels become a
tile's number.

K classes, H and W in pixels. Channel k is the k-th class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from al_engine.boundaries import near_boundary
from training.snapshot import IGNORE

Label = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Probabilities = NDArray[np.float32]

LEAST_PATCH = 9
"""Pixels of a patch that is worth a second look: what is smaller is speckle."""
CONFIRMED = 2
"""Provenance of pixels that were a pre-label's, and that their author left as they were."""


def judged_pixels(label: Label, border: int) -> Flags:
    """(H, W) labelled pixels with no other code within `border` pixels, diagonals included."""
    near = near_boundary(label, border) if border else np.zeros_like(label)
    return np.asarray((label != IGNORE) & (near == 0))


@dataclass(frozen=True)
class Confidence:
    """What the thresholds are made of: sums over out-of-fold pixels, by the class they carry."""

    total: NDArray[np.float64]
    """(K,) sum of the probability of a pixel's own class."""
    pixels: NDArray[np.int64]
    """(K,)"""

    @classmethod
    def none(cls, classes: int) -> Confidence:
        return cls(np.zeros(classes), np.zeros(classes, dtype=np.int64))

    def __add__(self, other: Confidence) -> Confidence:
        return Confidence(self.total + other.total, self.pixels + other.pixels)

    def thresholds(self) -> NDArray[np.float64]:
        """(K,) t_j; infinite for a class that no pixel carries: nothing is sure to be of it."""
        known = np.full(len(self.pixels), np.inf)
        return np.divide(self.total, self.pixels, out=known, where=self.pixels > 0)


def confidence_of(probabilities: Probabilities, label: Label, judged: Flags) -> Confidence:
    """`probabilities` (K, H, W) sum to 1 over K."""
    classes = len(probabilities)
    carried = label[judged]
    own = probabilities[:, judged][carried, np.arange(carried.size)].astype(np.float64)
    return Confidence(
        np.bincount(carried, weights=own, minlength=classes),
        np.bincount(carried, minlength=classes).astype(np.int64),
    )


@dataclass(frozen=True)
class Patch:
    """Connected pixels that carry one class and are seen as another."""

    given: int
    seen: int
    pixels: int
    row: int
    col: int
    """A pixel of it: its middle one in reading order."""


@dataclass(frozen=True)
class Doubt:
    """What the model says against a tile's label."""

    doubtfulness: float
    """0 … 1: the sum over doubted pixels of p(seen) - p(given), by the judged pixels."""
    judged: int
    doubted: int
    confirmed: int
    """Of the doubted pixels those where a pre-label was left as it was: rather the old model's
    mistake, overlooked, than a person's."""
    pairs: NDArray[np.int64]
    """(K, K) doubted pixels, row the class given, column the class seen."""
    labelled: NDArray[np.int64]
    """(K,) judged pixels of each class."""
    largest: Patch | None


def doubt_of(
    probabilities: Probabilities,
    label: Label,
    judged: Flags,
    thresholds: NDArray[np.float64],
    provenance: Label | None = None,
) -> Doubt:
    """`label` (H, W) channels, `provenance` (H, W) or None where it isn't known.

    Doubted are the pixels of which the above holds, in patches of one kind (class
    given, class seen; neighbours share a side) of LEAST_PATCH pixels or more.
    """
    classes = len(probabilities)
    seen = confidently_seen(probabilities, thresholds)
    suspect = judged & (seen != IGNORE) & likelier(probabilities, seen, label)
    doubted, largest = patched(label, seen, suspect)
    given, other = label[doubted].astype(int), seen[doubted].astype(int)
    chances = probabilities[:, doubted]
    among = np.arange(given.size)
    margin = chances[other, among] - chances[given, among]
    pixels = int(judged.sum())
    pairs = np.bincount(given * classes + other, minlength=classes**2)
    kept = 0 if provenance is None else int((provenance[doubted] == CONFIRMED).sum())
    return Doubt(
        doubtfulness=float(margin.sum(dtype=np.float64)) / max(pixels, 1),
        judged=pixels,
        doubted=int(given.size),
        confirmed=kept,
        pairs=pairs.reshape(classes, classes).astype(np.int64),
        labelled=np.bincount(label[judged], minlength=classes).astype(np.int64),
        largest=largest,
    )


def confidently_seen(probabilities: Probabilities, thresholds: NDArray[np.float64]) -> Label:
    """(H, W) the likeliest channel of those that reach their threshold; IGNORE where none does."""
    reached = np.where(probabilities >= thresholds[:, None, None], probabilities, -1)
    best = reached.argmax(axis=0)
    seen: Label = np.where(reached.max(axis=0) < 0, IGNORE, best).astype(np.uint8)
    return seen


def likelier(probabilities: Probabilities, seen: Label, label: Label) -> Flags:
    """(H, W) where the class seen is likelier than the one given; of no meaning where either is
    IGNORE."""
    last = len(probabilities) - 1
    one, other = (
        np.take_along_axis(probabilities, np.minimum(plane, last)[None].astype(np.intp), axis=0)[0]
        for plane in (seen, label)
    )
    return np.asarray(one > other)


def patched(label: Label, seen: Label, suspect: Flags) -> tuple[Flags, Patch | None]:
    """The suspect pixels in patches that are large enough, and the largest patch."""
    doubted, largest = np.zeros_like(suspect), None
    for given, other in kinds(label, seen, suspect):
        numbered, count = ndimage.label(suspect & (label == given) & (seen == other))
        sizes = np.bincount(numbered.ravel(), minlength=count + 1)
        sizes[0] = 0
        doubted |= (sizes >= LEAST_PATCH)[numbered]
        first = int(sizes.argmax())
        size = int(sizes[first])
        if size >= LEAST_PATCH and (largest is None or size > largest.pixels):
            rows, cols = np.nonzero(numbered == first)
            middle = size // 2
            largest = Patch(given, other, size, int(rows[middle]), int(cols[middle]))
    return doubted, largest


def kinds(label: Label, seen: Label, suspect: Flags) -> Iterator[tuple[int, int]]:
    """(class given, class seen) of the suspect pixels."""
    pairs = np.unique(label[suspect].astype(int) * 256 + seen[suspect])
    yield from (divmod(int(pair), 256) for pair in pairs)


def doubt_facts(doubt: Doubt, names: Sequence[str]) -> dict[str, Any]:
    """As the ranking's row has it; `names` of the K classes."""
    worst = sorted(zip(*np.nonzero(doubt.pairs)), key=lambda pair: -doubt.pairs[pair])
    by_class = doubt.pairs.sum(axis=1)
    largest = doubt.largest
    return {
        "doubtfulness": round(doubt.doubtfulness, 6),
        "judged": doubt.judged,
        "doubted": doubt.doubted,
        "confirmed": doubt.confirmed,
        "pairs": [
            {"given": names[i], "seen": names[j], "pixels": int(doubt.pairs[i, j])}
            for i, j in worst
        ],
        "classes": {
            names[k]: round(int(by_class[k]) / int(doubt.labelled[k]), 6)
            for k in range(len(names))
            if doubt.labelled[k]
        },
        "largest": None
        if largest is None
        else {
            "given": names[largest.given], "seen": names[largest.seen],
            "pixels": largest.pixels, "row": largest.row, "col": largest.col,
        },
    }  # fmt: skip
