"""Opening rasters so that every failure names the file."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import IDENTITY
from rasterio.warp import transform

from labelling.errors import RasterRejected

GDAL_ERRORS = (RasterioError, CRSError, CPLE_BaseError)
"""What rasterio raises about files and coordinate systems; the three share no base."""


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
def opened(path: Path) -> Iterator[DatasetReader]:
    """A GeoTIFF open for reading; what GDAL can't open or read is a RasterRejected naming it."""
    if not path.is_file():
        raise RasterRejected(f"{path.name}: no such file.", field="file")
    try:
        with quiet_about_georeference():
            dataset = rasterio.open(path, driver="GTiff")
        with dataset:
            yield dataset
    except GDAL_ERRORS as error:
        raise RasterRejected(
            f"{path.name}: damaged, cut short or not a GeoTIFF ({_first_line(error)}).",
            field="file",
            help="Copy the file again from its source.",
        ) from error


@contextmanager
def quiet_about_georeference() -> Iterator[None]:
    """Tiles without a map position are normal here: rasterio need not warn about each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def georeference_of(dataset: DatasetReader) -> Georeference | None:
    """The dataset's map position; None when it has no coordinate system or an empty transform."""
    if dataset.crs is None or dataset.transform == IDENTITY:
        return None
    epsg = dataset.crs.to_epsg()
    name = f"EPSG:{epsg}" if epsg else dataset.crs.to_wkt()
    return Georeference(name, tuple(dataset.transform)[:6])


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return (str(cause).splitlines() or [type(error).__name__])[0]
