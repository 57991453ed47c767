"""Make a product's tiles: cut, measured, hashed and stored, several at a time, no database here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import groupby

import numpy as np

from labelling.errors import Conflict
from labelling.imagery.composites import thumbnail
from labelling.imagery.features import packed, tile_features
from labelling.imagery.layout import Spot
from labelling.imagery.products.product import Angles
from labelling.imagery.quality import measure
from labelling.imagery.reading import reading
from labelling.imagery.streaming import Cut, stream
from labelling.imagery.tilefile import content_hash, read_tile, tile_bytes
from labelling.imagery.tiling import Window
from labelling.workflow.ingest.made import Made
from labelling.workflow.ingest.rows import TileRow
from labelling.workflow.ingest.work import Work

THUMBNAIL = 128
"""Pixels along a thumbnail's side."""
WRITERS = 4
"""Threads that wait for storage, so that the ones that work needn't."""
Settling = tuple[TileRow | None, list[Future[None]]]
"""A tile's row, and its blobs on their way into storage."""


def made_rows(
    work: Work, spots: Sequence[Spot], beat: Callable[[], None]
) -> Iterator[list[TileRow]]:
    """What the tiles' rows must say, a row of tiles at a time; new tiles' blobs are stored.

    Tiles that are known needn't be read, unless the product's files have changed since, nor those
    that another worker made. `beat` is called after each tile. Raises RasterRejected for a file
    that can't be read, Conflict for other pixels under a known name.
    """
    rows = [list(row) for _, row in groupby(spots, key=lambda spot: spot.window.row)]
    wanted = [[spot for spot in row if work.must_cut(spot)] for row in rows]
    there = elsewhere(work, [spot for row in wanted for spot in row], partial(work.job.step, 0))
    to_cut = [[spot for spot in row if spot.place not in there] for row in wanted]
    with _cutting(work, to_cut) as cuts:
        for row, asked in zip(rows, wanted):
            fresh = {}
            for spot in asked:
                here = spot.place not in there
                fresh[spot.place] = _settled(next(cuts)) if here else there[spot.place]
                beat()
            yield _gathered(work, row, fresh)


@contextmanager
def _cutting(work: Work, rows: Sequence[Sequence[Spot]]) -> Iterator[Iterator[Settling]]:
    """The rows' tiles, made in order and ahead of who asks."""
    windows = [[spot.window for spot in row] for row in rows if row]
    by_window = {spot.window: spot for row in rows for spot in row}
    # They end in the opposite order: the pool's threads read the files and feed the writers.
    with (
        reading(work.product, work.match) as reader,
        ThreadPoolExecutor(WRITERS) as writers,
        ThreadPoolExecutor(work.job.jobs) as pool,
        closing(
            stream(reader, windows, partial(_made, work, by_window, writers), pool=pool)
        ) as cuts,
    ):
        yield cuts


def elsewhere(
    work: Work, spots: Sequence[Spot], beat: Callable[[], None]
) -> dict[str, TileRow | None]:
    """{place: the row of its tile, made by another worker; None without data}.

    A tile whose blobs aren't there, or that isn't the one that is known, is to be cut here.
    """
    found: dict[str, TileRow | None] = {}
    for spot in spots:
        if spot.place in work.made:
            beat()
            made = work.made[spot.place]
            row = made and _row(work, spot, made)
            if row is None or _may_stand(work, row):
                found[spot.place] = row
    return found


def _may_stand(work: Work, row: TileRow) -> bool:
    if row.known is not None:
        return _is_same(work, row)
    blobs = (row.raster, row.thumbnail)
    if not all(work.job.blobs.exists(key) for key in blobs):
        return False
    work.written.extend(blobs)
    return True


def known_rows(work: Work, spots: Sequence[Spot]) -> list[TileRow]:
    """The same for a product all of whose tiles are known: no pixel is read."""
    return _gathered(work, spots, {})


def _gathered(work: Work, spots: Sequence[Spot], fresh: dict[str, TileRow | None]) -> list[TileRow]:
    """The rows of those spots that hold data, counted."""
    found = []
    for spot in spots:
        row = fresh[spot.place] if spot.place in fresh else _known_row(work, spot)
        if row is None:
            work.empty.add(spot.place)
            work.report.tiles_empty += 1
            continue
        _count(work, row)
        found.append(row)
    return found


def _count(work: Work, row: TileRow) -> None:
    if row.known is None:
        work.report.tiles_new += 1
    elif row.known.scene.product_id == work.product.product_id:
        work.report.tiles_known += 1
    else:
        work.report.tiles_elsewhere += 1


