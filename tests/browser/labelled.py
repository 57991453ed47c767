"""Labels that are there before a page is opened. All tiles are painted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from labelling.adapters.blobs import store
from labelling.clock import now
from labelling.imagery.tilefile import write_label
from labelling.models import Annotation, Campaign, Layer, Task, Tile
from labelling.workflow.claims import claim_next
from labelling.workflow.gold import add_gold, retire_gold
from labelling.workflow.review import accept
from labelling.workflow.review_queue import claim_review
from labelling.workflow.submission import submit
from tests.factories import person


def half_cloudy() -> np.ndarray:
    """Cloud where the painted tiles are bright, on the left; clear on the right."""
    label = np.zeros((256, 256), np.uint8)
    label[:, :128] = 1
    return label


def handed_in(campaign: Campaign, name: str, label: np.ndarray | None = None) -> Annotation:
    """The next tile's label by somebody."""
    who = person(name, campaign=campaign)
    task = claim_next(campaign=campaign, person=who, now=now()).task
    return submit(task=task, person=who, now=now(), **work(label))


def work(label: np.ndarray | None = None) -> dict[str, Any]:
    plane = half_cloudy() if label is None else label
    painted = np.ones_like(plane)
    return {"label": plane, "provenance": painted, "schema_version": 1, "tool": "test"}


def in_review(label: Annotation, *, reviewer: str = "rita") -> dict[str, Any]:
    """The label in a reviewer's hands, as a verdict takes it."""
    assert label.task is not None
    campaign = label.task.campaign
    who = person(reviewer, campaign=campaign, role="reviewer")
    claim_review(campaign=campaign, reviewer=who, now=now(), task=label.task)
    task = Task.objects.select_related("campaign__schema", "tile").get(pk=label.task.pk)
    return {"task": task, "reviewer": who, "now": now()}


def in_the_guide(label: Annotation, *, guide: str) -> None:
    """An accepted label, made gold and retired."""
    accept(**in_review(label))
    assert label.task is not None
    accepted = Annotation.objects.select_related("task__campaign__schema").get(pk=label.pk)
    assert accepted.task is not None
    gold = add_gold(
        campaign=accepted.task.campaign, annotation=accepted, who=None, now=now(), guide=guide
    )
    retire_gold(gold=gold, who=None, now=now())


def mask_beside(tile: Tile, source: str, codes: np.ndarray, *, made: datetime) -> Layer:
    layer = Layer.objects.create(
        tile=tile,
        source=source,
        version="1",
        raster=f"layers/{tile.pk}-{source}.tif",
        provides=[0, 1],
        classes={"0": 0.5, "1": 0.5},
        created=made,
    )
    store().write_with(layer.raster, lambda path: write_label(path, codes, np.full_like(codes, 2)))
    return layer
