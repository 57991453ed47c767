"""One label from several blind ones: the majority's, and where it ties, nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce

from labelling.adapters.blobs import store
from labelling.imagery.boundaries import majority
from labelling.imagery.tilefile import read_label, write_label
from labelling.models import Annotation, Event, Membership, Task, record
from labelling.models.annotation import CONSENSUS
from labelling.workflow.overlap import copies_of
from labelling.workflow.planes import Planes
from labelling.workflow.quality_rules import quality_rules

ADJUDICATION = "adjudication"
"""Cause of a task that settles what several people couldn't agree on."""
TRIES = 5
"""Labels of the same tile that are handed in just then, one after the other."""


def agree(task: Task, *, now: datetime) -> Annotation | None:
    """The consensus of the blind labels that `task` is one of, once all are in.

    None while one is missing, and when these very labels have their consensus already. Ties are
    254, unsure; where more of the tile ties than the campaign's limit, a task in lane rereview is
    opened for a person who has labelled none of the copies. The blob is written before the row.
    """
    root = task.root or task
    labels = standing_labels(root)
    if len(labels) < 2 or _settled(labels):
        return None
    planes, ties = _merge(labels)
    key = f"labels/{labels[0].acquisition.key}/consensus-{planes.sha256[:16]}.tif"
    store().write_with(key, lambda path: write_label(path, planes.label, planes.provenance))
    for left in reversed(range(TRIES)):
        try:
            return _settle(labels, planes, key, ties=ties, now=now)
        except IntegrityError:
            # Somebody handed in a label of the tile and took the number.
            if not left:
                raise
    return None


@transaction.atomic
def _settle(
    labels: Sequence[Annotation], planes: Planes, key: str, *, ties: float, now: datetime
) -> Annotation | None:
    """Write the consensus and what follows from it; None if somebody else just did."""
    first = labels[0]
    # Whoever handed in the other label at the same moment merges them as well: one at a time.
    list(Task.objects.select_for_update().filter(pk=first.task_id))
    if _settled(labels):
        return None
    consensus = _keep(labels, planes, key, ties=ties, now=now)
    adjudication = _open_adjudication(consensus, by=labels, now=now)
    # Told of the consensus, not of the tasks: their history is for annotators, too.
    record(
        Event.Verb.CREATED,
        consensus,
        campaign=first.task.campaign,
        who=None,
        now=now,
        after=consensus.sha256,
        adjudication=adjudication,
        **consensus.origin,
    )
    return consensus


def standing_labels(root: Task) -> list[Annotation]:
    """The label that stands for each blind copy, in order of the copies; empty while one has none.

    Of a copy that was reworked or fixed in review, the newest usable one.
    """
    copies = list(copies_of(root).values_list("pk", flat=True))
    chain = Coalesce("task__root_id", "task_id")
    found = (
        Annotation.objects.usable(root.campaign.schema_id)
        .annotate(chain=chain)
        .filter(chain__in=copies, author__isnull=False)
        .exclude(tool=CONSENSUS)
        .select_related("task__campaign", "acquisition__place")
        .order_by("n")
    )
    newest = {label.chain: label for label in found}
    done = Task.objects.filter(pk__in=[label.task_id for label in newest.values()])
    waiting = done.filter(state__in=[Task.State.OPEN, Task.State.RESERVED]).exists()
    return [newest[pk] for pk in copies] if set(newest) == set(copies) and not waiting else []


def _settled(labels: Sequence[Annotation]) -> bool:
    made = Annotation.objects.filter(tool=CONSENSUS, parent=labels[0]).order_by("n").last()
    return made is not None and made.origin.get("of") == _names(labels)


def _kind(labels: Sequence[Annotation]) -> str:
    """That of the label that covers most of the tile."""
    kinds = {label.kind for label in labels}
    return next(kind for kind in Annotation.Kind.values if kind in kinds)


def _names(labels: Sequence[Annotation]) -> list[str]:
    return [str(label.uuid) for label in labels]


def _merge(labels: Sequence[Annotation]) -> tuple[Planes, float]:
    """The majority's label, and the share of its pixels that tie."""
    planes = [read_label(store().raster(label.raster)) for label in labels]
    merged = majority([label for label, _ in planes], [made for _, made in planes])
    return Planes(merged.label, merged.provenance), round(merged.ties, 6)


def _keep(
    labels: Sequence[Annotation], planes: Planes, key: str, *, ties: float, now: datetime
) -> Annotation:
    first = labels[0]
    numbers = Annotation.objects.filter(acquisition=first.acquisition, schema=first.schema_id)
    return Annotation.objects.create(
        acquisition=first.acquisition,
        schema_id=first.schema_id,
        n=(numbers.aggregate(last=Max("n"))["last"] or 0) + 1,
        task=first.task,
        tool=CONSENSUS,
        source=first.source,
        parent=first,
        kind=_kind(labels),
        origin={"of": _names(labels), "ties": ties},
        raster=key,
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        created=now,
    )


def _open_adjudication(consensus: Annotation, *, by: Sequence[Annotation], now: datetime) -> str:
    """The UUID of the task for a third person; empty where none is needed or one is open.

    For a qualified one, if there is one who has labelled none of the copies.
    """
    task, rules = consensus.task, quality_rules(consensus.task.campaign)
    key = {
        "campaign": task.campaign,
        "acquisition": task.acquisition,
        "lane": Task.Lane.REREVIEW,
        "round_no": task.round_no,
    }
    there = Task.objects.filter(**key)
    if consensus.origin["ties"] <= rules.tie_limit or there.filter(cause=ADJUDICATION).exists():
        return ""
    proven = Membership.objects.filter(
        campaign=task.campaign, level__gte=rules.qualified_level, user__is_active=True
    ).exclude(user__in=[label.author_id for label in by])
    copy = there.aggregate(last=Max("copy"))["last"]
    opened = Task.objects.create(
        **key,
        tile=task.tile,
        copy=0 if copy is None else copy + 1,
        level=rules.qualified_level if proven.exists() else 0,
        cause=ADJUDICATION,
        created=now,
    )
    return str(opened.uuid)
