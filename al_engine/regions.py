"""Which windows of a chosen tile to label, where labelling all of it would be too slow.

Some windows the model has most to learn from, under class quotas, and two drawn uniformly: without
these nobody could say what the choice of windows earns. Plain numpy on one tile.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadTile
from al_engine.windows import DEFAULT, Floats, RegionConfig, Windows, candidates

__all__ = ["Region", "RegionConfig", "RegionPlan", "plan_regions"]


@dataclass(frozen=True)
class Region:
    """One window to label; its number in the guide mask is its place in the list, from 1."""

    top: int
    left: int
    height: int
    width: int
    score: float
    """A(r), in the unit of the uncertainty."""
    kind: str
    """"informative" or "control". Not for annotators' eyes; never pre-label control windows."""
    quota: int
    """The class whose quota it fills, -1 for none."""
    probability: float
    """Chance of being in the plan: of control windows control / candidates, of others 1 (their
    scores decide, nothing is drawn)."""


@dataclass(frozen=True, eq=False)
class RegionPlan:
    """What an annotator is asked to label in one tile."""

    regions: tuple[Region, ...]
    """In the order of labelling; control windows lie at drawn places."""
    guide: NDArray[np.uint8]
    """(H, W) number of the region from 1, 0 outside: there nothing is labelled (255)."""
    notes: tuple[str, ...]


def plan_regions(
    uncertainty: NDArray[np.floating],
    predicted: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    *,
    classes: int,
    config: RegionConfig = DEFAULT,
    rng: np.random.Generator,
) -> RegionPlan:
    """Choose the windows of one tile.

    uncertainty: (H, W) ≥ 0, finite where valid. predicted: (H, W) class codes below `classes`.
    valid: bool (H, W). The same arrays, config and dice give the same plan.
    A(r) = Ū(r) · (1/2 + I(r) / log K) · w_c: Ū the mean uncertainty of the window, I the entropy of
    the predicted classes in it and 8 px around, w_c the weight of its commonest class.
    Control windows are drawn first, uniformly. Then, the rarest class first, windows with the
    largest A(r) · share of the class until its quota is met; then the largest A(r), until the
    budget is spent. Windows never overlap.
    Raises BadTile for shapes that differ, NaN, codes out of range, and tiles smaller than a window.
    Source: RIPU, Xie et al. (CVPR 2022), arXiv 2111.12940, with ½ + I / log K for its factor I so
    that windows of one predicted class aren't out of reach; section 8.6 of the design.
    """
    _check(uncertainty, predicted, valid, classes, config)
    windows = candidates(uncertainty, predicted, valid, classes=classes, config=config)
    count = len(windows.scores)
    control = rng.permutation(count)[: config.control].tolist()
    chosen, notes = _chosen(windows, control, predicted, valid, config)
    kinds = [(row, "informative", quota) for row, quota in chosen]
    places = sorted(rng.permutation(len(chosen) + len(control))[: len(control)].tolist())
    for place, row in zip(places, control):
        kinds.insert(place, (row, "control", -1))
    chance = {"control": len(control) / max(1, count), "informative": 1.0}
    regions = tuple(
        Region(
            top=int(windows.corners[row, 0]),
            left=int(windows.corners[row, 1]),
            height=config.window,
            width=config.window,
            score=float(windows.scores[row]),
            kind=kind,
            quota=quota,
            probability=chance[kind],
        )
        for row, kind, quota in kinds
    )
    return RegionPlan(regions, _guide(regions, predicted.shape), notes)


def _chosen(
    windows: Windows,
    control: list[int],
    predicted: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    config: RegionConfig,
) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
    """(row, quota) of the informative windows in order, and what could not be met."""
    picks = _Picks(windows, config, taken=list(control), left=config.budget * float(valid.sum()))
    areas = np.bincount(predicted[valid], minlength=windows.shares.shape[1]) / max(1, valid.sum())
    notes = []
    for c in np.argsort(areas, kind="stable").tolist():
        if areas[c] <= config.rare:
            continue
        met = picks.fill(windows.scores * windows.shares[:, c], quota=c)
        if met < config.quota:
            notes.append(f"Class {c} got {met} of {config.quota} windows: budget or room is spent.")
    picks.fill(windows.scores, quota=-1)
    return picks.chosen, tuple(notes)


@dataclass(eq=False)
class _Picks:
    """Windows taken so far, and the pixels that may still be."""

    windows: Windows
    config: RegionConfig
    taken: list[int]
    left: float

    def __post_init__(self) -> None:
        self.chosen: list[tuple[int, int]] = []

    def fill(self, values: Floats, *, quota: int) -> int:
        """Take windows by value until the quota of the class is met, for -1 until all is spent.

        Returns how many of those taken count for the class.
        """
        shares = self.windows.shares[:, quota]
        met = sum(shares[row] >= self.config.presence for row, _ in self.chosen)
        for row in np.argsort(-values, kind="stable").tolist():
            if quota >= 0 and met >= self.config.quota:
                break
            counts = quota < 0 or shares[row] >= self.config.presence
            if counts and self._fits(row):
                self.taken.append(row)
                self.chosen.append((row, quota))
                self.left -= float(self.windows.valid[row])
                met += 1
        return int(met)

    def _fits(self, row: int) -> bool:
        if len(self.chosen) >= self.config.most or self.windows.valid[row] > self.left:
            return False
        corners = self.windows.corners
        apart = np.abs(corners[self.taken] - corners[row]).max(axis=1, initial=0)
        return bool((apart >= self.config.distance).all())


def _guide(regions: tuple[Region, ...], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    guide = np.zeros(shape, dtype=np.uint8)
    for number, each in enumerate(regions, start=1):
        guide[each.top : each.top + each.height, each.left : each.left + each.width] = number
    return guide


def _check(
    uncertainty: NDArray[np.floating],
    predicted: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    classes: int,
    config: RegionConfig,
) -> None:
    shape = np.shape(predicted)
    if len(shape) != 2 or np.shape(uncertainty) != shape or np.shape(valid) != shape:
        raise BadTile(
            f"Uncertainty {np.shape(uncertainty)}, predicted {shape} and valid {np.shape(valid)} "
            "must be the same (height, width).",
            field="predicted",
        )
    if min(shape) < config.window:
        raise BadTile(
            f"A tile of {shape[0]} x {shape[1]} pixels has no window of {config.window}.",
            field="window",
        )
    if config.class_weights and len(config.class_weights) != classes:
        raise BadTile(f"class_weights must have {classes} numbers.", field="class_weights")
    if classes < 2 or int(np.max(predicted[valid], initial=0)) >= classes:
        raise BadTile(f"Predicted codes must lie below {classes} (≥ 2).", field="predicted")
    inside = uncertainty[valid]
    if not (np.isfinite(inside).all() and (inside >= 0).all()):
        raise BadTile("Uncertainty must be finite and ≥ 0 where valid.", field="uncertainty")
