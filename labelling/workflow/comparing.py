"""A label held against everything it can be measured by, once, after it came in.

Against the pre-label of its task: what its author changed. On a gold tile against the gold label.
On a tile that several people label against their labels; when all are in, into one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from labelling.adapters.blobs import store
from labelling.errors import BadInput, StorageAway
from labelling.imagery.boundaries import (
    Plane,
    away_from_borders,
    confusion,
    edits,
    gold_scores,
)
from labelling.imagery.tilefile import read_label, read_tile
from labelling.insights.standing import taken_back
from labelling.models import UNLABELLED, Agreement, Annotation, Event, Gold, Layer, Task, record
from labelling.models.annotation import CONSENSUS
from labelling.workflow.consensus import agree
from labelling.workflow.gold_tasks import top_up_for
from labelling.workflow.hints import shown_layer
from labelling.workflow.lessons import learn
from labelling.workflow.qualifying import take_stock
from labelling.workflow.quality_rules import quality_rules
from labelling.workflow.regions import without_bare

Lane = Task.Lane
BLIND = (Lane.ACTIVE, Lane.CONTROL, Lane.REFERENCE, Lane.SECOND, Lane.PICK)
"""Lanes whose first labels are drawn without sight of anybody else's."""
OVERDUE = timedelta(minutes=5)
"""A label that waits longer was missed: its job was lost on the way."""
AT_A_TIME = 50
"""Missed labels that a sweep sends out."""


def compare_label(*, annotation_id: int, now: datetime) -> bool:
    """Compare one label; False if that was done before, or it is nobody's.

    May be called any number of times, by several at once. A raster that is damaged is told in an
    event and not tried again. Raises StorageAway where one is missing or can't be reached: a later
    sweep tries again.
    """
    label = _with_rows(Annotation.objects.filter(pk=annotation_id)).get()
    if label.compared or label.task is None or label.author is None or label.tool == CONSENSUS:
        return False
    campaign = label.task.campaign
    try:
        made = _compared(label)
        learn(label, _plane(label), blobs=store(), now=now)
    except BadInput as damaged:
        record(Event.Verb.FAILED, label, campaign=campaign, who=None, now=now, error=str(damaged))
        Annotation.objects.filter(pk=label.pk, compared=None).update(compared=now)
        return False
    pairs = [Agreement(campaign=campaign, created=now, **each) for each in made["agreements"]]
    with transaction.atomic():
        Agreement.objects.bulk_create(pairs, ignore_conflicts=True)
        if label.task.lane == Lane.GOLD:
            take_stock(campaign=campaign, person=label.author, now=now)
    agree(label.task, now=now)
    top_up_for(campaign=campaign, person=label.author, now=now)
    # Last: a worker that dies before leaves the label to the next sweep, which does it all again.
    fresh = Annotation.objects.filter(pk=label.pk, compared=None).update(
        shown=made["shown"], kept=made["kept"], compared=now
    )
    return fresh == 1


def missed(*, now: datetime) -> list[int]:
    """Ids of labels that should have been compared by now, at most AT_A_TIME.

    The newest first: a few whose rasters are lost don't keep back the others.
    """
    waiting = Annotation.objects.filter(
        compared__isnull=True, task__isnull=False, author__isnull=False, created__lt=now - OVERDUE
    )
    return list(waiting.order_by("-pk").values_list("pk", flat=True)[:AT_A_TIME])


def _compared(label: Annotation) -> dict[str, Any]:
    """What is to be written; rasters are read here, outside of any transaction."""
    plane = _plane(label)
    layer = label.task.prelabel
    return {
        "shown": shown_layer(label.task) if _first(label) else None,
        "kept": _edits(label, plane, layer) if layer and _first(label) else {},
        "agreements": [*_with_gold(label, plane), *_with_others(label, plane)],
    }


def _edits(label: Annotation, plane: Plane, layer: Layer) -> dict[str, Any]:
    mask = read_tile(_raster(layer.raster))[0].astype(plane.dtype)
    shown = without_bare(mask, label.task)
    if shown is not mask:  # in regions: what was drawn where nothing showed changed nothing
        plane = np.where(shown == UNLABELLED, UNLABELLED, plane).astype(plane.dtype)
    return edits(shown, plane, label.schema.codes)


def _with_gold(label: Annotation, plane: Plane) -> Iterator[dict[str, Any]]:
    gold = _gold_of(label)
    if gold is None:
        return
    truth = _plane(gold)
    rules = quality_rules(label.task.campaign)
    yield {
        "kind": Agreement.Kind.GOLD,
        "first": gold,
        "second": label,
        **_confusions(gold, truth, plane, border=rules.border),
        "scores": gold_scores(plane, truth, label.schema.codes, rules.tolerance),
    }


def _gold_of(label: Annotation) -> Annotation | None:
    if label.task.lane != Lane.GOLD or not _first(label):
        return None
    gold = Gold.objects.filter(campaign=label.task.campaign, acquisition=label.acquisition)
    found = gold.select_related("annotation__schema").first()
    same = found and found.annotation.schema_id == label.schema_id
    return found.annotation if found and same else None


def _with_others(label: Annotation, plane: Plane) -> Iterator[dict[str, Any]]:
    """Pairs of blind labels of different people; the older one is the first."""
    if label.task.lane not in BLIND or not _first(label):
        return
    border = quality_rules(label.task.campaign).border
    for other in _others(label):
        first, second = sorted([label, other], key=lambda each: each.pk)
        planes = {label.pk: plane, other.pk: _plane(other)}
        yield {
            "kind": Agreement.Kind.BLIND,
            "first": first,
            "second": second,
            **_confusions(first, planes[first.pk], planes[second.pk], border=border),
        }


def _others(label: Annotation) -> list[Annotation]:
    """The first labels of the tile's other blind copies that other people have handed in."""
    found = Annotation.objects.filter(
        acquisition=label.acquisition,
        schema=label.schema,
        task__campaign=label.task.campaign,
        task__lane__in=BLIND,
        parent=None,
        author__isnull=False,
    ).exclude(author=label.author)
    return list(_with_rows(found.exclude(taken_back())).order_by("pk"))


def _first(label: Annotation) -> bool:
    """Whether it was drawn from scratch or from the pre-label: no rework, no fix of a review."""
    return label.parent_id is None


def _confusions(
    first: Annotation, one: Plane, other: Plane, *, border: int
) -> dict[str, list[list[int]]]:
    codes = first.schema.codes
    inner = away_from_borders(one, other, border)
    return {
        "confusion": confusion(one, other, codes).tolist(),
        "inner": confusion(one, other, codes, inner).tolist(),
    }


def _plane(label: Annotation) -> Plane:
    return read_label(_raster(label.raster))[0]


def _raster(key: str) -> str:
    """What GDAL opens. Raises StorageAway where the blob isn't there."""
    blobs = store()
    if not blobs.exists(key):
        raise StorageAway(
            f"Storage doesn't hold {key}.",
            field="storage",
            help="Bring the storage back; `verify` tells what is lost for good.",
        )
    return blobs.raster(key)


def _with_rows(labels: QuerySet[Annotation]) -> QuerySet[Annotation]:
    return labels.select_related(
        "author",
        "acquisition__place",
        "schema",
        "task__campaign__schema",
        "task__root",
        "task__prelabel",
        "task__tile__acquisition__place",
    )
