"""Opening rasters so that every failure names the file."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Concatenate, ParamSpec, TypeVar

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import IDENTITY
from rasterio.warp import transform

from labelling.adapters.s3 import gdal_options
from labelling.errors import BadInput, NotFound, RasterRejected, StorageAway

# Tiles without a map position are normal here. Once for the process: warnings that are silenced for
# the length of a `with` are those of all threads, and come back while another still works.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

GDAL_ERRORS = (RasterioError, CRSError, CPLE_BaseError, UnicodeDecodeError)
"""What rasterio raises about files and coordinate systems, the last of them where a name in a file
isn't text; they share no base."""
Read = TypeVar("Read")
Rest = ParamSpec("Rest")
DRIVERS = {".jp2": "JP2OpenJPEG"}
"""By the file's ending; all else is a GeoTIFF. GDAL knows many more, some follow links."""

CACHE = 256 * 2**20
"""Bytes of blocks that GDAL keeps; a row of 1024² blocks of a whole product takes up 22 MiB."""


@dataclass(frozen=True)
class Georeference:
    """Where a raster lies: from pixels to map coordinates of their upper-left corners."""

    crs: str
    """`EPSG:32635`, or WKT where the system has no EPSG code."""
    transform: tuple[float, float, float, float, float, float]
    """(a, b, c, d, e, f): x = a·column + b·row + c, y = d·column + e·row + f."""

    def moved(self, *, rows: int, columns: int) -> Georeference:
        """The same grid with its origin `rows` further down and `columns` further right."""
        a, b, _, d, e, _ = self.transform
        x, y = self.at(row=rows, column=columns)
        return Georeference(self.crs, (a, b, x, d, e, y))

    def at(self, *, row: float, column: float) -> tuple[float, float]:
        """Map coordinates (x, y) of a position counted in pixels from the upper-left corner."""
        a, b, c, d, e, f = self.transform
        return a * column + b * row + c, d * column + e * row + f

    def project(
        self, crs: str, positions: Sequence[tuple[float, float]]
    ) -> list[tuple[float, float]]:
        """(x, y) in another system (longitude, latitude for EPSG:4326) of (row, column) positions.

        Raises RasterRejected when the raster's system is unknown or a position is nowhere in `crs`.
        """
        xs, ys = zip(*(self.at(row=row, column=column) for row, column in positions))
        try:
            points = list(zip(*transform(self.crs, crs, xs, ys)))
        except GDAL_ERRORS as error:
            raise RasterRejected(
                f"{xs[0]:g}, {ys[0]:g} of {self.crs} is not on Earth ({error}).",
                field="crs",
            ) from error
        if not all(math.isfinite(value) for point in points for value in point):
            raise RasterRejected(
                f"{xs[0]:g}, {ys[0]:g} of {self.crs} is not on Earth.", field="crs"
            )
        return points


@contextmanager
def opened(path: Path | str) -> Iterator[DatasetReader]:
    """A GeoTIFF or JPEG 2000 open for reading: a file, or what GDAL finds below /vsi…/.

    What GDAL can't open or read is a RasterRejected naming the file.
    """
    if not is_virtual(path) and not Path(path).is_file():
        raise RasterRejected(f"{name_of(path)}: no such file.", field="file")
    suffix = PurePosixPath(path).suffix.lower()
    driver = DRIVERS.get(suffix, "GTiff")
    with blaming(path), environment(path), rasterio.open(path, driver=driver) as dataset:
        yield dataset


@contextmanager
def blaming(path: Path | str) -> Iterator[None]:
    """What GDAL can't do inside the block is the fault of the file at `path`: RasterRejected."""
    try:
        yield
    except GDAL_ERRORS as error:
        if is_remote(path):
            _check_delivery(str(path))
        raise RasterRejected(
            f"{name_of(path)}: damaged, cut short or not a raster we read ({_first_line(error)}).",
            field="file",
            help="Copy the file again from its source.",
        ) from error


def twice(
    read: Callable[Concatenate[Path | str, Rest], Read],
) -> Callable[Concatenate[Path | str, Rest], Read]:
    """Let `read` try a second time where a raster in S3 seems damaged: GDAL takes a connection that
    breaks off for the end of the file.
    """

    @wraps(read)
    def insisting(path: Path | str, *args: Rest.args, **kwargs: Rest.kwargs) -> Read:
        try:
            return read(path, *args, **kwargs)
        except RasterRejected:
            if not is_remote(path):
                raise
        return read(path, *args, **kwargs)

    return insisting


def environment(path: Path | str) -> rasterio.Env:
    """GDAL's settings for reading a file; needed in every thread that does."""
    # We read files in threads of our own; GDAL's on top of them would only fight for the cores.
    # Blocks are read once, so GDAL's share of the machine's memory for reading them again is waste.
    remote = gdal_options() if is_remote(path) else {}
    return rasterio.Env(GDAL_NUM_THREADS="1", GDAL_CACHEMAX=CACHE, **remote)


def is_virtual(path: Path | str) -> bool:
    """Whether GDAL reads it through a file system of its own: inside an archive, or remote."""
    return str(path).startswith("/vsi")


def is_remote(path: Path | str) -> bool:
    return str(path).startswith("/vsis3/")


def name_of(path: Path | str) -> str:
    """What people call the file: the last part of its path."""
    return PurePosixPath(path).name


def georeference_of(dataset: DatasetReader) -> Georeference | None:
    """The dataset's map position; None when it has no coordinate system or an empty transform."""
    if dataset.crs is None or dataset.transform == IDENTITY:
        return None
    epsg = dataset.crs.to_epsg()
    name = f"EPSG:{epsg}" if epsg else dataset.crs.to_wkt()
    return Georeference(name, tuple(dataset.transform)[:6])


def _check_delivery(path: str) -> None:
    """Raise RasterRejected where there is no such object, StorageAway where it isn't handed out.

    GDAL says of both what the server says, which doesn't differ from what it says of damage.
    """
    # Only rasters in S3 need boto3, and of those only the ones that fail.
    from labelling.adapters.objects import hand_out

    try:
        hand_out(path)
    except NotFound as missing:
        raise RasterRejected(f"{name_of(path)}: no such file.", field="file") from missing
    except (BadInput, StorageAway) as away:
        raise StorageAway(
            f"{path} can't be read now: {away}", field=away.field, help=away.help
        ) from away


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return (str(cause).splitlines() or [type(error).__name__])[0]
