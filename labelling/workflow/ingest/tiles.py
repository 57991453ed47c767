"""Make a product's tiles: cut, measured, hashed and stored, several at a time, no database here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
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
from labelling.workflow.ingest.rows import TileRow
from labelling.workflow.ingest.work import Work

THUMBNAIL = 128
"""Pixels along a thumbnail's side."""
WRITERS = 4
"""Threads that wait for storage, so that the ones that work needn't."""


def made_rows(
    work: Work, spots: Sequence[Spot], beat: Callable[[], None]
) -> Iterator[list[TileRow]]:
    """What the tiles' rows must say, a row of tiles at a time; new tiles' blobs are stored.

    Tiles that are known needn't be read, unless the product's files have changed since. `beat` is
    called after each tile. Raises RasterRejected for a file that can't be read, Conflict for other
    pixels under a known name.
    """
    rows = [list(row) for _, row in groupby(spots, key=lambda spot: spot.window.row)]
    to_cut = [[spot for spot in row if work.must_cut(spot)] for row in rows]
    windows = [[spot.window for spot in row] for row in to_cut if row]
    by_window = {spot.window: spot for row in to_cut for spot in row}
    # They end in the opposite order: the pool's threads read the files and feed the writers.
    with (
        reading(work.product, work.match) as reader,
        ThreadPoolExecutor(WRITERS) as writers,
        ThreadPoolExecutor(work.job.jobs) as pool,
        closing(
            stream(reader, windows, partial(_made, work, by_window, writers), pool=pool)
        ) as cuts,
    ):
        for row, cut in zip(rows, to_cut):
            fresh = {}
            for spot in cut:
                fresh[spot.place] = _settled(next(cuts))
                beat()
            yield _gathered(work, row, fresh)


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


def _settled(made: tuple[TileRow | None, list[Future[None]]]) -> TileRow | None:
    """The tile's row, once its blobs are stored. Raises what storing them raised."""
    row, blobs = made
    for blob in blobs:
        blob.result()
    return row


def _made(
    work: Work, spots: Mapping[Window, Spot], writers: Executor, cut: Cut
) -> tuple[TileRow | None, list[Future[None]]]:
    """Measure a tile, and have its blobs stored unless it is known. No row for one without data."""
    spot = spots[cut.window]
    if not cut.pixels.any():
        return None, []
    known = work.known.get(spot.place)
    row = TileRow(
        spot=spot,
        product=work.product,
        sha256=content_hash(cut.pixels, work.match.bands),
        known=known,
        enrol=not work.is_enrolled(known),
    )
    if known is not None:
        _check_same(work, row, cut)
        return row, []
    row.measures = measure(cut.pixels, negative=cut.negative)
    row.figures = packed(tile_features(cut.pixels))
    row.sun, row.view = _angles(work, cut)
    blobs = {row.raster: _raster(work, row, cut), row.thumbnail: _picture(work, cut)}
    return row, [writers.submit(_store, work, key, content) for key, content in blobs.items()]


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
    if known.sha256 == row.sha256:
        return
    whole = set(work.match.bands) <= set(known.bands)
    if whole and known.scene.product_id != work.product.product_id:
        return
    if whole and known.height == len(cut.pixels[0]):
        stored = read_tile(work.job.blobs.raster(known.raster), work.match.bands)
        if np.array_equal(stored, cut.pixels):
            return
    raise _other(row)


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
