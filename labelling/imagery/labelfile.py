"""Labels that lie beside a scene: one uint8 plane of class codes, the scene's size."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window as Area

from labelling.errors import LabelRejected, RasterRejected
from labelling.imagery.files import opened
from labelling.imagery.tiling import Window

UNSURE, UNLABELLED = 254, 255
SPECIAL = frozenset({UNSURE, UNLABELLED})
STRIP = 512
"""Rows read at a time while a label's codes are checked."""


@dataclass(frozen=True)
class LabelReader:
    """An open, checked label file."""

    dataset: DatasetReader

    def tile(self, window: Window) -> NDArray[np.uint8]:
        """(size, size) uint8 of a tile's window; padding is 255, not labelled."""
        area = Area(window.left, window.top, window.width, window.height)
        return window.place(self.dataset.read(1, window=area), fill=UNLABELLED)


@contextmanager
def reading_label(
    path: Path, *, height: int, width: int, codes: Collection[int]
) -> Iterator[LabelReader]:
    """A label file fit for a scene of `height` by `width` whose classes have these `codes`.

    254 (unsure) and 255 (not labelled) are always allowed. Raises LabelRejected naming the file and
    the size, type or code that doesn't fit; a file that can't be read is a LabelRejected too.
    """
    try:
        with opened(path) as dataset:
            _check_form(path, dataset, height=height, width=width)
            _check_codes(path, dataset, codes)
    except RasterRejected as error:
        raise LabelRejected(str(error), field="label", help=error.help) from error
    with opened(path) as dataset:
        yield LabelReader(dataset)


def label_rejection(label: NDArray[np.uint8], codes: Collection[int]) -> str:
    """Why a label can't stand in a campaign with these class `codes`; empty when it can."""
    seen = np.flatnonzero(np.bincount(label.ravel(), minlength=256))
    unknown = sorted(set(seen.tolist()) - set(codes) - SPECIAL)
    if not unknown:
        return ""
    known = ", ".join(str(code) for code in sorted(codes))
    return (
        f"code {', '.join(map(str, unknown))} is none of the campaign's classes ({known}; "
        f"{UNSURE} unsure, {UNLABELLED} not labelled)"
    )


def _check_form(path: Path, dataset: DatasetReader, *, height: int, width: int) -> None:
    if dataset.count != 1 or dataset.dtypes[0] != "uint8":
        found = f"{dataset.count} bands of {dataset.dtypes[0]}"
        raise LabelRejected(f"{path.name}: {found}, not one band of uint8 codes.", field="label")
    if dataset.shape != (height, width):
        raise LabelRejected(
            f"{path.name}: {dataset.height} by {dataset.width} pixels, but its raster has "
            f"{height} by {width}.",
            field="label",
        )


def _check_codes(path: Path, dataset: DatasetReader, codes: Collection[int]) -> None:
    for top in range(0, dataset.height, STRIP):
        area = Area(0, top, dataset.width, min(STRIP, dataset.height - top))
        if reason := label_rejection(dataset.read(1, window=area), codes):
            raise LabelRejected(
                f"{path.name}: {reason}.",
                field="label",
                help="Give the campaign these classes, or translate the file's codes.",
            )
