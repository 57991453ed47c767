"""CVAT's own XML without a server: a snapshot's labels, or a campaign's tasks, written and read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models import OuterRef, Subquery

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput
from labelling.imagery.drawings.xml_writing import UNSURE_NAME, Sheet, Word, write_xml
from labelling.imagery.labelfile import UNLABELLED, UNSURE
from labelling.imagery.labelsets.labelled import Choices
from labelling.imagery.labelsets.sets import LABELSETS
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation, Campaign, ClassSchema, Snapshot, Task
from labelling.workflow.export.order import contents_of
from labelling.workflow.export.shards import annotation_rasters
from labelling.workflow.importing.labels import Import
from labelling.workflow.importing.pieces import Desk

FORMAT = "cvat-xml"
AT_ONCE = 200
"""Rows fetched at a time."""


@dataclass(frozen=True)
class Papers:
    """What is to be written."""

    title: str
    words: tuple[Word, ...]
    total: int
    sheets: Callable[[], Iterator[Sheet]]

    def write(self, out: Path) -> int:
        """Write it; how many images. Raises BadInput for a file that can't be."""
        return write_xml(out, self.sheets(), title=self.title, words=self.words)


def papers_of_snapshot(snapshot: Snapshot, *, blobs: Blobs) -> Papers:
    """A snapshot's labels. Raises NotFound, BadInput where storage lost or changed the manifest."""
    contents = contents_of(snapshot, blobs=blobs)
    words = tuple(Word(each.code, each.name, each.colour) for each in contents.legend.classes)

    def sheets() -> Iterator[Sheet]:
        for first in range(0, len(contents.samples), AT_ONCE):
            samples = contents.samples[first : first + AT_ONCE]
            for sample, raster in zip(samples, annotation_rasters(samples)):
                yield _sheet(sample["key"], raster, blobs)

    return Papers(f"snapshot {snapshot.hash[:12]}", words, len(contents.samples), sheets)


def papers_of_tasks(campaign: Campaign, states: Collection[str], *, blobs: Blobs) -> Papers:
    """The tiles of a campaign's tasks in these states, each with its task's newest label, if any.

    Raises BadInput for a state that there isn't, or where no task is in one of them.
    """
    if unknown := sorted(set(states) - set(Task.State.values)):
        raise BadInput(
            f"There is no state {', '.join(unknown)} of a task.",
            field="tasks",
            help=f"There is: {', '.join(Task.State.values)}.",
        )
    schema = _schema(campaign)
    newest = Annotation.objects.filter(
        task=OuterRef("pk"), schema=schema, author__isnull=False
    ).order_by("-n")
    tasks = (
        Task.objects.of(campaign)
        .filter(state__in=states)
        .select_related("tile__acquisition__place")
        .annotate(raster=Subquery(newest.values("raster")[:1]))
        .order_by("pk")
    )
    total = tasks.count()
    if not total:
        raise BadInput(f"No task of {campaign.slug} is {' or '.join(states)}.", field="tasks")

    def sheets() -> Iterator[Sheet]:
        for task in tasks.iterator(chunk_size=AT_ONCE):
            size = (task.tile.height, task.tile.width)
            yield (
                _sheet(task.tile.key, task.raster, blobs)
                if task.raster
                else _bare(task.tile.key, size)
            )

    words = tuple(Word(each["code"], each["name"], each["colour"]) for each in schema.classes)
    return Papers(f"tasks of {campaign.slug}", words, total, sheets)


def import_of(
    desk: Desk, *, background: str, classes: Mapping[str, int], said: Mapping[str, Any]
) -> Import:
    """The import of CVAT's XML into a campaign, as the lead asks for it.

    Names are the campaign's own, or the KappaZeta team's; `classes` {name: code} says what others
    mean. `said` has source, licence, trust, author. Raises BadInput.
    """
    schema = _schema(desk.campaign)
    campaign = {each["name"]: each["code"] for each in schema.classes}
    return Import(
        labelset=LABELSETS[FORMAT],
        desk=desk,
        choices=Choices(
            background=background,
            classes={UNSURE_NAME: UNSURE, **classes},
            campaign=campaign,
            skip_shapes=True,
            bands=tuple(desk.campaign.bands),
            tile_size=desk.campaign.tile_size,
        ),
        **said,
    )


def _schema(campaign: Campaign) -> ClassSchema:
    if campaign.schema is None:
        raise BadInput(f"Campaign {campaign.slug} has no classes.", field="schema")
    return campaign.schema


def _sheet(key: str, raster: str, blobs: Blobs) -> Sheet:
    label, provenance = read_label(blobs.raster(raster))
    return Sheet(image_name(key), label, provenance)


def _bare(key: str, size: Sequence[int]) -> Sheet:
    """A tile that nobody drew on."""
    blank = np.full(tuple(size), UNLABELLED, np.uint8)
    return Sheet(image_name(key), blank, np.zeros_like(blank))


def image_name(key: str) -> str:
    """What a tile's image is called: its key, so that its label finds the tile again."""
    return f"{key}.png"
