"""Arms against the baseline on the metric that was named beforehand.

Two things are drawn by chance: which scenes there are to judge on, and how a training went. Both
are drawn again, in pairs: a resample has the same scenes and the same seeds for arm and baseline.
The means of n drawn seeds scatter too little by (n - 1) / n; they are pulled apart by its root
(Hesterberg, "What Teachers Should Know about the Bootstrap", The American Statistician 69, 2015,
section 3.2).

"Better" takes both: an interval, widened for the number of arms (Bonferroni), that lies above 0,
and an exchange of the two arms' counts within scenes that seldom does as well (Noreen 1989), its p
adjusted by Holm's rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.replay.significance import holm
from training.evaluation.counts import SceneCounts, Statistic, total
from training.evaluation.paired import NO_LESS, exchanges, in_step
from training.evaluation.resampling import (
    FEWEST,
    Resampling,
    percentiles,
    plain,
    resampled,
    sums_of,
)

ALPHA, POWER = 0.05, 0.8
HOW = Resampling(level=1 - ALPHA, draws=4000)
BETTER, WORSE, NOTHING = "better", "worse", "no difference shown"
Floats = NDArray[np.float64]
Runs = dict[int, list[SceneCounts]]
"""One arm's: {seed: counts by scene}."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure of an arm, or of an arm less the baseline, by seed."""

    values: Floats
    """(S,)"""
    draws: Floats
    """(S, D) on resampled scenes, the same for every seed."""

    def __sub__(self, other: Drawn) -> Drawn:
        return Drawn(self.values - other.values, self.draws - other.draws)

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    def redrawn(self) -> Floats:
        """(D,) the mean over drawn seeds on drawn scenes."""
        count, draws = self.draws.shape
        chosen = np.random.default_rng([HOW.seed, 2]).integers(0, count, (draws, count))
        all_seeds = self.draws.mean(axis=0)
        some = self.draws[chosen, np.arange(draws)[:, None]].mean(axis=1)
        wider = math.sqrt(count / (count - 1)) if count > 1 else 1.0
        return all_seeds + wider * (some - all_seeds)

    def interval(self, level: float = HOW.level) -> tuple[float, float]:
        return percentiles(self.redrawn(), level=level)

    def as_json(self, *, share: bool = False) -> dict[str, Any]:
        """Value and interval; that of a `share` ends at 0 and at 1."""
        low, high = self.interval()
        if share:
            low, high = max(low, 0.0), min(high, 1.0)
        return {"value": plain(self.mean), "low": plain(low), "high": plain(high)}


def drawn(runs: Runs, seeds: Sequence[int], statistic: Statistic) -> Drawn:
    """Of the seeds named, in their order."""
    values = [float(statistic(total(runs[seed]))) for seed in seeds]
    return Drawn(
        np.array(values), np.stack([resampled(runs[seed], statistic, HOW) for seed in seeds])
    )


def verdicts(
    arms: dict[str, Runs], baseline: str, others: Sequence[str], statistic: Statistic
) -> list[dict[str, Any]]:
    """A row for each of the other arms, on the seeds that it and the baseline have finished.

    An arm without two such seeds has no verdict; it still counts among the comparisons.
    """
    level = 1 - ALPHA / len(others)
    rows = [compared(arms, baseline, name, statistic, level) for name in others]
    for row in rows:
        if len(others) * row["least_p"] > ALPHA:
            row["detectable"] = None  # nothing would be, however large
    known = {row["arm"]: row["p"] for row in rows if row["p"] is not None}
    # An arm that failed was asked about all the same: it counts as the largest p.
    missing = {row["arm"]: 1.0 for row in rows if row["p"] is None}
    adjusted = holm({**known, **missing})
    for row in rows:
        row["p_holm"] = plain(adjusted[row["arm"]]) if row["arm"] in known else None
        row["verdict"] = verdict(row)
        row["remark"] = remark(row, len(others))
    return rows


