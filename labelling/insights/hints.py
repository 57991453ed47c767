"""What pre-labels do to labels: how much people change, and how far a pre-label pulls them.

Active tiles fall into two arms by the draw of their round: with the pre-label shown, and without.
In both, the finished label is held against the pre-label; where somebody else has labelled the tile
unaided, the two labels are held against each other. Labels in regions have no part in it: they are
made in one arm alone, and of the ground where the model doubts most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from labelling.models import Agreement, Annotation, Campaign, Task

from .agreement_measures import REPEATS, interval
from .standing import taken_back

EVENED = "evened out"
"""Cause of a tile whose pre-label was withheld for the person's balance, not by the draw: it has no
part in the comparison of the arms."""
NEWEST = 2000
"""Labels of each arm that are counted: the newest."""
VERSIONS = 20
"""Pre-labels told apart, by source and version: those with the newest labels."""
SEED = 21
"""Of the bootstrap: the same labels give the same interval."""


@dataclass(frozen=True)
class Estimate:
    """A mean over tiles."""

    mean: float | None
    interval: tuple[float, float] | None
    """95 %; None with fewer than two tiles."""
    tiles: int


@dataclass(frozen=True)
class Arm:
    """Labels drawn with, or without, sight of the pre-label."""

    labels: int
    changed: Estimate
    """0…1 of a tile's pixels that differ from the pre-label."""
    untouched: float | None
    """0…1 of the labels that don't differ from it at all."""
    iou: dict[str, float | None]
    """{class code: 0…1}, pre-label against final label, mean over the tiles that have the class."""
    agreement: Estimate
    """0…1 of a tile's pixels that an unaided second person gave the same class."""


@dataclass(frozen=True)
class Version:
    """One pre-label source, where it was shown."""

    source: str
    version: str
    labels: int
    changed: float | None
    untouched: float | None


@dataclass(frozen=True)
class HintReport:
    hinted: Arm
    plain: Arm
    pull: Estimate
    """Changed without minus changed with the pre-label: how much nearer to it labels are that were
    drawn in its sight. Near 0: it pulls nobody."""
    agreement_gap: Estimate
    """Agreement with an unaided person, without minus with the pre-label. Above 0: pre-labels take
    people away from what they would have drawn."""
    evened: int
    """Labels drawn without pre-label for a person's balance; in neither arm."""
    versions: list[Version]


def hint_report(campaign: Campaign) -> HintReport:
    """Of the newest labels under the classes in force. Causes five queries."""
    changes = {arm: _labels(campaign, arm) for arm in Task.Arm.values}
    agreed = {arm: _agreed(campaign, arm) for arm in Task.Arm.values}
    changed = {arm: _changed(rows) for arm, rows in changes.items()}
    evened = _first_labels(campaign).filter(task__cause=EVENED)
    plain, hinted = Task.Arm.PLAIN.value, Task.Arm.HINTED.value
    return HintReport(
        hinted=_arm(changes[hinted], agreed[hinted]),
        plain=_arm(changes[plain], agreed[plain]),
        pull=difference(changed[plain], changed[hinted]),
        agreement_gap=difference(agreed[plain], agreed[hinted]),
        evened=evened.count(),
        versions=_versions(changes[hinted]),
    )


def estimate(values: Sequence[float]) -> Estimate:
    """The mean with a percentile interval, tiles drawn with replacement."""
    if not values:
        return Estimate(None, None, 0)
    found = interval(_means(values, salt=0)) if len(values) > 1 else None
    return Estimate(float(np.mean(values)), found, len(values))


