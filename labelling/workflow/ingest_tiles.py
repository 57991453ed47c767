"""Cut one file, store the tiles and labels that are new, and note what their rows must say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict, LabelRejected
from labelling.imagery.composites import thumbnail
from labelling.imagery.labelfile import UNLABELLED, LabelReader, reading_label
from labelling.imagery.layout import Spot
from labelling.imagery.stack import BandMatch, Stack, reading
from labelling.imagery.tilefile import content_hash, read_tile, write_label, write_tile
from labelling.imagery.tiling import Cut, cut
from labelling.models import Campaign
from labelling.workflow import ingest_rows
from labelling.workflow.ingest_rows import LabelRow, TileRow
from labelling.workflow.intake import FileReport
from labelling.workflow.planes import Planes

IMPORTED = 4
"""Provenance of pixels that came with a file."""
THUMBNAIL = 128
"""Pixels along a thumbnail's side."""


@dataclass(frozen=True)
class Intake:
    """What one ingest works with."""

    campaign: Campaign
    blobs: Blobs
    now: datetime
    bands: Sequence[str] | None = None
    """Names of the files' layers where their descriptions don't say, or say otherwise."""
    dry_run: bool = False
    """Look at everything, write nothing."""


@dataclass(frozen=True)
class Work:
    """One file on its way in."""

    job: Intake
    stack: Stack
    match: BandMatch
    stretch: dict[str, list[int]]
    report: FileReport
    written: list[str] = field(default_factory=list)
    """Keys of the blobs that were not there before."""


def read_tiles(work: Work, spots: list[Spot], label: Path | None) -> Iterator[TileRow]:
    """Cut the file, store what is new, and yield what its rows must say."""
    with ExitStack() as open_files:
        labels = _open_label(work, label, open_files) if label else None
        reader = open_files.enter_context(reading(work.stack, work.match))
        for spot, piece in zip(spots, cut(reader, [spot.window for spot in spots])):
            if piece.valid_share == 0:
                work.report.tiles_empty += 1
                continue
            row = _tile(work, spot, piece)
            if label and labels:
                row.label = _label(work, row, labels.tile(spot.window), label.parent.name)
            yield row


def _open_label(work: Work, label: Path, open_files: ExitStack) -> LabelReader | None:
    """The label's reader; None when it is refused, which the report then tells."""
    stack, codes = work.stack, ingest_rows.schema_of(work.job.campaign).codes
    try:
        return open_files.enter_context(
            reading_label(label, height=stack.height, width=stack.width, codes=codes)
        )
    except LabelRejected as error:
        work.report.label_refused = str(error)
        return None


def _tile(work: Work, spot: Spot, piece: Cut) -> TileRow:
    """Store a tile's raster and thumbnail unless this very tile is known."""
    row = TileRow(
        spot=spot,
        stack=work.stack,
        sha256=content_hash(piece.pixels, work.match.bands),
        valid_share=piece.valid_share,
        saturated_share=saturated_share(piece.pixels),
        known=ingest_rows.known_tile(work.stack, spot.place),
    )
    if row.known:
        _check_same(work, row, piece)
        work.report.tiles_known += 1
        row.enrol = not ingest_rows.is_enrolled(row.known, work.job.campaign)
        return row
    work.report.tiles_new += 1
    row.enrol = True
    _store(work, row.raster, lambda path: _write_raster(path, work, row, piece))
    picture = thumbnail(
        piece.pixels,
        work.match.bands,
        stretch=work.stretch,
        side=THUMBNAIL,
        caption="synthetic" if work.stack.synthetic else "",
    )
    _store(work, row.thumbnail, lambda path: path.write_bytes(picture))
    return row


def _write_raster(path: Path, work: Work, row: TileRow, piece: Cut) -> None:
    tags = {"PRODUCT_ID": work.stack.product_id, "SYNTHETIC": str(work.stack.synthetic).lower()}
    place = row.spot.georeference
    write_tile(path, piece.pixels, bands=work.match.bands, place=place, tags=tags)


def _check_same(work: Work, row: TileRow, piece: Cut) -> None:
    """Raise Conflict unless the known tile holds these pixels, whatever further bands it has."""
    known = row.known
    if known.sha256 == row.sha256:
        return
    if known.height == len(piece.pixels[0]) and set(work.match.bands) <= set(known.bands):
        stored = read_tile(work.job.blobs.path(known.raster), work.match.bands)
        if np.array_equal(stored, piece.pixels):
            return
    raise Conflict(
        f"{row.key} is stored already, with other pixels, bands or size.",
        field="PRODUCT_ID",
        help="Rename the file, or give it a PRODUCT_ID or BASELINE of its own.",
    )


def _label(work: Work, row: TileRow, label: NDArray[np.uint8], source: str) -> LabelRow | None:
    """Store a tile's part of a label unless it is empty, known, or people were faster."""
    labelled = label != UNLABELLED
    if not labelled.any():
        return None
    planes = Planes(label, np.where(labelled, IMPORTED, 0).astype(np.uint8))
    schema = ingest_rows.schema_of(work.job.campaign)
    earlier = ingest_rows.annotations_of(row, schema)
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
        source="synthetic" if work.stack.synthetic else source,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        raster=f"labels/{row.moment}/{len(earlier) + 1}-{planes.sha256[:16]}.tif",
    )
    place = row.spot.georeference
    _store(work, made.raster, lambda path: write_label(path, label, planes.provenance, place=place))
    return made


def saturated_share(pixels: NDArray[np.uint16]) -> float:
    """0…1 of the pixels of (bands, height, width) at the top of the range in any band."""
    return float((pixels == np.iinfo(np.uint16).max).any(axis=0).mean())


def _store(work: Work, key: str, writer: Callable[[Path], object]) -> None:
    if work.job.dry_run:
        return
    if not work.job.blobs.exists(key):
        work.written.append(key)
    work.job.blobs.write_with(key, writer)
