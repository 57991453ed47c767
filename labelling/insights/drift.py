"""Whether a person's labels of gold tiles have become worse than they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import comb
from statistics import median

LONGEST = 60
"""Earlier gold tiles that are looked at: the latest of them."""


@dataclass(frozen=True)
class Drift:
    """A person's newest gold tiles against the ones before."""

    tiles: int
    """Gold tiles with a score."""
    recent: float | None
    """Median score of the newest; None: too few tiles to tell."""
    before: float | None
    """Median score of the earlier ones."""
    p: float | None
    """Chance that the newest are so much the worse ones, were all tiles alike."""
    alarm: bool


def drift(
    scores: Sequence[float], *, window: int, before: int, alpha: float, baseline: int | None = None
) -> Drift:
    """A one-sided rank-sum test of the newest `window` scores against the ones before, exact.

    `scores` (0…1) are one person's, oldest first. The alarm goes off when the number of pairs (new,
    earlier) in which the new score is lower has a chance of at most `alpha`, were the order of all
    scores mere chance: nothing is assumed of their distribution (H. B. Mann, D. R. Whitney, Annals
    of Mathematical Statistics 18, 1947, 50-60). Equal scores count as not lower, which makes alarms
    rarer. A person is looked at after each gold tile, so the chance of a false alarm in the long
    run is larger than `alpha`; tests/labelling/insights/test_drift.py simulates how large.

    With `baseline` the earlier scores are the first so many: while an alarm lasts, bad tiles don't
    become what new ones are measured by.
    """
    earlier = list(scores[: -window if baseline is None else baseline])[-LONGEST:]
    newest = list(scores[-window:])
    if len(earlier) < before or len(newest) < window:
        return Drift(len(scores), None, None, None, alarm=False)
    lower = sum(new < old for new in newest for old in earlier)
    p = chance_of_at_least(lower, newest=window, earlier=len(earlier))
    return Drift(len(scores), median(newest), median(earlier), p, alarm=p <= alpha)


def chance_of_at_least(lower: int, *, newest: int, earlier: int) -> float:
    """That in `lower` or more of newest × earlier pairs the new value is the lower one."""
    return sum(_orders(newest, earlier)[lower:]) / comb(newest + earlier, newest)


@lru_cache(maxsize=256)
def _orders(newest: int, earlier: int) -> list[int]:
    """By number of such pairs, the orders of the values that have it.

    Coefficients of the Gaussian binomial: the product over i of (1 - q^(earlier+i)) / (1 - q^i).
    """
    size = newest * earlier + 1
    ways = [1] + [0] * (size - 1)
    for i in range(1, newest + 1):
        high = earlier + i
        ways = [way - (ways[at - high] if at >= high else 0) for at, way in enumerate(ways)]
        for start in range(i):
            ways[start::i] = accumulate(ways[start::i])
    return ways
