"""What a buffer around a mask saves, and what it costs."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from training.evaluation.counts import RADII, Whole
from training.evaluation.scheme import Channels, Scheme, judged


def buffer_counts(truth: Channels, predicted: Channels, *, scheme: Scheme) -> Whole:
    """(2, R + 1), see `Counts.buffer`: contaminated and clear truth by distance to the mask.

    The mask is predicted cloud, thin cloud and shadow; a buffer of r pixels is its dilation by a
    disc: all pixels whose centre is at most r from one of the mask. One distance transform serves
    every radius.
    """
    seen = judged(truth, predicted)
    far = len(RADII)
    mask = np.isin(predicted, scheme.contaminated)
    if mask.any():
        steps = np.minimum(np.ceil(distance_transform_edt(~mask)), far).astype(np.int64)
    else:
        steps = np.full(mask.shape, far)
    bad = np.isin(truth, scheme.contaminated)
    return np.stack(
        [np.bincount(steps[seen & part], minlength=far + 1) for part in (bad, ~bad)]
    ).astype(np.int64)
