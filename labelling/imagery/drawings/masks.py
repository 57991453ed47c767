"""Masks as CVAT's API carries them: run lengths inside a box, then the box.

`points` holds row-major run lengths, the first of them outside the mask (0 where the box's first
pixel is set), then left, top, right and bottom of the box in pixels, all four inclusive. The server
stores whatever it is sent, so both ways are checked here: what is sent, and what comes back.
Format: measured on the server; CVAT's documentation of the mask shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelling.errors import BadInput
from labelling.imagery.labelsets.shapes import Mask, decode_runs, encode_runs, placed

FARTHEST = 2**31
"""Beyond it a number is a mistake: no picture has so many pixels."""
BOX = 4
"""Numbers at the end of `points`: left, top, right, bottom."""


def encode(mask: Mask) -> list[int]:
    """The points of a mask (height, width), in the smallest box that holds it.

    Raises BadInput for a mask without a pixel: what isn't there is not drawn.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise BadInput("A mask without a pixel can't be drawn.", field="mask")
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    runs = encode_runs(mask[top : bottom + 1, left : right + 1])
    # Plain integers: the client refuses numpy's.
    return [*runs, int(left), int(top), int(right), int(bottom)]


def decode(points: Sequence[float], *, height: int, width: int) -> Mask:
    """(height, width) of a mask that was drawn on an image of this size.

    An empty mask, `[1, 0, 0, 0, 0]`, has no pixel set. Raises BadInput for numbers that aren't
    whole, a box that sticks out of the image or is inside out, and runs that don't fill the box.
    """
    numbers = _whole(points)
    *runs, left, top, right, bottom = numbers
    if not (0 <= left <= right < width and 0 <= top <= bottom < height):
        raise BadInput(
            f"A mask's box goes from column {left}, row {top} to column {right}, row {bottom}, "
            f"which isn't inside an image of {height} by {width} pixels.",
            field="mask",
        )
    part = decode_runs(runs, height=bottom - top + 1, width=right - left + 1)
    return placed(part, top=top, left=left, height=height, width=width)


def _whole(points: Sequence[float]) -> list[int]:
    """The points as integers. Raises BadInput."""
    if len(points) <= BOX:
        raise BadInput(f"A mask has {len(points)} numbers: no run and a box.", field="mask")
    try:
        numbers = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput("A mask has something else among its numbers.", field="mask") from error
    wrong = ~(np.abs(numbers) <= FARTHEST) | (numbers != np.floor(numbers))
    if wrong.any():
        raise BadInput(
            f"A mask has {numbers[wrong][0]:g} among its whole numbers.",
            field="mask",
            help="Draw the mask again in CVAT.",
        )
    return numbers.astype(np.int64).tolist()
