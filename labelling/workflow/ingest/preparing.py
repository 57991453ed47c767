"""The half of an ingest that any worker may do: cut, measure and store a product's tiles.

Nothing is judged and no row is written: what the gate finds depends on what came before, so one
worker records all products in the order in which they were named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from labelling.adapters.blobs import Blobs
from labelling.errors import LostLease, StorageAway, WorkbenchError
from labelling.imagery.layout import Spot
from labelling.models import Scene
from labelling.workflow.ingest.made import Made, Prepared
from labelling.workflow.ingest.products import looked_at, stretch_of
from labelling.workflow.ingest.report import FileReport
from labelling.workflow.ingest.rows import TileRow
from labelling.workflow.ingest.sources import Source
from labelling.workflow.ingest.tiles import made_rows
from labelling.workflow.ingest.work import Intake, Work
from labelling.workflow.orphans import unreferenced

AT_ONCE = 32
"""Blobs that are taken back before it is asked again whether somebody wants them."""
Written = dict[str, list[str]]
"""{product id: keys of the blobs of it that were not there before}."""


def prepare(
    source: Source, job: Intake, *, beat: Callable[[], None], written: Written
) -> Prepared | None:
    """Make the product's tiles that are not stored yet; `beat` is called after each, and `written`
    is told of the blobs.

    None where there are none, and for a product that is to be refused: whoever records it finds the
    same and says so. What `beat` raises ends it; StorageAway when storage can't be written.
    """
    new: list[str] = []
    try:
        work, spots = looked_at(source, job, FileReport(source.path.name))
        wanted = [spot for spot in spots if work.must_cut(spot)]
        if not wanted:
            return None
        written[work.product.product_id] = new
        # Whoever records them compares them with what is known by then.
        return made_of(replace(work, known={}, written=new), wanted, beat)
    except (LostLease, StorageAway):
        raise
    except WorkbenchError:
        take_back(
            {product: new for product, each in written.items() if each is new},
            job.blobs,
            clock=job.moment,
        )
        return None


def made_of(work: Work, spots: Sequence[Spot], beat: Callable[[], None]) -> Prepared:
    work.stretch = stretch_of(work)
    tiles: dict[str, Made | None] = {}
    for rows in made_rows(work, spots, beat):
        tiles |= {row.spot.place: made_tile(row) for row in rows}
    tiles |= dict.fromkeys(spot.place for spot in spots if spot.place in work.empty)
    return Prepared(
        product=work.product.product_id,
        content=work.content,
        bands=work.match.bands,
        stretch=work.stretch,
        tiles=tiles,
        blobs=work.written,
    )


def made_tile(row: TileRow) -> Made:
    assert row.measures is not None
    return Made(row.sha256, row.measures, row.figures, row.sun, row.view)


def unreadable(path: Path) -> str:
    """Why this machine can't read a source; empty where it can."""
    try:
        if path.is_dir():
            next(os.scandir(path), None)
        else:
            path.open("rb").close()
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def take_back(
    written: Mapping[str, Sequence[str]],
    blobs: Blobs,
    *,
    clock: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Remove those of the blobs that no row refers to, but for products that are being recorded:
    their rows are on the way. Few at a time, since another ingest may begin to record meanwhile."""
    for product, keys in written.items():
        for first in range(0, len(keys), AT_ONCE):
            beat()
            if Scene.objects.filter(product_id=product, lease_ends__gt=clock()).exists():
                break
            for key in unreferenced(keys[first : first + AT_ONCE]):
                # Storage that fails may not even take back; `verify` names what is left over.
                with suppress(OSError, StorageAway):
                    blobs.delete(key)