def compared(
    arms: dict[str, Runs], baseline: str, name: str, statistic: Statistic, level: float
) -> dict[str, Any]:
    """The arm less the baseline; nothing but names where fewer than two seeds are in both."""
    seeds = [seed for seed in arms[name] if seed in arms[baseline]]
    row: dict[str, Any] = dict.fromkeys(("value", "low", "high", "p", "detectable"))
    row |= {"arm": name, "baseline": baseline, "seeds": seeds, "by_seed": [], "level": plain(level)}
    row["scenes"] = len(next(iter(arms[name].values()), []))
    row["least_p"] = plain(least_p(row["scenes"]))
    if len(seeds) < 2 or row["scenes"] < FEWEST:
        return row
    apart = drawn(arms[name], seeds, statistic) - drawn(arms[baseline], seeds, statistic)
    low, high = apart.interval(level)
    row |= {
        "by_seed": [plain(each) for each in apart.values],
        "value": plain(apart.mean),
        "low": plain(low),
        "high": plain(high),
        "p": plain(exchange_p(arms[name], arms[baseline], seeds, statistic)),
        "detectable": plain(detectable(apart.redrawn(), level)),
    }
    return row


def detectable(draws: Floats, level: float) -> float:
    """The smallest true difference that an experiment as noisy as this one would show in POWER of
    all cases: (z of the level + z of the power) standard errors (Cohen, Statistical Power Analysis,
    1988, chapter 2). It is of the design, and the same whatever difference was found."""
    known = draws[np.isfinite(draws)]
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(POWER)) * float(known.std(ddof=1))


def exchange_p(a: Runs, b: Runs, seeds: Sequence[int], statistic: Statistic) -> float:
    """Two-sided p of "neither arm is better": the share of exchanges of the two within scenes, the
    same for all seeds, whose mean difference over seeds is at least as far from 0."""
    pairs = [in_step(a[seed], b[seed]) for seed in seeds]
    scenes = len(pairs[0][0])
    swaps = exchanges(scenes, HOW)
    apart = np.mean([_apart(*pair, swaps, statistic) for pair in pairs], axis=0)
    sayable = np.abs(apart[np.isfinite(apart)])
    # The first exchange is none at all: it is what was observed.
    return float((sayable >= abs(apart[0]) - NO_LESS).mean())


def _apart(
    a: list[SceneCounts], b: list[SceneCounts], swaps: NDArray[np.int64], statistic: Statistic
) -> Floats:
    """(n,) first less second, scenes exchanged as `swaps` (n, scenes) of 0 and 1 says."""
    both, kept = [*a, *b], 1 - swaps
    one = sums_of(both, np.concatenate([kept, swaps], axis=1))
    other = sums_of(both, np.concatenate([swaps, kept], axis=1))
    return np.concatenate([statistic(x) - statistic(y) for x, y in zip(one, other, strict=True)])


def least_p(scenes: int) -> float:
    """The smallest p that so many scenes can give."""
    return max(2 / 2**scenes, 1 / (HOW.draws + 1)) if scenes else 1.0


def verdict(row: dict[str, Any]) -> str | None:
    """None where nothing can be said at all."""
    if row["p"] is None:
        return None
    if row["p_holm"] > ALPHA:
        return NOTHING
    return BETTER if row["low"] > 0 else WORSE if row["high"] < 0 else NOTHING


def remark(row: dict[str, Any], others: int) -> str:
    """What a reader must know to read the verdict."""
    if row["verdict"] is None:
        return "fewer than two seeds were finished by both arms"
    if others * row["least_p"] > ALPHA:
        return (
            f"{row['scenes']} scenes are too few for any verdict: no p below {row['least_p']:.3g}"
        )
    if row["verdict"] == NOTHING:
        return f"a true difference below {row['detectable']:.3f} would probably not have been shown"
    return ""
