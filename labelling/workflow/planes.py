"""A label as a person hands it in, and what makes one that can't stand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.label.tobytes() + self.provenance.tobytes()).hexdigest()

    @property
    def pixels(self) -> dict[str, int]:
        """{code: pixels}, of the codes that occur."""
        codes, counts = np.unique(self.label, return_counts=True)
        return {str(code): int(count) for code, count in zip(codes, counts)}

    @property
    def labelled_share(self) -> float:
        """0…1 of the pixels that carry a class."""
        return float((self.label < UNSURE).mean())


def check_planes(planes: Planes, *, tile: Tile, codes: list[int]) -> None:
    """Raise LabelRejected unless the planes fit the tile and a schema with these class codes."""
    size = (tile.height, tile.width)
    for field, plane in (("label", planes.label), ("provenance", planes.provenance)):
        if plane.dtype != np.uint8 or plane.shape != size:
            found = f"{' × '.join(map(str, plane.shape))} {plane.dtype}"
            raise LabelRejected(
                f"The {field} is {found}, but the tile needs {tile.height} × {tile.width} uint8.",
                field=field,
            )
    if reason := label_rejection(planes.label, codes):
        raise LabelRejected(
            f"The label can't stand: {reason}.", field="label", help="Use the campaign's classes."
        )
    if (planes.label == UNLABELLED).all():
        raise LabelRejected(
            "Nothing is labelled.", field="label", help="Label something, or give the tile back."
        )
    _check_provenance(planes)


def _check_provenance(planes: Planes) -> None:
    highest = int(planes.provenance.max())
    if highest > HIGHEST_PROVENANCE:
        raise LabelRejected(
            f"Provenance {highest} is unknown: codes go from 0 to {HIGHEST_PROVENANCE}.",
            field="provenance",
        )
    wrong = (planes.provenance == NO_PROVENANCE) != (planes.label == UNLABELLED)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise LabelRejected(
            f"Provenance must be 0 exactly where the label is {UNLABELLED}; at row {row}, column "
            f"{column} it is {planes.provenance[row, column]} and the label "
            f"{planes.label[row, column]}.",
            field="provenance",
        )