def _known_row(work: Work, spot: Spot) -> TileRow | None:
    """None for a place without data. Raises Conflict for a tile that lacks the campaign's bands."""
    known = work.known.get(spot.place)
    if known is None:
        return None
    if not set(work.match.bands) <= set(known.bands):
        raise _other(TileRow(spot, work.product, known.sha256, known=known))
    return TileRow(spot, work.product, known.sha256, known=known, enrol=not work.is_enrolled(known))


def _settled(made: Settling) -> TileRow | None:
    """The tile's row, once its blobs are stored. Raises what storing them raised."""
    row, blobs = made
    for blob in blobs:
        blob.result()
    return row


def _made(work: Work, spots: Mapping[Window, Spot], writers: Executor, cut: Cut) -> Settling:
    """Measure a tile, and have its blobs stored unless it is known. No row for one without data."""
    spot = spots[cut.window]
    if not cut.pixels.any():
        return None, []
    if work.known.get(spot.place) is not None:
        row = _row(work, spot, content_hash(cut.pixels, work.match.bands))
        _check_same(work, row, cut)
        return row, []
    row = _row(work, spot, _measured(work, cut))
    blobs = {row.raster: _raster(work, row, cut), row.thumbnail: _picture(work, cut)}
    return row, [writers.submit(_store, work, key, content) for key, content in blobs.items()]


def _row(work: Work, spot: Spot, made: Made | str) -> TileRow:
    """Of a tile as it was cut; of one that is known its content's hash is enough."""
    known = work.known.get(spot.place)
    sha256 = made if isinstance(made, str) else made.sha256
    row = TileRow(spot, work.product, sha256, known=known, enrol=not work.is_enrolled(known))
    if known is None and isinstance(made, Made):
        row.measures, row.figures = made.measures, made.figures
        row.sun, row.view = made.sun, made.view
    return row


def _measured(work: Work, cut: Cut) -> Made:
    sun, view = _angles(work, cut)
    return Made(
        sha256=content_hash(cut.pixels, work.match.bands),
        measures=measure(cut.pixels, negative=cut.negative),
        figures=packed(tile_features(cut.pixels)),
        sun=sun,
        view=view,
    )


def _picture(work: Work, cut: Cut) -> bytes:
    return thumbnail(
        cut.pixels,
        work.match.bands,
        stretch=work.stretch,
        side=THUMBNAIL,
        caption="synthetic" if work.product.synthetic else "",
    )


def _angles(work: Work, cut: Cut) -> tuple[Angles | None, Angles | None]:
    """Of the sun and towards the satellite, at the centre of the tile's part of the product."""
    product = work.product
    if product.angles is None:
        return product.sun, product.view
    row, column = cut.window.middle
    return (
        product.angles.sun(row=row, column=column),
        product.angles.view(row=row, column=column),
    )


def _raster(work: Work, row: TileRow, cut: Cut) -> bytes:
    tags = {
        "PRODUCT_ID": work.product.product_id,
        "SYNTHETIC": str(work.product.synthetic).lower(),
    }
    place = row.spot.georeference
    return tile_bytes(cut.pixels, bands=work.match.bands, place=place, tags=tags)


def _check_same(work: Work, row: TileRow, cut: Cut) -> None:
    """Raise Conflict unless the known tile holds these pixels, whatever further bands it has.

    Where the tile came from another product of the acquisition, that one stays.
    """
    known = row.known
    assert known is not None
    if _is_same(work, row):
        return
    whole = set(work.match.bands) <= set(known.bands)
    if whole and known.height == len(cut.pixels[0]):
        stored = read_tile(work.job.blobs.raster(known.raster), work.match.bands)
        if np.array_equal(stored, cut.pixels):
            return
    raise _other(row)


def _is_same(work: Work, row: TileRow) -> bool:
    """Whether the known tile may stand for this one, told without its pixels."""
    known = row.known
    assert known is not None
    if known.sha256 == row.sha256:
        return True
    whole = set(work.match.bands) <= set(known.bands)
    return whole and known.scene.product_id != work.product.product_id


def _other(row: TileRow) -> Conflict:
    return Conflict(
        f"{row.key} is stored already, with other pixels, bands or size.",
        field="PRODUCT_ID",
        help="Rename the file, or give it a PRODUCT_ID or BASELINE of its own.",
    )


def _store(work: Work, key: str, content: bytes) -> None:
    if work.job.dry_run:
        return
    if not work.job.blobs.exists(key):
        work.written.append(key)
    work.job.blobs.write(key, content)
