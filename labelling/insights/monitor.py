"""What control tiles tell: how good the model is on the pool, and whether choosing beats random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Count

from al_engine import duel
from al_engine.monitor import accuracy
from labelling.insights.duels import NEEDED, Hand, next_hand
from labelling.insights.foreseen import (
    CHOSEN,
    NEWEST,
    UNIFORM,
    Interval,
    figures,
    foresights,
    rounds_of,
)
from labelling.models import Annotation, Campaign, Duel, Foresight, Round, Task

MATTERS = 0.02
"""Difference in accuracy that is worth acting on."""
DAYS = timedelta(days=28)
"""Over which the present pace is measured."""
PENDING = (Task.State.OPEN, Task.State.RESERVED)


@dataclass(frozen=True)
class ControlRound:
    round: int
    model: str
    """First eight characters of the hash of the model that ranked it."""
    labelled: int
    """Tiles of the pool that the round's snapshot held."""
    tiles: int
    products: int
    accuracy: Interval | None
    mean_iou: Interval | None


@dataclass(frozen=True)
class ControlNow:
    """All rounds that the same model ranked as the newest one."""

    rounds: list[int]
    tiles: int
    products: int
    accuracy: Interval | None
    mean_iou: Interval | None


@dataclass(frozen=True)
class ChosenNow:
    tiles: int
    accuracy: float | None


@dataclass(frozen=True)
class Control:
    rounds: list[ControlRound]
    now: ControlNow | None
    chosen: ChosenNow | None
    waiting: int
    text: str


@dataclass(frozen=True)
class DuelRow:
    n: int
    tiles: int
    """Each arm learnt from."""
    pairs: int
    chosen: float
    """Mean accuracy over the judged products."""
    random: float
    created: datetime


@dataclass(frozen=True)
class Random:
    state: str
    low: float
    high: float
    detectable: float
    matters: float
    pairs: int
    needed: int | None
    days: int | None
    duels: list[DuelRow]
    next: Hand
    text: str


def control(campaign: Campaign) -> Control:
    """The prequential estimate over rounds. Four queries."""
    rows = foresights(campaign, UNIFORM, unaided=True)
    by_round = rounds_of(rows)
    newest = [_round_of(by_round[n]) for n in sorted(by_round)[-NEWEST:]]
    last = by_round[max(by_round)][0].round if by_round else None
    same = [row for row in rows if last and row.round.ranked_by_id == last.ranked_by_id]
    now = _now(same) if same else None
    waiting = _waiting(campaign)
    return Control(
        rounds=newest,
        now=now,
        chosen=_chosen(campaign, {row.round_id for row in same}) if same else None,
        waiting=waiting,
        text=_control_text(now, waiting),
    )


def _round_of(rows: Sequence[Foresight]) -> ControlRound:
    round = rows[0].round
    counts = round.snapshot.counts if round.snapshot else {}
    return ControlRound(
        round=round.n,
        model=round.ranked_by.hash[:8] if round.ranked_by else "",
        labelled=int(counts.get("pool", 0)),
        **figures(rows),
    )


def _now(rows: Sequence[Foresight]) -> ControlNow:
    return ControlNow(rounds=sorted({row.round.n for row in rows}), **figures(rows))


def _chosen(campaign: Campaign, rounds: set[int]) -> ChosenNow:
    rows = [row for row in foresights(campaign, CHOSEN) if row.round_id in rounds]
    total = sum((np.array(row.confusion, dtype=np.float64) for row in rows), np.zeros((1, 1)))
    value = accuracy(total)
    return ChosenNow(len(rows), None if math.isnan(value) else round(value, 5))


def _waiting(campaign: Campaign) -> int:
    """Control tiles of the newest finished round that nobody has labelled yet."""
    last = Round.objects.filter(campaign=campaign, state=Round.State.DONE).order_by("-n").first()
    if last is None:
        return 0
    tasks = Task.objects.of(campaign).filter(round_no=last.n, lane=Task.Lane.CONTROL)
    return tasks.filter(state__in=PENDING).count()


def _control_text(now: ControlNow | None, waiting: int) -> str:
    if now is None or now.accuracy is None:
        return (
            "Nothing to say yet: no control tile that a model had foreseen is labelled; "
            f"{waiting} wait."
        )
    low, high = 100 * now.accuracy.low, 100 * now.accuracy.high
    return (
        f"On the pool the model is right in {100 * now.accuracy.value:.1f} % of the pixels "
        f"({low:.1f} to {high:.1f}), by {now.tiles} control tiles of {now.products} products."
    )


def random(campaign: Campaign, *, now: datetime) -> Random:
    """Is active learning still beating random? By all duels so far; silent until they can tell."""
    duels = list(Duel.objects.filter(campaign=campaign).order_by("n"))
    differences = np.array(
        [pair["chosen"] - pair["random"] for each in duels for pair in each.pairs]
    )
    pace = _products_a_day(campaign, now=now)
    said = duel.judge(differences, matters=MATTERS, pairs_per_day=pace or None)
    hand = next_hand(campaign)
    return Random(
        state=said.state,
        low=said.low,
        high=said.high,
        detectable=said.detectable,
        matters=MATTERS,
        pairs=said.pairs,
        needed=said.needed,
        days=_days(said, pace),
        duels=[_row(each) for each in duels],
        next=hand,
        text=f"{said.text} {_next_text(hand)}",
    )


def _products_a_day(campaign: Campaign, *, now: datetime) -> float:
    """Products of control tiles that were labelled, a day of the last four weeks."""
    labels = Annotation.objects.filter(
        task__campaign=campaign, task__lane=Task.Lane.CONTROL, created__gt=now - DAYS
    )
    found = labels.aggregate(n=Count("task__tile__scene", distinct=True))["n"]
    return float(found / DAYS.days)


def _days(said: duel.Verdict, pace: float) -> int | None:
    if said.state != "waiting" or said.needed is None or not pace:
        return None
    return math.ceil(max(1, said.needed - said.pairs) / pace)


def _row(each: Duel) -> DuelRow:
    return DuelRow(
        n=each.n,
        tiles=len(each.arms["chosen"]),
        pairs=len(each.pairs),
        chosen=round(float(np.mean([pair["chosen"] for pair in each.pairs])), 5),
        random=round(float(np.mean([pair["random"] for pair in each.pairs])), 5),
        created=each.created,
    )


def _next_text(hand: Hand) -> str:
    if hand.ready:
        return "There is enough for the next duel: `manage.py monitor duel`."
    return f"The next duel takes {NEEDED}; there are {hand.arm} of each arm and {hand.products}."
