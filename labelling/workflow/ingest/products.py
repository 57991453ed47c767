"""Bring products in: cut, judge and store their tiles, take the labels and masks beside them.

Blobs first, then the rows of a row of tiles in one transaction, so that what was done stays done
when the rest fails or is killed: the next ingest of the product goes on from there, and ends as if
nothing had happened. The same product again changes nothing, and isn't even decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import IntegrityError

from labelling.adapters.blobs import Blobs
from labelling.errors import (
    AtWorkElsewhere,
    BadInput,
    Conflict,
    LostLease,
    RasterRejected,
    StorageAway,
    WorkbenchError,
)
from labelling.imagery.content import content_of
from labelling.imagery.layout import Spot, lay_out
from labelling.imagery.products.find import inspect, recognise
from labelling.imagery.products.product import Product
from labelling.imagery.reading import match_bands
from labelling.imagery.stretch import scene_stretch
from labelling.models import Campaign, Scene, record
from labelling.workflow.ingest.fences import as_it_would_be, fence
from labelling.workflow.ingest.gate import judge, look_around
from labelling.workflow.ingest.hold import Hold, note_failure, take_up
from labelling.workflow.ingest.labels import reading_labels, take_labels
from labelling.workflow.ingest.made import Prepared
from labelling.workflow.ingest.report import FileReport, IngestReport
from labelling.workflow.ingest.rows import Ledger, TileRow, save, the_installation
from labelling.workflow.ingest.sources import Source, find_sources
from labelling.workflow.ingest.tiles import known_rows, made_rows
from labelling.workflow.ingest.work import Intake, Work, looked_up
from labelling.workflow.masking.products import Bringing, bring_masks

__all__ = ["Intake", "ingest_all", "ingest_folder", "ingest_source", "ingest_stack"]

Progress = Callable[[FileReport, int, int], None]
"""Called after each product: its report, products done, products in all."""


def ingest_folder(
    folder: Path,
    *,
    campaign: Campaign,
    now: datetime,
    blobs: Blobs,
    bands: Sequence[str] | None = None,
    progress: Progress = lambda report, done, total: None,
) -> IngestReport:
    """Ingest every product of a folder with the labels beside them; what is refused is reported."""
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
    """Ingest one product, with `label` if given; `bands` names the layers of a stack.

    Raises RasterRejected or Conflict when the product can't be used or is at work elsewhere. A
    label that can't be used is told in the report; the tiles are kept.
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
        outcome = outcome_of(source, job)
        report.files.append(outcome)
        progress(outcome, done, len(sources))
    return report


def outcome_of(
    source: Source, job: Intake, prepared: Prepared | None = None, *, patient: bool = False
) -> FileReport:
    """What became of one product: `ingest_source` without its refusals. Raises AtWorkElsewhere
    where the caller is `patient` enough to ask again."""
    try:
        return ingest_source(source, job, prepared)
    except WorkbenchError as error:
        if patient and isinstance(error, AtWorkElsewhere):
            raise
        reason = str(error).removeprefix(f"{source.path.name}: ")
        return FileReport(source.path.name, "refused", reason, error.field)


def ingest_source(source: Source, job: Intake, prepared: Prepared | None = None) -> FileReport:
    """Ingest one product; tiles that another worker made of it are taken over.

    Raises RasterRejected for one that can't be used, Conflict for one that is at work elsewhere or
    is known with other pixels, StorageAway when storage can't be written. Tiles that were stored
    by then stay; the scene's row tells what went wrong.
    """
    report = FileReport(source.path.name)
    if source.skip:
        report.state, report.reason = "skipped", source.skip
        return report
    if source.refusal:
        raise BadInput(f"{source.path.name}: {source.refusal}.", field="path")
    with _named(source.path):
        work, spots = looked_at(source, job, report)
        if prepared is not None:
            work.take_over(prepared)
        job.expect(len(spots))
        with _held(work, spots, source) as hold:
            news = _take_in(work, spots, source, hold)
    if job.with_masks and not job.dry_run and (report.tiles_new or report.tiles_known):
        _take_masks(work)
    if news or report.labels_new or any(mask["state"] == "ok" for mask in report.masks):
        report.state = "ok"
    return report


def looked_at(source: Source, job: Intake, report: FileReport) -> tuple[Work, list[Spot]]:
    """What headers and rows say, before any pixel is read."""
    product = _inspected(source, job)
    match = match_bands(product, job.campaign.bands)
    spots = lay_out(product, size=job.campaign.tile_size)
    report.missing, report.ignored = list(match.missing), list(match.ignored)
    content = content_of(product)
    return looked_up(job, product, match, spots, content=content, report=report), spots


def _inspected(source: Source, job: Intake) -> Product:
    """Raises RasterRejected; a SAFE product's row tells why, for its name is known all the same."""
    try:
        return inspect(source.path, bands=job.bands)
    except RasterRejected as error:
        if recognise(source.path) == "safe" and not job.dry_run:
            note_failure(source.path, reason=str(error), now=job.now)
        raise


