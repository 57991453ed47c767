"""How fast a person labels, for how hard his tiles are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np
from django.db.models import OuterRef, Subquery

from labelling.models import Annotation, Campaign, Reservation, Score, Task

NEWEST = 5000
"""Labels of the campaign that are counted: the newest."""
LEAST = 5
"""Labels that tiles of one kind must have for a median of their own; others share one."""
BANDS = 4
"""Score bands of a round: quarters of its labelled tiles."""

Kind = Hashable
"""What makes tiles equally hard: ("band", n), ("difficulty", n) or ("any",)."""


@dataclass(frozen=True)
class Spell:
    """A finished label."""

    person: int
    seconds: int
    """Active."""
    round_no: int
    score: float | None
    """Of the tile in its round; None: it had none."""
    difficulty: int | None
    """1…5, as its author found it."""


@dataclass(frozen=True)
class Pace:
    labels: int
    """That it rests on."""
    factor: float | None
    """Above 1: quicker than the team on tiles as hard. None without labels."""


def paces(campaign: Campaign) -> dict[int, Pace]:
    """By person. Causes one query.

    The factor is the sum over the person's labels of the team's median active seconds for tiles
    of that kind, divided by the sum of his own. A tile's kind is the quarter of its round that its
    score falls into; without a score, the difficulty its author gave; kinds with fewer than LEAST
    labels are taken together. Reworks and reviews don't count.
    """
    spells = _spells(campaign)
    kinds = _kinds(spells)
    team = _medians(zip(kinds, (spell.seconds for spell in spells)))
    expected: dict[int, float] = defaultdict(float)
    taken: dict[int, int] = defaultdict(int)
    labels: dict[int, int] = defaultdict(int)
    for spell, kind in zip(spells, kinds):
        expected[spell.person] += team[kind]
        taken[spell.person] += spell.seconds
        labels[spell.person] += 1
    return {person: Pace(labels[person], expected[person] / taken[person]) for person in taken}


def _spells(campaign: Campaign) -> list[Spell]:
    """Spells that ended with a label and in which work was seen."""
    scores = Score.objects.filter(
        round__campaign=OuterRef("task__campaign"),
        round__n=OuterRef("task__round_no"),
        tile=OuterRef("task__tile"),
    )
    said = Annotation.objects.drawn().filter(task=OuterRef("task"), author=OuterRef("person"))
    found = (
        Reservation.objects.filter(
            task__campaign=campaign, how=Reservation.How.SUBMITTED, active_seconds__gt=0
        )
        .exclude(task__lane=Task.Lane.REWORK)
        .annotate(
            score=Subquery(scores.values("score")[:1]),
            difficulty=Subquery(said.order_by("-pk").values("difficulty")[:1]),
        )
        .order_by("-pk")
        .values_list("person", "active_seconds", "task__round_no", "score", "difficulty")
    )
    return [Spell(*row) for row in found[:NEWEST]]


def _kinds(spells: list[Spell]) -> list[Kind]:
    """Each spell's kind; rare kinds are ("any",)."""
    by_round: dict[int, list[float]] = defaultdict(list)
    for spell in spells:
        if spell.score is not None:
            by_round[spell.round_no].append(spell.score)
    quarters = np.arange(1, BANDS) / BANDS
    edges = {n: np.quantile(scores, quarters) for n, scores in by_round.items()}
    kinds = [_kind(spell, edges) for spell in spells]
    counts: dict[Kind, int] = defaultdict(int)
    for kind in kinds:
        counts[kind] += 1
    return [kind if counts[kind] >= LEAST else ("any",) for kind in kinds]


def _kind(spell: Spell, edges: dict[int, np.ndarray]) -> Kind:
    if spell.score is not None:
        return ("band", int(np.searchsorted(edges[spell.round_no], spell.score, side="right")))
    return ("difficulty", spell.difficulty) if spell.difficulty else ("any",)


def _medians(rows: Iterable[tuple[Kind, int]]) -> dict[Kind, float]:
    by_kind: dict[Kind, list[int]] = defaultdict(list)
    for kind, seconds in rows:
        by_kind[kind].append(seconds)
    return {kind: median(seconds) for kind, seconds in by_kind.items()}
