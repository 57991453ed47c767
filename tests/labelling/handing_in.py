"""Labels for the tests of handing in, drafts, flags and reviews."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from labelling.models import Annotation, Membership, Task
from labelling.workflow.claims import claim_next
from labelling.workflow.planes import Planes
from labelling.workflow.submission import submit
from tests.factories import NOON, TaskFactory, rank

MINUTE = timedelta(minutes=1)


def drawn(cloudy_rows: int = 6, **changes):
    """A label of 256² pixels: some rows of cloud, then clear, the last row not looked at."""
    label = np.zeros((256, 256), np.uint8)
    label[:cloudy_rows] = 1
    label[-1] = 255
    provenance = np.where(label == 255, 0, 1).astype(np.uint8)
    made = {"label": label, "provenance": provenance, "schema_version": 1, "tool": "editor"}
    return made | changes


def half_done() -> dict:
    """A label of which half is missing: it takes an overruled warning to hand it in."""
    made = drawn()
    made["label"][128:] = 255
    made["provenance"][128:] = 0
    return made


def planes(cloudy_rows: int = 6) -> Planes:
    made = drawn(cloudy_rows)
    return Planes(made["label"], made["provenance"])


def claimed(campaign, who, *, now=NOON) -> Task:
    return claim_next(campaign=campaign, person=who, now=now).task


def handed_in(campaign, who, *, cloudy_rows: int = 6, now=NOON, **task) -> Annotation:
    """A label of `who` on a new task."""
    made = TaskFactory(campaign=campaign, **task)
    rank(campaign, made)
    mine = claimed(campaign, who, now=now)
    assert mine == made
    return submit(task=mine, person=who, now=now, **drawn(cloudy_rows))


def at_level(campaign, who, level: int) -> None:
    Membership.objects.filter(campaign=campaign, user=who).update(level=level)


def fresh(task: Task) -> Task:
    return Task.objects.select_related("campaign__schema", "tile").get(pk=task.pk)