@contextmanager
def _held(work: Work, spots: Sequence[Spot], source: Source) -> Iterator[Hold | None]:
    """The claim on the product's scene; None where nothing is to be written.

    What fails inside is told on the scene's row, and its blobs without rows are taken back.
    """
    if work.job.dry_run or _is_settled(work, spots, source):
        yield None
        return
    hold = take_up(work.product, content=work.content, job=work.job)
    try:
        with _storage_blamed(work.product.name):
            yield hold
        hold.finish(content=work.content, empty=sorted(work.empty))
    except LostLease:
        raise
    except BaseException as error:
        reason = str(error) or type(error).__name__
        hold.give_up(reason, written=work.written, blobs=work.job.blobs)
        raise


def _is_settled(work: Work, spots: Sequence[Spot], source: Source) -> bool:
    """Whether all of the product is here, for this campaign, and it brings no label."""
    ready = work.scene is not None and work.scene.state == Scene.State.READY
    if not ready or source.label or any(work.must_cut(spot) for spot in spots):
        return False
    return all(work.is_enrolled(tile) for tile in work.known.values())


def _take_in(work: Work, spots: list[Spot], source: Source, hold: Hold | None) -> int:
    """Make, judge and record all tiles; how many are new to the campaign."""
    news = 0
    around = look_around(work, spots)
    with reading_labels(work, source.label) as labels:
        for rows in _all_rows(work, spots, hold):
            take_labels(work, rows, labels)
            judge(rows, around)
            _record(work, rows, hold)
            news += sum(row.enrol for row in rows)
    report = work.report
    if not (report.tiles_new or report.tiles_known or report.tiles_elsewhere):
        raise RasterRejected(f"{source.path.name}: no pixel of it holds data.", field="pixels")
    if hold and (news or report.labels_new):
        told = {"tiles": report.tiles_new, "labels": report.labels_new}
        now, campaign = work.job.now, work.job.campaign
        record("ingested", hold.scene, campaign=campaign, who=None, now=now, **told)
    return news


def _all_rows(work: Work, spots: list[Spot], hold: Hold | None) -> Iterator[list[TileRow]]:
    """Rows of tiles, made or known; nothing is opened where all are known."""
    if not any(work.must_cut(spot) for spot in spots):
        yield known_rows(work, spots)
        work.job.step(len(spots))
        return
    work.stretch = work.stretch or stretch_of(work)
    if hold:
        hold.renew(stretch=work.stretch)
    yield from made_rows(work, spots, partial(_beat, work, hold))


def _beat(work: Work, hold: Hold | None) -> None:
    """One more tile is through, and we are alive."""
    work.job.step(1)
    if hold:
        hold.tick()


def stretch_of(work: Work) -> dict[str, list[int]]:
    known = work.scene.stretch if work.scene else {}
    return known if known and work.trusted else scene_stretch(work.product, jobs=work.job.jobs)


def _record(work: Work, rows: list[TileRow], hold: Hold | None) -> None:
    """Write a row of tiles' rows, or none. Raises Conflict when another ingest was faster."""
    if hold is None:
        fence(rows, work.job.campaign, as_it_would_be())
    else:
        _save(work, rows, hold)
    work.report.fenced += [
        {"tile": row.key, "reason": row.fence} for row in rows if row.enrol and row.fence
    ]


def _save(work: Work, rows: list[TileRow], hold: Hold) -> None:
    job = work.job
    ledger = Ledger(job.campaign, hold.scene, work.match.missing, job.now)
    try:
        with hold.fenced(empty=sorted(work.empty)):
            if any(row.enrol or row.label for row in rows):
                installation = the_installation(now=job.now)
                fence(rows, job.campaign, installation)
                save(rows, ledger, installation)
    except IntegrityError as error:
        raise Conflict(
            f"{work.product.name}: another ingest stored the same tiles meanwhile.",
            help="Run it again: what is known is left as it is.",
        ) from error
    # From here on rows refer to them.
    work.written.clear()


def _take_masks(work: Work) -> None:
    job = work.job
    how = Bringing(blobs=job.blobs, now=job.now, wanted=job.masks, beat=partial(job.step, 0))
    found = bring_masks(work.product, job.campaign, how)
    work.report.masks = [each.as_json() for each in found]


@contextmanager
def _storage_blamed(name: str) -> Iterator[None]:
    """What can't be written inside is the fault of storage: a full disk, a folder gone."""
    try:
        yield
    except OSError as error:
        raise StorageAway(
            f"{name}: storage can't be written: {error}.",
            field="storage",
            help="Make room, and run this again: it goes on from the tiles that are stored.",
        ) from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Refusals from deep inside name the product."""
    try:
        yield
    except (RasterRejected, Conflict) as error:
        if path.name in str(error):
            raise
        raise type(error)(f"{path.name}: {error}", field=error.field, help=error.help) from error
