"""Tiles that several people label without seeing each other's label."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import numpy as np
from django.db.models import Exists, OuterRef

from labelling.models import Task
from labelling.models.task import TaskQuerySet
from labelling.workflow.quality_rules import QualityRules

OVERLAP = 0x0B
"""Sets this draw apart from others that start from a round's seed."""
OVER = [Task.State.SUPERSEDED, Task.State.CLOSED, Task.State.SKIPPED]
"""Copies in these states are not going to be labelled."""


def drawn_overlap(tiles: Collection[uuid.UUID], *, share: float, seed: int) -> set[uuid.UUID]:
    """A random `share` of the tiles, the same for the same seed, in whatever order they come."""
    ordered = sorted(tiles)
    dice = np.random.default_rng([seed, OVERLAP])
    count = int(np.floor(share * len(ordered) + dice.random()))
    return {ordered[place] for place in dice.permutation(len(ordered))[:count]}


def second_copies(task: Task, rules: QualityRules, *, now: datetime) -> list[Task]:
    """The further blind copies of an active task, unsaved: 1, 2, … in lane second, unaided."""
    return [
        Task(
            campaign_id=task.campaign_id,
            acquisition_id=task.acquisition_id,
            tile_id=task.tile_id,
            lane=Task.Lane.SECOND,
            round_no=task.round_no,
            copy=copy,
            level=task.level,
            created=now,
        )
        for copy in range(1, rules.overlap_labels)
    ]


def with_second_copies() -> Exists:
    """For a task query: whether others have, or wait for, a blind copy of this active task."""
    return Exists(
        Task.objects.filter(
            campaign=OuterRef("campaign"),
            acquisition=OuterRef("acquisition"),
            lane=Task.Lane.SECOND,
            round_no=OuterRef("round_no"),
        ).exclude(state__in=OVER)
    )


def copies_of(task: Task) -> TaskQuerySet:
    """The blind copies of the tile that `task`, a copy itself, is one of, in order.

    Copies that won't be labelled are left out. None for a task that isn't labelled by several.
    """
    copies = Task.objects.filter(
        campaign=task.campaign_id,
        acquisition=task.acquisition_id,
        round_no=task.round_no,
        root__isnull=True,
    ).exclude(state__in=OVER)
    if task.lane in (Task.Lane.ACTIVE, Task.Lane.SECOND):
        return copies.filter(lane__in=[Task.Lane.ACTIVE, Task.Lane.SECOND]).order_by("copy", "pk")
    if task.lane == Task.Lane.REFERENCE:
        return copies.filter(lane=Task.Lane.REFERENCE).order_by("copy", "pk")
    return Task.objects.none()
