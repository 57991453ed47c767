"""How a length is covered by overlapping windows, and how they are joined without a seam.

Where two windows overlap, one fades out while the other fades in, over a ramp in the middle of what
they share: the weights add up to 1 everywhere, and the outermost pixels of a window, which know
least of what is around them, don't count. Windows start at multiples of the network's step, so that
its pooling falls on the same pixels whatever the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput

LEAST_STEPS = 8
"""Steps of the network that a window has at least."""
ALIKE = 4
"""A window has at least so many times its overlap."""


@dataclass(frozen=True, eq=False)
class Span:
    """One window along one axis, in pixels of the product."""

    start: int
    length: int
    first: int
    """The first of its pixels that counts."""
    weights: NDArray[np.float32]
    """0 … 1 of the pixels from `first` on that count."""

    @property
    def last(self) -> int:
        """One past the last pixel that counts."""
        return self.first + len(self.weights)

    @property
    def inner(self) -> slice:
        """Of the window's own pixels, those that count."""
        return slice(self.first - self.start, self.last - self.start)


def check(*, size: int, overlap: int, step: int) -> None:
    """Raises BadInput unless windows of `size` may overlap by `overlap` at this step, in pixels."""
    if size % step or size < LEAST_STEPS * step:
        raise BadInput(
            f"window must be a multiple of {step} px (the network halves it that often), and at "
            f"least {LEAST_STEPS * step}; not {size}.",
            field="window",
        )
    if not 0 < overlap <= size // ALIKE or overlap % 4:
        raise BadInput(
            f"overlap must be a multiple of 4 px, at least 4 and at most a quarter of the window, "
            f"{size // ALIKE}; not {overlap}.",
            field="overlap",
        )


def spans(length: int, *, size: int, overlap: int, step: int) -> list[Span]:
    """The windows that cover `length` pixels, in order; neighbours share `overlap` or more.

    All are `size` long, but the last, which may lack less than `step`; a length that fits into one
    window is one. Ramps are half the overlap long, so a quarter of it counts on neither side.
    """
    if length <= size:
        return [Span(0, length, 0, np.ones(length, np.float32))]
    starts = _starts(length, size=size, overlap=overlap, step=step)
    ends = [min(start + size, length) for start in starts]
    ramp = overlap // 2
    cuts = [(end + start) // 2 - ramp // 2 for end, start in zip(ends[:-1], starts[1:])]
    firsts, lasts = [0, *cuts], [*(cut + ramp for cut in cuts), length]
    return [
        Span(start, end - start, first, _weights(number, firsts, lasts, ramp))
        for number, (start, end, first) in enumerate(zip(starts, ends, firsts))
    ]


def _starts(length: int, *, size: int, overlap: int, step: int) -> list[int]:
    # Two steps less than the windows might go on by, because every start is rounded down to one.
    onward = size - overlap - 2 * step
    count = -(-(length - size) // onward)
    last = -(-(length - size) // step) * step
    return [number * last // count // step * step for number in range(count + 1)]


def _weights(
    number: int, firsts: Sequence[int], lasts: Sequence[int], ramp: int
) -> NDArray[np.float32]:
    weights = np.ones(lasts[number] - firsts[number], np.float32)
    rising = (0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)).astype(np.float32)
    if number:
        weights[:ramp] = rising
    if number < len(firsts) - 1:
        weights[-ramp:] = 1 - rising
    return weights


def settled(rows: Sequence[Span]) -> list[tuple[int, int]]:
    """(first, one past the last) pixel that is final once a window is through, window by window."""
    return [(one.first, other.first) for one, other in pairwise(rows)] + [
        (rows[-1].first, rows[-1].last)
    ]
