"""What each person has done: true time, gold scores, reasons for rework.

Active seconds are the gaps between heartbeats that were short enough to be work, idle seconds the
longer ones; labelling and reviewing are told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from labelling.models import Annotation, Campaign, Membership, Reservation, Review

from .gold import GoldScore, gold_scores_of, means, pooled
from .pace import Pace, paces

PUBLISHED = 5
"""A person's own page counts gold tiles in whole steps of so many: a score that changed after each
would tell which tile was gold."""
LABELLING = Q(kind__in=[Reservation.Kind.ACTIVE, Reservation.Kind.HELD])
REVIEWING = Q(kind=Reservation.Kind.REVIEW)


@dataclass(frozen=True)
class Hours:
    """One kind of work."""

    done: int
    """Labels handed in, or reviews finished."""
    active_seconds: int
    idle_seconds: int
    timed: int
    """Of those done, the ones with active time: nobody times what is drawn in CVAT."""

    @property
    def per_hour(self) -> float | None:
        """Done in an active hour, of what was timed; None without active time."""
        return self.timed * 3600 / self.active_seconds if self.active_seconds else None


@dataclass(frozen=True)
class GoldStanding:
    tiles: int
    mean: float | None
    """0…1: over tiles, of each tile's mean F1."""
    named: float | None
    """0…1 of the gold labels' pixels that the person gave a class; mean over tiles."""
    classes: dict[str, float | None]
    """{class code: F1 over all their pixels}."""


@dataclass(frozen=True)
class Work:
    """One person in one campaign."""

    username: str
    name: str
    role: str
    level: int
    labelling: Hours
    reviewing: Hours
    pace: Pace
    gold: GoldStanding
    rework: dict[str, int]
    """{reason: labels rejected for it}, the most common first."""
    difficulty: dict[int, int]
    """{1…5: labels the person found so}."""
    qualified: str | None
    """Since when; None: not yet."""
    drift: str | None
    """Since when the gold scores are worse than they were; None: they aren't."""


def work_of(campaign: Campaign, members: Sequence[Membership], *, own: bool = False) -> list[Work]:
    """A row for each member, whose users are loaded. Causes five queries however many they are.

    With `own`, for a person's own eyes: gold tiles are counted in whole steps of PUBLISHED, and
    neither qualification nor drift, which change with each of them, are told.
    """
    people = [member.user_id for member in members]
    labelling, reviewing = _hours(campaign, people)
    gold, pace = gold_scores_of(campaign, people), paces(campaign)
    rework, difficulty = _rework(campaign, people), _difficulty(campaign, people)
    return [
        Work(
            username=member.user.username,
            name=member.user.get_full_name() or member.user.username,
            role=member.role,
            level=member.level,
            labelling=labelling[member.user_id],
            reviewing=reviewing[member.user_id],
            pace=pace.get(member.user_id, Pace(0, None)),
            gold=gold_standing(gold.get(member.user_id, []), own=own),
            rework=rework[member.user_id],
            difficulty=difficulty[member.user_id],
            qualified=None if own else member.qualification.get("qualified"),
            drift=None if own else (member.qualification.get("drift") or {}).get("since"),
        )
        for member in members
    ]


def gold_standing(scores: Sequence[GoldScore], *, own: bool) -> GoldStanding:
    """Of all the scores; with `own` of the oldest ones, in whole steps."""
    counted = scores[: len(scores) // PUBLISHED * PUBLISHED] if own else scores
    values = means(counted)
    named = [score.named for score in counted]
    return GoldStanding(
        tiles=len(counted),
        mean=sum(values) / len(values) if values else None,
        named=sum(named) / len(named) if named else None,
        classes=pooled(counted),
    )


def _hours(
    campaign: Campaign, people: Sequence[int]
) -> tuple[defaultdict[int, Hours], defaultdict[int, Hours]]:
    """Labelling and reviewing, by person; time on tiles given back counts too."""
    labels, reviews = defaultdict(_no_hours), defaultdict(_no_hours)
    sums: dict[str, Any] = {}
    for name, kind, how in (
        ("label", LABELLING, Reservation.How.SUBMITTED),
        ("review", REVIEWING, Reservation.How.REVIEWED),
    ):
        sums[f"{name}_done"] = Count("task", distinct=True, filter=kind & Q(how=how))
        timed = kind & Q(how=how, active_seconds__gt=0)
        sums[f"{name}_timed"] = Count("task", distinct=True, filter=timed)
        sums[f"{name}_active"] = Sum("active_seconds", filter=kind, default=0)
        sums[f"{name}_idle"] = Sum("idle_seconds", filter=kind, default=0)
    spells = Reservation.objects.filter(task__campaign=campaign, person__in=people)
    for row in spells.order_by().values("person").annotate(**sums):
        for name, into in (("label", labels), ("review", reviews)):
            into[row["person"]] = Hours(
                row[f"{name}_done"],
                row[f"{name}_active"],
                row[f"{name}_idle"],
                row[f"{name}_timed"],
            )
    return labels, reviews


def _no_hours() -> Hours:
    return Hours(0, 0, 0, 0)


def _rework(campaign: Campaign, people: Sequence[int]) -> defaultdict[int, dict[str, int]]:
    rejected = Review.objects.filter(
        verdict=Review.Verdict.REJECTED,
        annotation__task__campaign=campaign,
        annotation__author__in=people,
    )
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    counted = rejected.values_list("annotation__author", "reason").annotate(n=Count("pk"))
    for person, reason, n in counted.order_by("-n", "reason"):
        found[person][reason] = n
    return found


def _difficulty(campaign: Campaign, people: Sequence[int]) -> defaultdict[int, dict[int, int]]:
    said = Annotation.objects.drawn().filter(
        task__campaign=campaign, author__in=people, difficulty__isnull=False
    )
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    counted = said.values_list("author", "difficulty").annotate(n=Count("pk"))
    for person, difficulty, n in counted.order_by("difficulty"):
        found[person][difficulty] = n
    return found