def difference(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """The first's mean minus the second's; `tiles` counts the smaller of the two."""
    tiles = min(len(first), len(second))
    if not tiles:
        return Estimate(None, None, 0)
    found = interval(_means(first, salt=1) - _means(second, salt=2)) if tiles > 1 else None
    return Estimate(float(np.mean(first) - np.mean(second)), found, tiles)


def _means(values: Sequence[float], *, salt: int) -> NDArray[np.float64]:
    """(REPEATS,) bootstrap means."""
    dice, known = np.random.default_rng([SEED, salt]), np.asarray(values, float)
    return np.array([dice.choice(known, known.size).mean() for _ in range(REPEATS)])


def _first_labels(campaign: Campaign) -> QuerySet[Annotation]:
    return Annotation.objects.filter(
        task__campaign=campaign,
        task__lane=Task.Lane.ACTIVE,
        schema=campaign.schema_id,
        parent=None,
        kind=Annotation.Kind.FULL,
        author__isnull=False,
        compared__isnull=False,
    ).exclude(taken_back())


def _labels(campaign: Campaign, arm: str) -> list[tuple[dict[str, Any], str, str]]:
    """(kept, source, version of the pre-label), the newest first."""
    rows = _first_labels(campaign).filter(task__arm=arm).exclude(task__cause=EVENED)
    found = rows.order_by("-pk").values_list(
        "kept", "task__prelabel__source", "task__prelabel__version"
    )
    return [(kept, source, version) for kept, source, version in found[:NEWEST] if kept]


def _changed(rows: Iterable[tuple[dict[str, Any], str, str]]) -> list[float]:
    return [kept["changed"] for kept, _, _ in rows if kept["changed"] is not None]


def _agreed(campaign: Campaign, arm: str) -> list[float]:
    """By tile, the share of pixels to which the arm's label and an unaided one give one class."""
    drawn = {"task__arm": arm, "task__lane": Task.Lane.ACTIVE}
    other = {"task__lane": Task.Lane.SECOND}
    pairs = Agreement.objects.filter(
        _both("first__", drawn, "second__", other) | _both("second__", drawn, "first__", other),
        campaign=campaign,
        kind=Agreement.Kind.BLIND,
        first__schema=campaign.schema_id,
        first__kind=Annotation.Kind.FULL,
        second__kind=Annotation.Kind.FULL,
    ).exclude(Q(first__task__cause=EVENED) | Q(second__task__cause=EVENED))
    standing = pairs.exclude(taken_back("first__")).exclude(taken_back("second__"))
    shares = []
    for confusion in standing.order_by("-pk").values_list("confusion", flat=True)[:NEWEST]:
        counts = np.array(confusion)
        if counts.sum():
            shares.append(float(np.trace(counts) / counts.sum()))
    return shares


def _both(one: str, drawn: dict[str, str], two: str, other: dict[str, str]) -> Q:
    named = {f"{one}{key}": value for key, value in drawn.items()}
    return Q(**named, **{f"{two}{key}": value for key, value in other.items()})


def _arm(rows: list[tuple[dict[str, Any], str, str]], agreed: list[float]) -> Arm:
    by_code: dict[str, list[float]] = defaultdict(list)
    for kept, _, _ in rows:
        for code, value in kept["iou"].items():
            by_code[code] += [] if value is None else [value]
    return Arm(
        labels=len(rows),
        changed=estimate(_changed(rows)),
        untouched=_untouched(rows),
        iou={code: float(np.mean(values)) if values else None for code, values in by_code.items()},
        agreement=estimate(agreed),
    )


def _untouched(rows: Sequence[tuple[dict[str, Any], str, str]]) -> float | None:
    return sum(kept["untouched"] for kept, _, _ in rows) / len(rows) if rows else None


def _versions(rows: list[tuple[dict[str, Any], str, str]]) -> list[Version]:
    grouped: dict[tuple[str, str], list[tuple[dict[str, Any], str, str]]] = defaultdict(list)
    for row in rows:
        grouped[row[1], row[2]].append(row)
    found = []
    for (source, version), group in list(grouped.items())[:VERSIONS]:
        changed = _changed(group)
        mean = float(np.mean(changed)) if changed else None
        found.append(Version(source, version, len(group), mean, _untouched(group)))
    return found
