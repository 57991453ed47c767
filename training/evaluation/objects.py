"""Whether small clouds are found: the truth's cloud objects by their area."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from training.evaluation.counts import AREAS, Whole
from training.evaluation.scheme import Channels, Scheme, judged

ALL_AROUND = np.ones((3, 3), dtype=bool)
ENOUGH = 0.5
"""Share of an object's pixels called cloud (of any thickness) from which on it is found."""


def object_counts(truth: Channels, predicted: Channels, *, scheme: Scheme) -> Whole:
    """(A + 1, 4), see `Counts.objects`.

    An object is a connected (8) patch of cloud of any thickness. One that touches the tile's edge
    or a pixel that isn't judged goes to the last row.
    """
    counts = np.zeros((len(AREAS) + 1, 4), dtype=np.int64)
    seen = judged(truth, predicted)
    objects, number = label(np.isin(truth, scheme.clouds) & seen, ALL_AROUND)
    if not number:
        return counts
    called = np.isin(predicted, scheme.clouds)
    area = np.bincount(objects.ravel(), minlength=number + 1)[1:]
    hit = np.bincount(objects[called], minlength=number + 1)[1:]
    row = np.searchsorted(AREAS, area, side="right") - 1
    row[cut_off(objects, seen, number)] = len(AREAS)
    found = hit >= ENOUGH * area
    for column, values in enumerate((np.ones_like(area), found, area, hit)):
        counts[:, column] = np.bincount(row, weights=values, minlength=len(AREAS) + 1)
    return counts


def cut_off(objects: NDArray[np.int32], seen: NDArray[np.bool_], number: int) -> NDArray[np.bool_]:
    """(number,): objects whose size isn't known, because they go on where nobody looked."""
    # What lies outside the tile is unseen, too.
    unseen = np.pad(~seen, 1, constant_values=True)
    open_ends = binary_dilation(unseen, ALL_AROUND)[1:-1, 1:-1]
    touched = np.unique(objects[open_ends])
    return np.isin(np.arange(1, number + 1), touched)
