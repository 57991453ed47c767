"""What more labels would still buy: advice for the lead. Nothing here stops anything."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadHistory

LAST = 4
"""Points of the curve that the slope is drawn through: older ones tell of a steeper past."""
FEWEST = 3
STABLE = 0.99
ROUNDS = 3
# Student's t, two-sided 95 %, for 1 to 10 degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
NORMAL = 1.96


@dataclass(frozen=True)
class Point:
    """One round on the learning curve. Raises BadHistory for a value out of range."""

    labelled: int
    """Labelled tiles the model learnt from, ≥ 1."""
    score: float
    """Its figure on validation or control tiles, in [0, 1]."""
    error: float | None = None
    """Standard error of the figure, where one is known."""

    def __post_init__(self) -> None:
        if self.labelled < 1:
            raise BadHistory(
                f"A point needs at least 1 labelled tile, not {self.labelled}.", field="labelled"
            )
        if not 0 <= self.score <= 1:
            raise BadHistory(f"A score lies in [0, 1], not {self.score}.", field="score")
        if self.error is not None and not 0 < self.error < math.inf:
            raise BadHistory(f"A standard error is above 0, not {self.error}.", field="error")


@dataclass(frozen=True)
class Slope:
    """Gain of the score per doubling of the labels, with its 95 % interval."""

    value: float
    low: float
    high: float

    def gain(self, labelled: int, more: int) -> tuple[float, float, float]:
        """(low, expected, high) gain of the score from `more` tiles beyond `labelled`."""
        doublings = math.log2((labelled + more) / labelled)
        return (self.low * doublings, self.value * doublings, self.high * doublings)


@dataclass(frozen=True)
class Advice:
    """What the curve says; the decision is the lead's."""

    verdict: str
    """"too early", "go on" or "consider stopping"."""
    slope: Slope | None
    gain: tuple[float, float, float] | None
    """(low, expected, high) gain from the next batch, of the score."""
    minutes_per_point: tuple[float, float | None] | None
    """(least, expected) minutes of labelling per point (0.01) gained; None where no gain is
    expected. The least is at the upper end of the slope's interval."""
    agreement: float | None
    """The least agreement of successive models over the last three rounds."""
    text: tuple[str, ...]


def agreement(first: NDArray[np.integer], second: NDArray[np.integer], *, classes: int) -> float:
    """Cohen's kappa between two models' masks of the same fixed tiles, in [-1, 1].

    first, second: class codes of any one shape; pixels where either is `classes` or more (no data)
    don't count. 1 where both know only one and the same class.
    Raises BadHistory for shapes that differ and for nothing to compare.
    Source: Cohen (1960); as a sign to stop, Bloodgood and Vijay-Shanker (CoNLL 2009).
    """
    one, other = np.asarray(first).ravel(), np.asarray(second).ravel()
    if one.shape != other.shape:
        raise BadHistory("Both masks must be of the same tiles.", field="second")
    both = (one < classes) & (other < classes)
    if not both.any():
        raise BadHistory("No pixel has a class in both masks.", field="first")
    pairs = one[both].astype(np.int64) * classes + other[both]
    table = np.bincount(pairs, minlength=classes**2).reshape(classes, classes) / both.sum()
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return 1.0 if chance == 1 else float((np.trace(table) - chance) / (1 - chance))


def slope(points: Sequence[Point]) -> Slope:
    """Least squares of the score on log2 labels through the last four points.

    Where every point has a standard error it weighs the points and gives the interval; else the
    scatter around the line does, by Student's t. Raises BadHistory for fewer than three points, or
    labels that do not grow.
    """
    last = list(points)[-LAST:]
    if len(last) < FEWEST:
        raise BadHistory(f"A slope needs {FEWEST} points, not {len(last)}.", field="points")
    x = np.log2([each.labelled for each in last])
    if not (np.diff(x) > 0).all():
        raise BadHistory("Labelled tiles must grow from point to point.", field="points")
    y = np.array([each.score for each in last])
    errors = [each.error for each in last]
    known = all(error is not None for error in errors)
    weights = np.array([1 / error**2 for error in errors if error]) if known else np.ones(len(x))
    middle = weights @ x / weights.sum()
    spread = weights @ (x - middle) ** 2
    value = float(weights @ ((x - middle) * y) / spread)
    half = NORMAL / math.sqrt(spread) if known else _scatter(x - middle, y, value, float(spread))
    return Slope(value, value - half, value + half)


