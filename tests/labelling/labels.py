"""Labels as people leave them: a task, its annotation and the blob. All pixels are synthetic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.auth.models import User

from labelling.models import Annotation, Task, Tile
from labelling.workflow.numbering import numbered
from labelling.workflow.planes import Planes
from tests.factories import NOON, TaskFactory


def planes(tile: Tile, *codes: int) -> Planes:
    """Stripes of these codes from top to bottom, painted where they are no 255."""
    rows = np.array(codes, np.uint8)[np.arange(tile.height) * len(codes) // tile.height]
    label = np.repeat(rows[:, None], tile.width, axis=1)
    return Planes(label, np.where(label == 255, 0, 1).astype(np.uint8))


def labelled(
    task: Task, author: User | None, *codes: int, now: datetime = NOON, **facts: Any
) -> Annotation:
    """A label of the task, in stripes; the task's state stays."""
    made = planes(task.tile, *codes)
    label = Annotation(
        acquisition=task.acquisition,
        schema=facts.pop("schema", task.campaign.schema),
        task=task,
        author=author,
        tool="brush",
        source="campaign",
        sha256=made.sha256,
        pixels=made.pixels,
        labelled_share=made.labelled_share,
        created=now,
        **facts,
    )

    def save() -> Annotation:
        label.save(force_insert=True)
        return label

    return numbered(label, made, save)


def submitted(tile: Tile, campaign, author: User, *codes: int, **facts: Any) -> Annotation:
    """A submitted label of a task of its own; `lane`, `state`, `copy` are the task's."""
    given = {name: facts.pop(name) for name in ("lane", "state", "copy") if name in facts}
    task = TaskFactory(campaign=campaign, tile=tile, **{"state": "submitted", **given})
    return labelled(task, author, *codes, **facts)
