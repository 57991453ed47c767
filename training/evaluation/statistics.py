"""Figures read off counts; all take leading axes (…), one for each resample, and give (…) back.

A figure that has nothing under its fraction line is nan. Formulae: precision, recall, F1, IoU and
balanced accuracy as in scikit-learn's user guide, which the tests hold them against.
"""

from collections.abc import Sequence

import numpy as np

from training.evaluation.counts import BARE, FOUND, RADII, Counts, Ratios, Statistic, Whole


def ratio(above: Whole, below: Whole) -> Ratios:
    """above / below, nan where below is 0."""
    shape = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.divide(above, below, out=np.full(shape, np.nan), where=np.asarray(below) > 0)


def hits(counts: Counts) -> Whole:
    """(…, K) pixels whose class is right."""
    found: Whole = np.diagonal(counts.answered, axis1=-2, axis2=-1)
    return found


def precision(counts: Counts) -> Ratios:
    """(…, K)"""
    return ratio(hits(counts), counts.answered.sum(axis=-2))


def recall(counts: Counts) -> Ratios:
    """(…, K), of the pixels that are answered."""
    return ratio(hits(counts), counts.answered.sum(axis=-1))


def f1(counts: Counts) -> Ratios:
    """(…, K)"""
    both = counts.answered.sum(axis=-1) + counts.answered.sum(axis=-2)
    return ratio(2 * hits(counts), both)


def class_iou(counts: Counts) -> Ratios:
    """(…, K), of the pixels that are answered."""
    right = hits(counts)
    return ratio(right, counts.answered.sum(axis=-1) + counts.answered.sum(axis=-2) - right)


def strict_class_iou(counts: Counts) -> Ratios:
    """(…, K), of all pixels of the truth: where nothing is said, it is wrong."""
    right = hits(counts)
    return ratio(right, counts.pixels.sum(axis=-1) + counts.answered.sum(axis=-2) - right)


def answered_share(counts: Counts) -> Ratios:
    """(…) share of the truth's pixels that the prediction says something of."""
    return ratio(counts.answered.sum(axis=(-2, -1)), counts.pixels.sum(axis=(-2, -1)))


def iou_of(channel: int, *, strict: bool = False) -> Statistic:
    """The statistic "IoU of this class". nan where the truth holds none of it."""
    iou = strict_class_iou if strict else class_iou

    def one(counts: Counts) -> Ratios:
        there = counts.pixels[..., channel, :].sum(axis=-1) > 0
        return np.where(there, iou(counts)[..., channel], np.nan)

    return one


def mean_iou_of(channels: Sequence[int], *, strict: bool = False) -> Statistic:
    """The statistic "mean IoU of these classes". nan where the truth lacks one of them: a resample
    without shadow says nothing of a mean that shadow is part of."""

    def mean(counts: Counts) -> Ratios:
        each = [iou_of(channel, strict=strict)(counts) for channel in channels]
        return np.mean(each, axis=0) if each else np.full(counts.pixels.shape[:-2], np.nan)

    return mean


def balanced_accuracy_of(channels: Sequence[int]) -> Statistic:
    """The statistic "mean recall of these classes". nan where the truth lacks one of them."""
    wanted = list(channels)

    def mean(counts: Counts) -> Ratios:
        each = recall(counts)[..., wanted]
        return each.mean(axis=-1) if wanted else np.full(each.shape[:-1], np.nan)

    return mean


def boundary_f1(counts: Counts) -> Ratios:
    """(…, K) harmonic mean of the shares of boundary near the other's; see `boundary.py`."""
    predicted, near_truth, true, near_predicted = np.moveaxis(counts.boundary, -1, 0)
    right, complete = ratio(near_truth, predicted), ratio(near_predicted, true)
    # A class that one of the two doesn't draw at all has a boundary missed or invented whole.
    one_sided = (predicted > 0) != (true > 0)
    return np.where(one_sided, 0.0, ratio(2 * right * complete, right + complete + TINY))


TINY = 1e-12
"""Keeps 0 / 0 of two boundaries that never meet at 0."""


def leaked(counts: Counts) -> Ratios:
    """(…, R) share of contaminated pixels that are called clear after a buffer of 0, 1 … pixels."""
    contaminated = counts.buffer[..., 0, :]
    inside = contaminated.cumsum(axis=-1)[..., : len(RADII)]
    whole = contaminated.sum(axis=-1, keepdims=True)
    return ratio(whole - inside, whole)


def lost(counts: Counts) -> Ratios:
    """(…, R) share of clear pixels that are masked after a buffer of 0, 1 … pixels."""
    clear = counts.buffer[..., 1, :]
    return ratio(clear.cumsum(axis=-1)[..., : len(RADII)], clear.sum(axis=-1, keepdims=True))


def object_recall(counts: Counts) -> Ratios:
    """(…, A + 1) share of cloud objects of each area class that are found."""
    return ratio(counts.objects[..., 1], counts.objects[..., 0])


def bare_shadows(counts: Counts) -> Ratios:
    """(…) share of predicted shadow objects without predicted cloud up-sun, of those whose whole
    way is in sight: one GLIMPSED could never have been told bare, and would only lower it."""
    shadows = counts.shadows
    return ratio(shadows[..., BARE], shadows[..., BARE] + shadows[..., FOUND])
