"""The campaign's gold tiles, and how people's labels meet them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from labelling.imagery.boundaries import f1
from labelling.models import Agreement, Campaign, Gold, Task

COUNTED = ("label", "hit", "truth", "found")


@dataclass(frozen=True)
class GoldScore:
    """One label of a gold tile."""

    person: int
    """Id of its author."""
    mean: float | None
    """0…1: mean F1 of the gold label's classes; None: nothing could be compared."""
    named: float
    """0…1 of the gold label's pixels that the label gave a class."""
    classes: dict[str, dict[str, Any]]
    """{code: pixel counts}, as imagery/boundaries.py tolerant_counts counts them."""


def gold_scores_of(campaign: Campaign, people: Iterable[int]) -> dict[int, list[GoldScore]]:
    """By person, the scores under the classes in force, oldest first. Causes one query.

    Of a label that was taken back and drawn anew the new one counts, at the old one's place.
    """
    found = Agreement.objects.filter(
        campaign=campaign,
        kind=Agreement.Kind.GOLD,
        second__author__in=list(people),
        second__schema=campaign.schema_id,
    )
    rows = found.order_by("pk").values_list("second__author", "second__task", "scores")
    by_task: dict[tuple[int, int], GoldScore] = {}
    for person, task, scores in rows:
        score = GoldScore(person, scores["mean"], scores["named"], scores["classes"])
        by_task[person, task] = score
    by_person: dict[int, list[GoldScore]] = defaultdict(list)
    for score in by_task.values():
        by_person[score.person].append(score)
    return dict(by_person)


def pooled(scores: Sequence[GoldScore]) -> dict[str, float | None]:
    """{class code: F1 over all these labels' pixels}; None: neither side has the class.

    Pixels are summed over tiles, so a class that is seldom seen isn't decided by one small tile,
    and a class that a person names where it isn't costs its precision.
    """
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for score in scores:
        for code, counts in score.classes.items():
            for name in COUNTED:
                sums[code][name] += counts[name]
    return {code: f1(counts) for code, counts in sums.items()}


def means(scores: Sequence[GoldScore]) -> list[float]:
    """The tiles' mean scores, where there is one."""
    return [score.mean for score in scores if score.mean is not None]


def gold_rows(campaign: Campaign) -> QuerySet[Gold, Any]:
    """The gold tiles with `labels` (scored ones) and `waiting` (open tasks), for a page."""
    tasks = Task.objects.filter(
        campaign=campaign, acquisition=OuterRef("acquisition"), lane=Task.Lane.GOLD
    ).order_by()
    compared = Agreement.objects.filter(
        campaign=campaign, kind=Agreement.Kind.GOLD, first=OuterRef("annotation")
    ).order_by()
    return (
        Gold.objects.filter(campaign=campaign)
        .select_related("annotation__author", "acquisition__place")
        .annotate(
            waiting=_count(tasks.filter(state=Task.State.OPEN), "acquisition"),
            labels=_count(compared, "first"),
        )
    )


def _count(rows: QuerySet[Any], by: str) -> Coalesce:
    counted = rows.values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
