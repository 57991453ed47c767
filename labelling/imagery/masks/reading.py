"""Mask files on a product's grid: checked against it, read tile by tile, as our classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window as Area

from labelling.errors import RasterRejected
from labelling.imagery.files import name_of, opened
from labelling.imagery.masks.fit import step_of
from labelling.imagery.masks.outlines import CELL, drawn
from labelling.imagery.masks.sources import (
    CODES,
    FLAGS,
    POLYGONS,
    SHARE_SCALE,
    SHARES,
    SOURCES,
    Source,
)
from labelling.imagery.masks.tables import CANNOT_SAY, Table
from labelling.imagery.products.product import Product
from labelling.imagery.resampling import Axis, nearest
from labelling.imagery.tiling import Window

Read = Callable[[Area], NDArray[np.uint8]]
"""The source's codes of an area of the mask's own pixels."""


STRIP = 512
"""Rows of a mask that are looked at together."""
WHOLE = 5490**2
"""Pixels up to which a mask is read at once: a whole tile at 20 m. JPEG 2000 in pieces is decoded
many times over."""


@dataclass(frozen=True)
class MaskFile:
    """A mask that lies in a file."""

    source: Source
    path: str
    """What GDAL opens, or a GML file."""
    band: int = 1
    """The first of the bands that are read, counted from 1."""
    guessed: bool = False
    """Whether only its name tells its source."""

    @property
    def name(self) -> str:
        """What people call it: `a_SCL_CLP_CLD.tif:2`."""
        return name_of(self.path) + (f":{self.band}" if self.band > 1 else "")


@dataclass(frozen=True)
class MaskReader:
    """An open mask that fits its product."""

    file: MaskFile
    table: Table
    step: int
    """Pixels of the product's grid along a pixel of the mask."""
    shape: tuple[int, int]
    """Rows and columns of the mask's own pixels."""
    read: Read
    nodata: float | None = None
    """What the file declares."""

    def tile(self, window: Window) -> NDArray[np.uint8]:
        """(size, size) uint8 of our classes, by the nearest pixel; padding is 255.

        Raises RasterRejected for a code that the source's table doesn't hold.
        """
        rows = Axis(window.top, window.height, self.step, self.shape[0])
        columns = Axis(window.left, window.width, self.step, self.shape[1])
        area = Area.from_slices((rows.first, rows.last), (columns.first, columns.last))
        classes = self.table.translate(self.read(area), name=self.file.name, nodata=self.nodata)
        part = nearest(classes, rows, columns)
        return window.place(part, fill=CANNOT_SAY)


@contextmanager
def reading_mask(
    file: MaskFile, product: Product, *, threshold: float | None = None
) -> Iterator[MaskReader]:
    """The mask's classes on the product's grid; `threshold` (0…1) cuts a probability.

    Raises RasterRejected, naming the file, when it can't be read, lies on other ground, or its
    pixels don't nest in whole numbers.
    """
    table = file.source.table(threshold)
    if file.source.form == POLYGONS:
        yield _of_outlines(file, product, table)
        return
    with opened(file.path) as dataset:
        _check_bands(file, dataset)
        step = step_of(dataset, product, name=file.name)
        read: Read = partial(READERS[file.source.form], dataset, file)
        if dataset.height * dataset.width <= WHOLE:
            read = _from(read(Area(0, 0, dataset.width, dataset.height)))
        if file.guessed and file.source.rivals:
            _check_rivals(file, table, _codes_in(read, dataset.shape) - {_nodata(dataset, file)})
        yield MaskReader(file, table, step, dataset.shape, read, _nodata(dataset, file))


def _of_outlines(file: MaskFile, product: Product, table: Table) -> MaskReader:
    # ESA draws these outlines around cells of 60 m: where the grid is made of such cells, so is
    # the plane, and it stays small.
    step = CELL if product.height % CELL == product.width % CELL == 0 else 1
    plane = drawn(file.path, product, step=step)
    return MaskReader(file, table, step, plane.shape, _from(plane))


def _from(plane: NDArray[np.uint8]) -> Read:
    return lambda area: plane[area.toslices()]


def _check_bands(file: MaskFile, dataset: DatasetReader) -> None:
    last = file.band + file.source.planes - 1
    if last > dataset.count:
        raise RasterRejected(
            f"{name_of(file.path)}: has {dataset.count} bands, but {file.source.name} is looked "
            f"for in band {last}.",
            field="band",
            help="Name the band with --mask source:band=pattern.",
        )


def _codes_in(read: Read, shape: tuple[int, int]) -> set[int]:
    seen: set[int] = set()
    for top in range(0, shape[0], STRIP):
        strip = read(Area(0, top, shape[1], min(STRIP, shape[0] - top)))
        seen.update(np.flatnonzero(np.bincount(strip.ravel())).tolist())
    return seen


def _check_rivals(file: MaskFile, table: Table, seen: Set[float | None]) -> None:
    """Raise RasterRejected where codes `seen` would also do for a rival that says otherwise."""
    for rival in (SOURCES[name] for name in file.source.rivals):
        theirs = rival.table().classes
        if seen <= set(theirs) and any(theirs[code] != table.classes[code] for code in seen):
            raise RasterRejected(
                f"{file.name}: its codes could be {file.source.title}, or {rival.title}, and mean "
                "different classes.",
                field="codes",
                help=f"Say which: --mask {file.source.name}=pattern or {rival.name}=pattern.",
            )


def _nodata(dataset: DatasetReader, file: MaskFile) -> float | None:
    # Reals that are not numbers arrive as code 255.
    return CANNOT_SAY if file.source.form == SHARES else dataset.nodatavals[file.band - 1]


def _codes(dataset: DatasetReader, file: MaskFile, area: Area) -> NDArray[np.uint8]:
    codes = dataset.read(file.band, window=area)
    if codes.dtype == np.uint8:
        return codes
    if codes.dtype.kind not in "iu":
        raise _form_refused(file, f"holds {codes.dtype}, not whole codes")
    if codes.min() < 0 or codes.max() > 255:
        raise _form_refused(file, f"holds {codes.min()} to {codes.max()}, not codes 0…255")
    return codes.astype(np.uint8)


def _flags(dataset: DatasetReader, file: MaskFile, area: Area) -> NDArray[np.uint8]:
    bands = [file.band + each for each in range(file.source.planes)]
    planes = dataset.read(bands, window=area)
    if planes.max() > 1 or planes.min() < 0:
        raise _form_refused(file, f"holds {planes.max()}, not flags 0 and 1")
    weights = (1 << np.arange(len(bands))).astype(np.uint8)
    return np.tensordot(weights, planes.astype(np.uint8), axes=1).astype(np.uint8)


def _shares(dataset: DatasetReader, file: MaskFile, area: Area) -> NDArray[np.uint8]:
    shares = dataset.read(file.band, window=area)
    known = np.isfinite(shares)
    if shares.dtype.kind != "f" or ((shares < 0) | (shares > 1))[known].any():
        raise _form_refused(file, "holds something else than reals from 0 to 1")
    return np.where(known, np.rint(np.nan_to_num(shares) * SHARE_SCALE), CANNOT_SAY).astype(
        np.uint8
    )


READERS: dict[str, Callable[[DatasetReader, MaskFile, Area], NDArray[np.uint8]]] = {
    CODES: _codes,
    FLAGS: _flags,
    SHARES: _shares,
}


def _form_refused(file: MaskFile, what: str) -> RasterRejected:
    return RasterRejected(
        f"{file.name}: {what}, as {file.source.name} ({file.source.title}) would.",
        field="pixels",
        help="Name the right source or band with --mask source:band=pattern.",
    )
