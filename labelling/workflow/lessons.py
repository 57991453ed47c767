"""What a label that came in teaches beside its pixels: how well the model that had not seen the
tile foresaw it, and what it took to draw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Sum

from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound
from labelling.imagery.boundaries import Plane, confusion
from labelling.imagery.tilefile import read_tile
from labelling.models import Annotation, Foresight, LabelCost, Reservation, Score, Task
from labelling.workflow.costing import figures_of_label
from labelling.workflow.foreseeing import FORESEEN, MASKS, loaded
from labelling.workflow.submission import LABELLING

OF_A_ROUND = (Task.Lane.ACTIVE, Task.Lane.CONTROL)
"""Lanes of the tiles that a round picked; their reworks count as well."""
LONGEST = 8 * 3600
"""Active seconds that a label may have taken; more is a clock that went wrong."""


def learn(label: Annotation, plane: Plane, *, blobs: Blobs, now: datetime) -> None:
    """Keep both, where they can be told. May be called again, for any label of a task.

    Reads rasters; call it outside of transactions. Raises StorageAway.
    """
    keep_foresight(label, plane, blobs=blobs, now=now)
    keep_cost(label, plane, blobs=blobs, now=now)


def keep_foresight(label: Annotation, plane: Plane, *, blobs: Blobs, now: datetime) -> None:
    """Hold the label against what the round's model had said; a newer label replaces an older."""
    task = label.task
    assert task is not None
    score = _score_of(task)
    if score is None:
        return
    mask = _foreseen(task, score, blobs)
    if mask is None or mask.shape != plane.shape:
        return
    codes = list(label.schema.codes)
    held = {
        "annotation": label,
        "slice": score.slice,
        "probability": score.drawn.get("probability"),
        "codes": codes,
        "confusion": confusion(plane, mask, codes).tolist(),
        "created": now,
    }
    key = {"round": score.round, "tile": task.tile}
    made, new = Foresight.objects.get_or_create(**key, defaults=held)
    if not new:
        older = Foresight.objects.filter(pk=made.pk, annotation__lt=label.pk)
        older.update(**held)


def _score_of(task: Task) -> Score | None:
    """Of the tile in the round that picked it; None where no round did, or none with a model."""
    lane = task.root.lane if task.root else task.lane
    if lane not in OF_A_ROUND or not task.round_no:
        return None
    found = Score.objects.filter(
        round__campaign=task.campaign_id,
        round__n=task.round_no,
        round__ranked_by__isnull=False,
        tile=task.tile_id,
        picked__isnull=False,
    )
    return found.select_related("round").first()


def _foreseen(task: Task, score: Score, blobs: Blobs) -> Plane | None:
    """The model's mask of the tile from before it was labelled; None where none was kept."""
    if task.prelabel is not None:
        return read_tile(blobs.raster(task.prelabel.raster))[0].astype(np.uint8)
    key = f"rounds/{task.campaign.slug}/{score.round.n}/{FORESEEN}"
    try:
        masks = loaded((blobs.folder(key) / MASKS).read_bytes())
    except (NotFound, FileNotFoundError):
        return None  # of a round from before these were kept
    return masks.get(str(task.tile.uuid))


def keep_cost(label: Annotation, plane: Plane, *, blobs: Blobs, now: datetime) -> None:
    """Keep what a label took that was drawn from scratch or from a pre-label, once."""
    task = label.task
    assert task is not None
    if label.parent_id is not None or LabelCost.objects.filter(annotation=label).exists():
        return
    spells = Reservation.objects.filter(task=task, person=label.author_id, kind__in=LABELLING)
    seconds = spells.aggregate(total=Sum("active_seconds"))["total"] or 0
    if not 0 < seconds <= LONGEST:
        return
    told: dict[str, Any] = figures_of_label(label, plane, score=_score_of(task), blobs=blobs)
    LabelCost.objects.bulk_create(
        [
            LabelCost(
                campaign=task.campaign,
                annotation=label,
                seconds=seconds,
                figures=told,
                created=now,
            )
        ],
        ignore_conflicts=True,
    )
