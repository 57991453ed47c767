"""Is active learning still beating random? Asked every day, and honest all the same.

Two models are trained alike, one on the last n chosen tiles, one on the last n control tiles, and
both are judged on the next control tiles. Each product there gives one difference. Betting against
"no difference" earns money on average only if there is one; by Ville's inequality the chance that
the stake is ever multiplied by 2 / (1 - level), on any day of a whole history without a
difference, is at most (1 - level) / 2 on each side. So looking daily costs nothing.

What is tested is the advantage of the models that were compared. The luck of one training is part
of it: compare several pairs before reading it as a property of the strategy, and begin anew with
differences of the present season, sensor and region.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadHistory

Floats = NDArray[np.float64]
LEVEL = 0.95
STEEPEST = 0.75  # share of what could be lost at once that a bet may reach; 1 would risk ruin
STEP = 0.0025
"""Resolution of the interval; it is rounded outwards."""
FARTHEST = 10**6  # pairs beyond which "enough data" is not forecast


def log_capital(
    differences: Floats, *, mean: float = 0.0, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Log of what bets that the true mean is above, and below, `mean` have earned so far.

    differences: (..., t) in [-1, 1], in the order they came. Returns two arrays of that shape. If
    every difference has the expectation `mean` given the past, either exceeds log(2 / (1 - level))
    at any time whatever with a chance of at most (1 - level) / 2.
    With x = (d + 1) / 2, m = (mean + 1) / 2 and L = log(2 / (1 - level)):
    K±_t = Π_i (1 ± λ_i (x_i - m)), λ_i = √(2 L / (σ²_{i-1} i log(1 + i))), at most 3/4 of the bet
    that could lose all; σ² is the running variance with a quarter as prior observation.
    Source: hedged capital process, Waudby-Smith and Ramdas (2024), JRSS B 86(1), arXiv 2010.09686.
    """
    _check(differences, level)
    x = (np.asarray(differences, dtype=np.float64) + 1) / 2
    m = (mean + 1) / 2
    bets = _bets(x, level)
    above = np.cumsum(np.log1p(np.minimum(bets, STEEPEST / max(m, STEP)) * (x - m)), axis=-1)
    below = np.cumsum(np.log1p(-np.minimum(bets, STEEPEST / max(1 - m, STEP)) * (x - m)), axis=-1)
    return above, below


def _bets(x: Floats, level: float) -> Floats:
    """(..., t) each from what came before it alone."""
    turn = np.arange(1, x.shape[-1] + 1)
    centre = (0.5 + np.cumsum(x, axis=-1)) / (turn + 1)
    variance = (0.25 + np.cumsum((x - centre) ** 2, axis=-1)) / (turn + 1)
    before = np.concatenate([np.full((*x.shape[:-1], 1), 0.25), variance[..., :-1]], axis=-1)
    bets: Floats = np.sqrt(2 * needed_log(level) / (before * turn * np.log1p(turn)))
    return bets


def needed_log(level: float) -> float:
    """What the log of capital must reach for a claim: log(2 / (1 - level))."""
    return math.log(2 / (1 - level))


def interval(differences: Floats, *, level: float = LEVEL) -> tuple[float, float]:
    """All means that the bets so far have not refuted, rounded outwards; one of a confidence
    sequence, so valid whenever it is asked for. differences: (t,) in [-1, 1]."""
    low, high = -1.0, 1.0
    for mean in np.arange(-1, 1 + STEP / 2, STEP).tolist():
        above, _ = log_capital(differences, mean=mean, level=level)
        if above[-1] < needed_log(level):
            break
        low = round(mean, 4)
    for mean in np.arange(1, -1 - STEP / 2, -STEP).tolist():
        _, below = log_capital(differences, mean=mean, level=level)
        if below[-1] < needed_log(level):
            break
        high = round(mean, 4)
    return low, high


def _check(differences: Floats, level: float) -> None:
    given = np.asarray(differences)
    if not 0 < level < 1:
        raise BadHistory(f"A level lies between 0 and 1, not {level}.", field="level")
    if given.ndim < 1 or not given.shape[-1]:
        raise BadHistory("No differences yet: nothing to judge by.", field="differences")
    if not (np.abs(given) <= 1).all():  # NaN fails too
        raise BadHistory("Differences must lie in [-1, 1], none missing.", field="differences")


