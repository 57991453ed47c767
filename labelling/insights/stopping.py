"""What more labels would still buy: advice, never an order."""

from __future__ import annotations

import math
from dataclasses import dataclass

from al_engine.stopping import Advice, Point, advise
from labelling.insights.costs import Cost
from labelling.models import Campaign, Round

LAST = 50
"""Rounds that are looked at."""
TYPICAL = 6.0
"""Minutes a tile that are reckoned with until any were measured."""


@dataclass(frozen=True)
class SlopeRow:
    """Of mean IoU, for a doubling of the labels; 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    low: float
    expected: float
    high: float
    batch: int


@dataclass(frozen=True)
class Price:
    """Minutes of labelling for a point (0.01); None: that end gains nothing."""

    least: float | None
    expected: float | None


@dataclass(frozen=True)
class Stopping:
    verdict: str
    """"too early", "go on" or "consider stopping"."""
    slope: SlopeRow | None
    gain: Gain | None
    minutes_per_point: Price | None
    """None: it isn't known yet, or not even the upper end of the interval gains."""
    labels_per_point: int | None
    """At the expected gain."""
    worth_minutes: float
    agreement: float | None
    """The least kappa of successive models over the last three rounds."""
    text: list[str]


def stopping(campaign: Campaign, cost: Cost, *, worth: float) -> Stopping:
    """By validation: mean IoU of the models of successive rounds against their labelled tiles.

    worth: minutes that a point is worth. One query.
    """
    rounds = _rounds(campaign)
    measured = cost.minutes_per_tile
    minutes = measured.median if measured else TYPICAL
    batch = campaign.batch_size
    advice = advise(
        points(rounds),
        batch=batch,
        minutes_per_tile=minutes,
        worth=worth,
        agreements=agreements(rounds),
    )
    text = list(advice.text)
    if not measured:
        text.append(f"No label's minutes are known yet: {TYPICAL:g} a tile are reckoned with.")
    return Stopping(
        verdict=advice.verdict,
        slope=_slope(advice),
        gain=Gain(*(_short(each) for each in advice.gain), batch) if advice.gain else None,
        minutes_per_point=_price(advice),
        labels_per_point=_labels(advice, batch),
        worth_minutes=worth,
        agreement=advice.agreement,
        text=text,
    )


def _rounds(campaign: Campaign) -> list[Round]:
    """The last finished ones that trained a model of the campaign's classes, in order."""
    found = Round.objects.filter(
        campaign=campaign, state=Round.State.DONE, model__isnull=False
    ).select_related("model", "snapshot")
    names = {each["name"] for each in campaign.schema.classes} if campaign.schema else set()
    newest = reversed(found.order_by("-n")[:LAST])
    return [each for each in newest if _classes(each) == names]


def _classes(round: Round) -> set[str]:
    return {each["name"] for each in round.model.card.get("classes", [])} if round.model else set()


def points(rounds: list[Round]) -> list[Point]:
    """The learning curve; of rounds on equally many labels the last one counts, and those on fewer
    than an earlier one had (labels were taken back) begin it anew."""
    curve: list[Point] = []
    for round in rounds:
        score = _score(round)
        labelled = int(round.snapshot.counts.get("pool", 0)) if round.snapshot else 0
        if score is None or labelled < 1:
            continue
        curve = [each for each in curve if each.labelled < labelled]
        curve.append(Point(labelled=labelled, score=score))
    return curve


def _score(round: Round) -> float | None:
    metrics = round.model.metrics if round.model else {}
    if metrics.get("split") != "validation" or metrics.get("class_mean_iou") is None:
        return None
    return float(metrics["class_mean_iou"])


def agreements(rounds: list[Round]) -> list[float]:
    """Kappa of each round's model with the one before, where both are known."""
    told = [each.steps.get("open", {}).get("agreement") for each in rounds]
    return [float(each) for each in told if each is not None]


def _slope(advice: Advice) -> SlopeRow | None:
    if advice.slope is None:
        return None
    return SlopeRow(*(_short(each) for each in (
        advice.slope.value, advice.slope.low, advice.slope.high
    )))  # fmt: skip


def _price(advice: Advice) -> Price | None:
    if advice.minutes_per_point is None or math.isinf(advice.minutes_per_point[0]):
        return None
    least, expected = advice.minutes_per_point
    return Price(round(least, 1), None if expected is None else round(expected, 1))


def _labels(advice: Advice, batch: int) -> int | None:
    """Labels for a point at the pace of the next batch."""
    if advice.gain is None or advice.gain[1] <= 0:
        return None
    return math.ceil(batch * 0.01 / advice.gain[1])


def _short(value: float) -> float:
    return round(value, 6)
