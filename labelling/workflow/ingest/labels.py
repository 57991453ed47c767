"""Labels that lie beside a product: stored for each of its tiles that they say something about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labelling.errors import LabelRejected
from labelling.imagery.labelfile import UNLABELLED, LabelReader, reading_label
from labelling.imagery.tilefile import write_label
from labelling.models import Annotation
from labelling.workflow.ingest import rows as ingest_rows
from labelling.workflow.ingest.rows import LabelRow, TileRow
from labelling.workflow.ingest.work import Work
from labelling.workflow.planes import Planes

IMPORTED = 4
"""Provenance of pixels that came with a file."""


@dataclass(frozen=True)
class Labels:
    """An open label file of a product."""

    reader: LabelReader
    source: str


@contextmanager
def reading_labels(work: Work, path: Path | None) -> Iterator[Labels | None]:
    """The product's labels; None without any, or when they are refused: the report tells why."""
    if path is None:
        yield None
        return
    product, codes = work.product, ingest_rows.schema_of(work.job.campaign).codes
    label = reading_label(path, height=product.height, width=product.width, codes=codes)
    with ExitStack() as files:
        try:
            reader = files.enter_context(label)
        except LabelRejected as error:
            work.report.label_refused = str(error)
            yield None
            return
        yield Labels(reader, path.parent.name)


def take_labels(work: Work, rows: Sequence[TileRow], labels: Labels | None) -> None:
    """Give each tile's row the label that is to be recorded, its blob stored. One query."""
    if labels is None or not rows:
        return
    earlier = ingest_rows.annotations_of(rows, ingest_rows.schema_of(work.job.campaign))
    for row in rows:
        row.label = _label(work, row, labels, earlier.get(row.spot.place, []))


def _label(
    work: Work, row: TileRow, labels: Labels, earlier: Sequence[Annotation]
) -> LabelRow | None:
    """Store a tile's part of the label unless it is empty, known, or people were faster."""
    label = labels.reader.tile(row.spot.window)
    labelled = label != UNLABELLED
    if not labelled.any():
        return None
    planes = Planes(label, np.where(labelled, IMPORTED, 0).astype(np.uint8))
    if any(each.sha256 == planes.sha256 for each in earlier):
        work.report.labels_known += 1
        return None
    if any(each.task_id for each in earlier):
        work.report.label_refused = (
            f"{row.spot.place} was labelled in the campaign meanwhile; its label stands"
        )
        return None
    work.report.labels_new += 1
    made = LabelRow(
        n=len(earlier) + 1,
        sha256=planes.sha256,
        source="synthetic" if work.product.synthetic else labels.source,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        raster=f"labels/{row.moment}/{len(earlier) + 1}-{planes.sha256[:16]}.tif",
    )
    _store(work, row, made, planes)
    return made


def _store(work: Work, row: TileRow, made: LabelRow, planes: Planes) -> None:
    if work.job.dry_run:
        return
    if not work.job.blobs.exists(made.raster):
        work.written.append(made.raster)
    place = row.spot.georeference
    work.job.blobs.write_with(
        made.raster, lambda path: write_label(path, planes.label, planes.provenance, place=place)
    )