@dataclass(frozen=True)
class Verdict:
    """What the pairs so far say."""

    state: str
    """"waiting", "ahead", "behind" or "level" (no difference as large as the one that matters)."""
    low: float
    high: float
    """Interval of the mean difference, chosen minus random, in [-1, 1]."""
    detectable: float
    """The smallest mean difference that these data could have shown: half the interval's width."""
    pairs: int
    needed: int | None
    """Pairs in all until `matters` could be shown, about; None beyond a million."""
    text: str


def judge(
    differences: Floats,
    *,
    matters: float = 0.02,
    pairs_per_day: float | None = None,
    level: float = LEVEL,
) -> Verdict:
    """Say what the differences show, and nothing before they can show something.

    differences: (t,) figure of the chosen arm minus that of the random arm, in [-1, 1], one a
    product (tiles of one product are not independent), in the order they came; may be empty.
    matters: smallest mean difference worth acting on, in (0, 1]. pairs_per_day: to give a date.
    "ahead" and "behind" are said as soon as the interval leaves zero, "level" once it is narrow
    enough to have shown `matters`; before that the verdict is "waiting".
    Raises BadHistory for values out of range.
    """
    if not 0 < matters <= 1:
        raise BadHistory(f"matters must be above 0 and at most 1, not {matters}.", field="matters")
    given = np.asarray(differences, dtype=np.float64)
    low, high = interval(given, level=level) if len(given) else (-1.0, 1.0)
    state = _state(low, high, matters)
    needed = _needed(given, matters, level)
    text = TEXTS[state].format(
        low=100 * low,
        high=100 * high,
        detectable=50 * (high - low),
        pairs=len(given),
        matters=100 * matters,
    )
    if state == "waiting":
        text += _when(len(given), needed, pairs_per_day)
    return Verdict(state, low, high, (high - low) / 2, len(given), needed, text)


def _state(low: float, high: float, matters: float) -> str:
    if low > 0:
        return "ahead"
    if high < 0:
        return "behind"
    return "level" if (high - low) / 2 <= matters else "waiting"


TEXTS = {
    "waiting": "Nothing to say yet: {pairs} pairs could show a difference of {detectable:.1f} "
    "points, not yet one of {matters:.1f}.",
    "ahead": "Chosen tiles teach more than random ones: {low:+.1f} to {high:+.1f} points "
    "({pairs} pairs).",
    "behind": "Chosen tiles teach less than random ones: {low:+.1f} to {high:+.1f} points "
    "({pairs} pairs). Consider strategy 'stratified'.",
    "level": "No difference as large as {matters:.1f} points: {low:+.1f} to {high:+.1f} "
    "({pairs} pairs).",
}


def _needed(differences: Floats, matters: float, level: float) -> int | None:
    """Pairs in all until bets on a mean of `matters` should have won, at the deviation seen.

    Of log(1 + b) the first two terms; one difference of 0.25 stands in while there are few.
    """
    pairs = len(differences)
    seen = float(np.sum((differences - np.mean(differences)) ** 2)) if pairs else 0.0
    variance = (seen + 0.25**2) / (pairs + 1)
    turn = np.arange(1, FARTHEST + 1)
    prior = (0.25 + turn * variance / 4) / (turn + 1)
    bets = np.sqrt(2 * needed_log(level) / (prior * turn * np.log1p(turn)))
    stakes = np.minimum(bets, 2 * STEEPEST) / 2  # a unit of difference is half a unit of x
    earned = np.cumsum(stakes * matters - stakes**2 * (variance + matters**2) / 2)
    enough = np.flatnonzero(earned >= needed_log(level))
    return int(enough[0]) + 1 if len(enough) else None


def _when(pairs: int, needed: int | None, pairs_per_day: float | None) -> str:
    if needed is None:
        return f" That would take more than {FARTHEST} pairs."
    more = max(1, needed - pairs)
    if not pairs_per_day or pairs_per_day <= 0:
        return f" That takes about {more} more."
    return f" That takes about {more} more, some {math.ceil(more / pairs_per_day)} days."
