"""Shapes painted one over the other into a label and its provenance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.labelsets.naming import Names
from labelling.imagery.labelsets.shapes import Mask
from labelling.imagery.labelsets.tables import BACKGROUND, IMPORTED

CLEAR, UNLABELLED_BACKGROUND = "clear", "unlabelled"
BACKGROUNDS = (CLEAR, UNLABELLED_BACKGROUND)
"""What a lead may say of pixels that nobody drew on."""


@dataclass(frozen=True)
class Shape:
    """A shape of one class; its pixels are made when it is painted."""

    name: str
    """Of its class, as the source calls it."""
    draw: Callable[[], Mask]
    z: int = 0
    provenance: int = IMPORTED
    """Of its pixels."""


def check_background(background: str) -> None:
    """Raise BadInput unless the lead has said what pixels mean that nobody drew on."""
    if background not in BACKGROUNDS:
        raise BadInput(
            "Nobody has said what a pixel means that nobody drew on.",
            field="background",
            help="Say --background clear if the annotators took all else for clear, or "
            "--background unlabelled.",
        )


def painted(
    shapes: Sequence[Shape], *, size: tuple[int, int], background: str, names: Names
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(label, provenance), each (height, width), the lowest shape painted first.

    What nobody drew on is clear with the provenance of imported background, or not labelled.
    Raises LabelRejected for a shape whose class means nothing here, BadInput for any other
    background.
    """
    check_background(background)
    clear = background == CLEAR
    label = np.full(size, names.clear if clear else UNLABELLED, dtype=np.uint8)
    provenance = np.full(size, BACKGROUND if clear else 0, dtype=np.uint8)
    for shape in sorted(shapes, key=lambda each: (names.rank(each.name), each.z)):
        code, inside = names.code(shape.name), shape.draw()
        label[inside] = code
        provenance[inside] = 0 if code == UNLABELLED else shape.provenance
    return label, provenance