def _scatter(x: NDArray[np.float64], y: NDArray[np.float64], value: float, spread: float) -> float:
    """Half-width of the slope's interval from what the line leaves over."""
    freedom = len(x) - 2
    left = y - y.mean() - value * x
    return STUDENT[freedom - 1] * math.sqrt(float(left @ left) / freedom / spread)


def advise(
    points: Sequence[Point],
    *,
    batch: int,
    minutes_per_tile: float,
    worth: float,
    agreements: Sequence[float] = (),
) -> Advice:
    """Advice from the curve, the agreement of successive models, and the price of a point.

    points: the learning curve in order. batch: tiles of the next batch. minutes_per_tile: of
    labelling. worth: minutes the lead would give for one point (0.01). agreements: `agreement` of
    each model with the one before, in order.
    "consider stopping" is said where even the upper end of the expected gain costs more than it is
    worth, or where three agreements in a row exceed 0.99.
    Raises BadHistory for values that are not above 0, and for labels that do not grow.
    Source: stabilising predictions, Bloodgood and Vijay-Shanker (2009); a user's price as the
    criterion, after the comparison of criteria by Pullar-Strecker et al. (2022), arXiv 2110.03802.
    """
    for name, value in (("batch", batch), ("minutes_per_tile", minutes_per_tile), ("worth", worth)):
        if not 0 < value < math.inf:
            raise BadHistory(f"{name} must be above 0, not {value}.", field=name)
    last = [float(each) for each in agreements[-ROUNDS:]]
    settled = len(last) == ROUNDS and min(last) > STABLE
    said = [_on_agreement(last, settled=settled)] if last else []
    if len(points) < FEWEST:
        early = f"{len(points)} of {FEWEST} rounds that a slope needs are done."
        verdict = "consider stopping" if settled else "too early"
        return Advice(verdict, None, None, None, min(last, default=None), (early, *said))
    line = slope(points)
    gain = line.gain(points[-1].labelled, batch)
    price = _price(gain, batch * minutes_per_tile)
    dear = price[0] > worth
    text = (_on_slope(line, gain, batch), _on_price(price, worth), *said)
    verdict = "consider stopping" if dear or settled else "go on"
    return Advice(verdict, line, gain, price, min(last, default=None), text)


def _price(gain: tuple[float, float, float], minutes: float) -> tuple[float, float | None]:
    """(least, expected) minutes a point; infinite where not even the upper end gains."""
    _, expected, high = (100 * each for each in gain)
    least = minutes / high if high > 0 else math.inf
    return least, minutes / expected if expected > 0 else None


def _on_slope(line: Slope, gain: tuple[float, float, float], batch: int) -> str:
    low, expected, high = (100 * each for each in gain)
    return (
        f"The next {batch} tiles are expected to bring {expected:+.2f} points "
        f"({low:+.2f} to {high:+.2f}); a doubling of the labels {100 * line.value:+.2f}."
    )


def _on_price(price: tuple[float, float | None], worth: float) -> str:
    least, expected = price
    if math.isinf(least):
        return "Not even the upper end of the curve's interval rises: a point has no price."
    likely = "more than can be told" if expected is None else f"about {expected:.0f}"
    return f"A point costs {likely} minutes, at least {least:.0f}; it is worth {worth:.0f}."


def _on_agreement(last: list[float], *, settled: bool) -> str:
    told = ", ".join(f"{each:.3f}" for each in last)
    ending = "their masks have settled" if settled else f"{STABLE} three times would be settled"
    return f"Successive models agree by kappa {told}: {ending}."
