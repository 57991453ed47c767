"""How well the outlines of classes lie, with a tolerance: pixel counts cannot see a ragged edge.

Boundary F1 as of Csurka, Larlus and Perronnin, "What is a good evaluation measure for semantic
segmentation?" (BMVC 2013), after the contour measure of Martin, Fowlkes and Malik (IEEE TPAMI 26,
2004): precision is the share of predicted boundary within the tolerance of the truth's, recall the
share of the truth's within it of the predicted; here summed over tiles before dividing.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from training.evaluation.counts import Whole
from training.evaluation.scheme import Channels, judged

TOLERANCE = 2.0
"""Pixels, centre to centre."""
BESIDE = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)

Flags = NDArray[np.bool_]


def boundary_counts(
    truth: Channels, predicted: Channels, *, classes: int, tolerance: float = TOLERANCE
) -> Whole:
    """(K, 4), see `Counts.boundary`.

    Boundary of a class are its pixels with a judged neighbour (4) of another class; the edge of
    the tile or of what isn't judged is none. Boundary within the tolerance of an unjudged pixel
    is matched with but not counted: its counterpart may lie where nobody looked.
    """
    seen = judged(truth, predicted)
    counted = np.ones_like(seen) if seen.all() else distance_transform_edt(seen) > tolerance
    rows = []
    for channel in range(classes):
        true = outline(truth == channel, seen)
        drawn = outline(predicted == channel, seen)
        rows.append(
            (*near(drawn, true, counted, tolerance), *near(true, drawn, counted, tolerance))
        )
    return np.array(rows, dtype=np.int64)


def outline(member: Flags, seen: Flags) -> Flags:
    """Pixels of a class with a neighbour, of those seen, that isn't of it."""
    beside: Flags = binary_dilation(seen & ~member, BESIDE)
    return beside & member & seen


def near(ours: Flags, theirs: Flags, counted: Flags, tolerance: float) -> tuple[int, int]:
    """How many pixels of our outline count, and how many of them are near theirs."""
    mine = ours & counted
    if not theirs.any():
        return int(mine.sum()), 0
    close = distance_transform_edt(~theirs) <= tolerance
    return int(mine.sum()), int((mine & close).sum())
