"""A label as a person hands it in, and what makes one that can't stand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labelling.errors import LabelRejected
from labelling.imagery.labelfile import label_rejection
from labelling.models import UNLABELLED, UNSURE, Tile

NO_PROVENANCE = 0
HIGHEST_PROVENANCE = 5
"""0 none · 1 painted · 2 pre-label confirmed · 3 tool-propagated · 4 imported · 5 background."""


@dataclass(frozen=True)
class Planes:
    """A label and its provenance, both (height, width) uint8."""

    label: NDArray[np.uint8]
    provenance: NDArray[np.uint8]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.label.tobytes() + self.provenance.tobytes()).hexdigest()

    @cached_property
    def pixels(self) -> dict[str, int]:
        """{code: pixels}, of the codes that occur."""
        counts = np.bincount(self.label.ravel(), minlength=256)
        return {str(code): int(counts[code]) for code in np.flatnonzero(counts)}

    @property
    def labelled_share(self) -> float:
        """0…1 of the pixels that carry a class."""
        return float((self.label < UNSURE).mean())


@dataclass(frozen=True)
class Fault:
    """Why a label can't stand, whatever its author says."""

    code: str
    message: str
    field: str
    help: str = ""


def faults(planes: Planes, *, tile: Tile, codes: list[int]) -> list[Fault]:
    """All reasons why the planes don't fit the tile and a schema with these class codes.

    Planes of the wrong size or type are asked nothing else.
    """
    if misfits := _misfits(planes, tile):
        return misfits
    found = []
    if reason := label_rejection(planes.label, codes):
        message = f"The label can't stand: {reason}."
        found.append(Fault("codes", message, "label", "Use the campaign's classes."))
    if (planes.label == UNLABELLED).all():
        help = "Label something, or give the tile back."
        found.append(Fault("empty", "Nothing is labelled.", "label", help))
    return found + _provenance_faults(planes)


def check_size(planes: Planes, *, tile: Tile) -> None:
    """Raise LabelRejected unless both planes have the tile's size and are uint8."""
    if misfits := _misfits(planes, tile):
        raise LabelRejected(misfits[0].message, field=misfits[0].field, help=misfits[0].help)


def _misfits(planes: Planes, tile: Tile) -> list[Fault]:
    size = (tile.height, tile.width)
    found = []
    for field, plane in (("label", planes.label), ("provenance", planes.provenance)):
        if plane.dtype != np.uint8 or plane.shape != size:
            had = f"{' × '.join(map(str, plane.shape))} {plane.dtype}"
            needs = f"but the tile needs {tile.height} × {tile.width} uint8."
            found.append(Fault("size", f"The {field} is {had}, {needs}", field))
    return found


def _provenance_faults(planes: Planes) -> list[Fault]:
    highest = int(planes.provenance.max())
    if highest > HIGHEST_PROVENANCE:
        message = f"Provenance {highest} is unknown: codes go from 0 to {HIGHEST_PROVENANCE}."
        return [Fault("provenance", message, "provenance")]
    wrong = (planes.provenance == NO_PROVENANCE) != (planes.label == UNLABELLED)
    if not wrong.any():
        return []
    row, column = np.argwhere(wrong)[0].tolist()
    message = (
        f"Provenance must be 0 exactly where the label is {UNLABELLED}; at row {row}, column "
        f"{column} it is {planes.provenance[row, column]} and the label "
        f"{planes.label[row, column]}."
    )
    return [Fault("provenance", message, "provenance")]
