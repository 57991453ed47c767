"""Arms against baselines: ratios of labels needed, areas under the curves, worst gaps, p-values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.replay.curves import (
    Ratio,
    area,
    at_budget,
    level,
    needed,
    ratio,
    weakness,
)
from labelling.compute.replay.evidence import CLASS_MEAN, Evidence, History, plain
from labelling.compute.replay.plan import BASELINES
from labelling.compute.replay.significance import holm, interval, sign_flip

SHARES = (0.5, 0.7, 0.9)
"""Of the gap between start and ceiling that ratios are read at."""
COSTS = ("tiles", "pixels", "minutes")

WHOLE = "auto"
FLOOR = "random"
"""The baseline that is held against no other."""

Floats = NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Pair:
    """An arm and the baseline it is held against."""

    evidence: Evidence
    arm: str
    baseline: str

    @property
    def own(self) -> History:
        return self.evidence.arms[self.arm]

    @property
    def other(self) -> History:
        return self.evidence.arms[self.baseline]

    def level(self, metric: str, share: float) -> tuple[float, float, float]:
        """Start, ceiling, and the level that is `share` of the way between them."""
        ends = (self.evidence.start, self.evidence.ceiling)
        start, ceiling = (float(end.mean(metric)[-1]) for end in ends)
        return start, ceiling, level(start, ceiling, share)


def compared(evidence: Evidence) -> dict[str, list[Row]]:
    """`ratios` and `pairs`: every arm against every baseline there is; `switches`: `auto` with a
    part of it changed, against `auto` itself."""
    pairs = [
        Pair(evidence, arm, baseline)
        for baseline in BASELINES
        if baseline in evidence.arms
        for arm in evidence.arms
        if arm not in (baseline, FLOOR)
    ]
    ratios = [
        label_ratio(pair, metric, share, cost)
        for pair in pairs
        for metric, costs in ((CLASS_MEAN, COSTS), *((m, ("tiles",)) for m in evidence.metrics[1:]))
        for cost in costs
        for share in SHARES
    ]
    rows = [paired(pair) for pair in pairs]
    _adjust(ratios, "p", ("baseline", "metric", "cost", "share"))
    switches = [paired(Pair(evidence, arm, WHOLE)) for arm in switched(evidence)]
    _adjust(rows, "p", ("baseline",))
    _adjust(switches, "p", ("baseline",))
    return {"ratios": ratios, "pairs": rows, "switches": switches}


def switched(evidence: Evidence) -> list[str]:
    """The arms that are `auto` with a part changed, if `auto` itself is there."""
    return [arm for arm in evidence.arms if WHOLE in evidence.arms and arm.startswith(f"{WHOLE}:")]


def label_ratio(pair: Pair, metric: str, share: float, cost: str) -> Row:
    """LER(share): labels the baseline needs for each label the arm needs, with interval and p."""
    start, ceiling, height = pair.level(metric, share)
    baseline = needed(pair.other.cost(cost), pair.other.mean(metric), height)
    arm = needed(pair.own.cost(cost), pair.own.mean(metric), height)
    found = ratio(baseline, arm)
    resampled = _resampled(pair, metric, share, cost)
    low, high = interval([each.value for each in resampled])
    return {
        "arm": pair.arm,
        "baseline": pair.baseline,
        "metric": metric,
        "share": share,
        "cost": cost,
        "value": plain(found.value),
        "bound": found.bound,
        "censored": found.censored,
        "low": plain(low),
        "high": plain(high),
        "censored_resamples": sum(each.censored for each in resampled) / len(resampled),
        "arm_needs": plain(arm.value),
        "arm_censored": arm.censored,
        "baseline_needs": plain(baseline.value),
        "baseline_censored": baseline.censored,
        "level": plain(height),
        "start": plain(start),
        "ceiling": plain(ceiling),
        "weak": weakness(start, ceiling, baseline, products=pair.evidence.products),
        "p": sign_flip(_log_ratios(pair, metric, height, cost), rng=_dice()),
    }


def paired(pair: Pair) -> Row:
    """Area under the curves over the budgets both have, and the worst the arm ever falls behind."""
    own, other = pair.own, pair.other
    shared = [budget for budget in own.budgets if budget in other.budgets]
    row: Row = {"arm": pair.arm, "baseline": pair.baseline, "budgets": shared}
    if len(shared) > 1:
        differences = _areas(own, own.points, shared) - _areas(other, other.points, shared)
        boot = _areas(own, own.resampled, shared) - _areas(other, other.resampled, shared)
        low, high = interval(boot)
        row |= {
            "area_difference": plain(differences.mean()),
            "low": plain(low),
            "high": plain(high),
            "seeds": [plain(each) for each in differences],
            "p": sign_flip(differences, rng=_dice()),
        }
    return row | _worst_gap(own, other)


def _worst_gap(own: History, other: History) -> Row:
    """Points of class-mean IoU by which the arm lies below the baseline where it is worst."""
    budgets = [each for each in own.budgets if each <= other.budgets[-1]]
    count = len(budgets)
    behind = 100 * (
        at_budget(other.budgets, other.mean(CLASS_MEAN), budgets) - own.mean(CLASS_MEAN)[:count]
    )
    worst = int(np.argmax(behind))
    boot = [
        100 * (at_budget(other.budgets, theirs, budgets)[worst] - ours[worst])
        for ours, theirs in zip(own.resampled[CLASS_MEAN], other.resampled[CLASS_MEAN])
    ]
    low, high = interval(boot)
    return {
        "worst_gap_points": plain(behind[worst]),
        "worst_gap_low": plain(low),
        "worst_gap_high": plain(high),
        "worst_gap_at": budgets[worst],
    }


def _areas(history: History, curves: Any, budgets: list[int]) -> Floats:
    """(S,) or (B,) areas under the curves at these budgets."""
    places = [history.budgets.index(budget) for budget in budgets]
    return np.array([area(budgets, curve) for curve in curves[CLASS_MEAN][:, places]])


def _resampled(pair: Pair, metric: str, share: float, cost: str) -> list[Ratio]:
    """The ratio in every resample, start and ceiling resampled too; 0 where it says nothing."""
    ends = (pair.evidence.start, pair.evidence.ceiling)
    start, ceiling = (end.resampled[metric][:, -1] for end in ends)
    heights = level(start, ceiling, share)
    costs = pair.other.cost(cost), pair.own.cost(cost)
    curves = zip(pair.other.resampled[metric], pair.own.resampled[metric], heights)
    return [
        ratio(needed(costs[0], theirs, height), needed(costs[1], ours, height))
        for theirs, ours, height in curves
    ]


def _log_ratios(pair: Pair, metric: str, height: float, cost: str) -> Floats:
    """(S,) log LER of each seed at the common level; a bound stands for a ratio not reached, and 0
    for one that says nothing: both speak against a difference."""
    found = []
    for theirs, ours in zip(pair.other.points[metric], pair.own.points[metric]):
        each = ratio(
            needed(pair.other.cost(cost), theirs, height), needed(pair.own.cost(cost), ours, height)
        )
        found.append(np.log(each.value) if each.value > 0 else 0.0)
    return np.array(found)


def _adjust(rows: list[Row], name: str, family: tuple[str, ...]) -> None:
    """Add Holm's adjusted p: a family is all arms held against one baseline, in one respect."""

    def key(row: Row) -> tuple[str, ...]:
        return tuple(str(row[part]) for part in family)

    tested = sorted((row for row in rows if name in row), key=key)
    for _, members in groupby(tested, key):
        in_family = {row["arm"]: row for row in members}
        for arm, adjusted in holm({arm: row[name] for arm, row in in_family.items()}).items():
            in_family[arm][f"{name}_holm"] = adjusted


def rows_of(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """The rows that say this."""
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def _dice() -> np.random.Generator:
    return np.random.default_rng(0)
