"""Finding and opening the files of labelled sets, with refusals that name them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from labelling.errors import BadInput, LabelRejected
from labelling.imagery.files import blaming, opened
from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.labelsets.tables import IMPORTED

ENVI = ".img"
LARGEST_SIDE = 12_000
"""Pixels; a whole Sentinel-2 tile has 10 980."""


def files_below(path: Path, *patterns: str) -> list[Path]:
    """The file at `path`, or those below the folder that fit a pattern, by name.

    Raises BadInput naming the path when there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"{path.name}: no such file or folder.", field="path")
    found = sorted({each for pattern in patterns for each in path.rglob(pattern)}, key=by_numbers)
    if not found:
        raise BadInput(
            f"{path.name}: no file below this folder fits {' or '.join(patterns)}.", field="path"
        )
    return found


def by_numbers(path: Path) -> tuple[object, ...]:
    """Sorts …_2_3 before …_2_10."""
    words: list[object] = []
    for part in path.parts:
        pieces = "".join(c if c.isdecimal() else " " for c in part).split()
        words.append(("".join(c for c in part if not c.isdecimal()), *map(int, pieces)))
    return tuple(words)


def read_codes(path: Path) -> NDArray[np.integer]:
    """(height, width) of a raster with one band of whole numbers. Raises LabelRejected."""
    with _raster(path) as dataset:
        kind = dataset.dtypes[0]
        if dataset.count != 1 or not np.issubdtype(np.dtype(kind), np.integer):
            raise LabelRejected(
                f"{path.name}: {dataset.count} bands of {kind}, not one band of codes.",
                field="label",
            )
        if max(dataset.shape) > LARGEST_SIDE:
            raise LabelRejected(
                f"{path.name}: {dataset.height} by {dataset.width} pixels are too many.",
                field="label",
            )
        return dataset.read(1)


def check_shape(file: Path, found: tuple[int, ...], label: tuple[int, ...]) -> None:
    """Raise LabelRejected unless a picture has its label's pixels; before it is read."""
    if found != label:
        raise LabelRejected(
            f"{file.name}: {found[0]} by {found[1]} pixels, but its label has {label[0]} by "
            f"{label[1]}.",
            field="size",
        )


@contextmanager
def _raster(path: Path) -> Iterator[DatasetReader]:
    if path.suffix.lower() != ENVI:
        with opened(path) as dataset:
            yield dataset
        return
    # What `opened` reads has no side files; an ENVI raster says in one what its bytes mean.
    if not path.is_file():
        raise LabelRejected(f"{path.name}: no such file.", field="file")
    with blaming(path), rasterio.open(path, driver="ENVI") as dataset:
        yield dataset


def rows_of(file: Path, *, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header. Raises BadInput when a needed column is missing."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = list(csv.DictReader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{file.name}: not a CSV file in UTF-8 ({error}).", field="file") from error
    except OSError as error:
        raise BadInput(f"{file.name}: can't be read ({error.strerror}).", field="file") from error
    if any(None in row for row in rows):
        raise BadInput(f"{file.name}: a row has more fields than the header.", field="file")
    if missing := [name for name in needed if rows and name not in rows[0]]:
        raise BadInput(f"{file.name}: has no column {', '.join(missing)}.", field=missing[0])
    return [{str(key): (value or "").strip() for key, value in row.items()} for row in rows]


def read_array(path: Path, *, dimensions: int) -> NDArray[np.generic]:
    """A .npy array, its pixels on disk until they are asked for. Raises BadInput by name.

    Files that hold Python objects are refused: reading those would run code.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadInput(
            f"{path.name}: damaged, cut short or not a .npy array ({error}).",
            field="file",
            help="Copy the file again from its source.",
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != dimensions:
        raise BadInput(
            f"{path.name}: holds {getattr(array, 'shape', 'no array')}, not {dimensions} "
            "dimensions.",
            field="shape",
        )
    return array


def nothing_where_no_data(
    label: NDArray[np.uint8], pixels: NDArray[np.uint16]
) -> NDArray[np.uint8]:
    """The label (height, width), with what no band of `pixels` has data for not labelled."""
    return np.where(pixels.any(axis=0), label, np.uint8(UNLABELLED))


def provenance_of(label: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """4, imported, where the label says anything; 0 elsewhere."""
    return np.where(label == UNLABELLED, 0, IMPORTED).astype(np.uint8)
