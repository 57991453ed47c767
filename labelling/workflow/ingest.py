"""Bring scenes in: cut, store the tiles, write their rows, take the labels that lie beside them.

Blobs first, then the rows of a file in one transaction; what fails leaves neither behind. The same
file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict, RasterRejected, WorkbenchError
from labelling.imagery.composites import scene_stretch
from labelling.imagery.layout import lay_out
from labelling.imagery.stack import inspect, match_bands
from labelling.models import Campaign
from labelling.workflow import ingest_rows
from labelling.workflow.ingest_rows import TileRow
from labelling.workflow.ingest_tiles import Intake, Work, read_tiles
from labelling.workflow.intake import FileReport, IngestReport, Source, find_sources

__all__ = ["Intake", "ingest_all", "ingest_folder", "ingest_source", "ingest_stack"]

Progress = Callable[[FileReport, int, int], None]
"""Called after each file: its report, files done, files in all."""


def ingest_folder(
    folder: Path,
    *,
    campaign: Campaign,
    now: datetime,
    blobs: Blobs,
    bands: Sequence[str] | None = None,
    progress: Progress = lambda report, done, total: None,
) -> IngestReport:
    """Ingest every scene of a folder with the labels beside them; what is refused is reported."""
    job = Intake(campaign, blobs, now, bands)
    return ingest_all(find_sources([folder]), job, progress=progress)


def ingest_stack(
    path: Path,
    *,
    campaign: Campaign,
    now: datetime,
    blobs: Blobs,
    label: Path | None = None,
    bands: Sequence[str] | None = None,
) -> FileReport:
    """Ingest one scene, with `label` if given; `bands` names the file's layers.

    Raises RasterRejected, with nothing written, when the scene can't be used. A label that can't
    be used is told in the report; the tiles are kept.
    """
    return ingest_source(Source(path, label), Intake(campaign, blobs, now, bands))


def ingest_all(
    sources: Sequence[Source],
    job: Intake,
    *,
    progress: Progress = lambda report, done, total: None,
) -> IngestReport:
    """Ingest each source; a refused one is reported by name and the rest goes on."""
    report = IngestReport(job.campaign.slug, dry_run=job.dry_run)
    for done, source in enumerate(sources, start=1):
        try:
            outcome = ingest_source(source, job)
        except WorkbenchError as error:
            reason = str(error).removeprefix(f"{source.stack.name}: ")
            outcome = FileReport(source.stack.name, "refused", reason, error.field)
        report.files.append(outcome)
        progress(outcome, done, len(sources))
    return report


def ingest_source(source: Source, job: Intake) -> FileReport:
    """Ingest one scene. Raises RasterRejected or Conflict, with nothing left behind."""
    report = FileReport(source.stack.name)
    if source.skip:
        report.state, report.reason = "skipped", source.skip
        return report
    if source.refusal:
        raise BadInput(f"{source.stack.name}: {source.refusal}.", field="path")
    with _named(source.stack):
        stack = inspect(source.stack, bands=job.bands)
        match = match_bands(stack, job.campaign.bands)
        spots = lay_out(stack, size=job.campaign.tile_size)
    report.missing, report.ignored = list(match.missing), list(match.ignored)
    with _taken_back_on_failure(job.blobs) as written, _named(source.stack):
        stretch = ingest_rows.known_stretch(stack) or scene_stretch(stack)
        work = Work(job, stack, match, stretch, report, written)
        rows = list(read_tiles(work, spots, source.label))
        if not rows:
            raise RasterRejected(f"{source.stack.name}: no pixel of it holds data.", field="pixels")
        if not job.dry_run:
            _save(work, rows)
    if report.tiles_new or report.labels_new or any(row.enrol for row in rows):
        report.state = "ok"
    return report


def _save(work: Work, rows: list[TileRow]) -> None:
    """Write all rows of a file, or none. Raises Conflict when another ingest got there first."""
    try:
        ingest_rows.save(
            rows,
            campaign=work.job.campaign,
            stack=work.stack,
            stretch=work.stretch,
            missing=work.match.missing,
            now=work.job.now,
        )
    except IntegrityError as error:
        raise Conflict(
            f"{work.stack.path.name}: another ingest stored the same tiles meanwhile.",
            help="Run it again: what is known is left as it is.",
        ) from error


@contextmanager
def _taken_back_on_failure(blobs: Blobs) -> Iterator[list[str]]:
    """A list for the keys of new blobs, which are removed when the block fails."""
    written: list[str] = []
    try:
        yield written
    except BaseException:
        # Another ingest of the same file may have written rows for these blobs meanwhile.
        for key in ingest_rows.unreferenced(written):
            blobs.delete(key)
        raise


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Refusals from deep inside name the file."""
    try:
        yield
    except (RasterRejected, Conflict) as error:
        if path.name in str(error):
            raise
        raise type(error)(f"{path.name}: {error}", field=error.field, help=error.help) from error
