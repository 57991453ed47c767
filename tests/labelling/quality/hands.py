"""People at work without the web: tasks served, labelled and compared. All tiles are synthetic."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from django.contrib.auth.models import User

from labelling.adapters.blobs import store
from labelling.imagery.tilefile import write_label, write_mask
from labelling.models import Annotation, Campaign, Layer, Task, Tile
from labelling.workflow.comparing import compare_label
from labelling.workflow.planes import Planes
from tests.factories import NOON, TaskFactory, TileFactory
from tests.labelling.insights.rows import reservation

SIZE = 64


def striped(*codes: int, size: int = SIZE) -> np.ndarray:
    """A label (size, size) of vertical stripes of equal width with these codes."""
    return np.repeat(np.array(codes, np.uint8), size // len(codes))[None].repeat(size, axis=0)


def small_tile(campaign: Campaign, *, split: str = "pool") -> Tile:
    """A tile of 64 pixels a side; only its row, no raster."""
    return TileFactory(campaign=campaign, height=SIZE, width=SIZE, acquisition__place__split=split)


def small_task(campaign: Campaign, tile: Tile | None = None, **fields) -> Task:
    return TaskFactory(campaign=campaign, tile=tile or small_tile(campaign), **fields)


def give_prelabel(task: Task, plane: np.ndarray, *, arm: str = "hinted") -> Layer:
    layer = Layer.objects.create(
        tile=task.tile,
        source="model",
        version="0a1b2c3d",
        raster=f"layers/{task.pk}.tif",
        created=NOON,
    )
    store().write_with(layer.raster, lambda path: write_mask(path, plane, name="model"))
    Task.objects.filter(pk=task.pk).update(prelabel=layer, arm=arm)
    task.refresh_from_db()
    return layer


def hand_in(
    task: Task,
    person: User | None,
    plane: np.ndarray,
    *,
    minutes: float = 9,
    now: datetime = NOON,
    parent: Annotation | None = None,
    state: str = "submitted",
    **fields,
) -> Annotation:
    """A label of `task` by `person` after so many minutes of work, not compared yet."""
    label = store_label(task, person, plane, now=now, parent=parent, **fields)
    if person and parent is None:
        spell = reservation(task, person, how="submitted")
        spell.started, spell.ended = now, now + timedelta(minutes=minutes)
        spell.active_seconds = round(minutes * 60)
        spell.save()
    Task.objects.filter(pk=task.pk).update(state=state)
    task.refresh_from_db()
    return label


def store_label(
    task: Task, person: User | None, plane: np.ndarray, *, now: datetime = NOON, **fields
) -> Annotation:
    planes = Planes(plane, np.where(plane == 255, 0, 1).astype(np.uint8))
    n = Annotation.objects.filter(acquisition=task.acquisition).count() + 1
    key = f"labels/{task.acquisition.key}/{n}-{planes.sha256[:16]}.tif"
    store().write_with(key, lambda path: write_label(path, planes.label, planes.provenance))
    return Annotation.objects.create(
        acquisition=task.acquisition,
        schema=task.campaign.schema,
        n=n,
        task=task,
        author=person,
        tool="brush",
        source="campaign",
        raster=key,
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        created=now,
        **fields,
    )


def compared(*labels: Annotation, now: datetime = NOON) -> list[Annotation]:
    """The labels after the job that compares each has run."""
    for label in labels:
        compare_label(annotation_id=label.pk, now=now)
        label.refresh_from_db()
    return list(labels)
