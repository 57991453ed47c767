"""Masks as run lengths, in the compressed text that COCO's tools read.

Runs go down the columns, zeros first. A count is written as its difference to the count two places
before (from the fourth on), in digits of five bits, the lowest first: character 48 + digit, plus
32 where another digit follows; the last digit's highest bit is the sign. Format: COCO API, maskApi
(rleEncode, rleToString, rleFrString).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput

DIGITS = 7
"""Of five bits: enough for any count of a picture with up to 2³¹ pixels."""
FIRST = 48
"""The character of digit 0."""
MORE, SIGN = 0x20, 0x10


def encode(mask: NDArray[np.bool_]) -> str:
    """The compressed counts of a mask (height, width)."""
    return packed(runs(mask.ravel(order="F")))


def decode(text: str, *, height: int, width: int) -> NDArray[np.bool_]:
    """The inverse of `encode`. Raises BadInput for text that isn't such a mask."""
    counts = unpacked(text)
    if (counts < 0).any() or counts.sum() != height * width:
        raise BadInput(
            f"The run lengths sum to {counts.sum()}, not {height} × {width} pixels.", field="counts"
        )
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((width, height)).T


def runs(flat: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs of a flat mask, the first one of zeros (of length 0 if need be)."""
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(np.concatenate([[0], turns, [len(flat)]]))
    return np.concatenate([[0], counts]) if len(flat) and flat[0] else counts


def packed(counts: NDArray[np.int64]) -> str:
    numbers = counts.astype(np.int64)
    numbers[3:] -= counts[1:-2]
    places = 5 * np.arange(DIGITS)
    digits = (numbers[:, None] >> places) & 0x1F  # (numbers, DIGITS)
    rest = numbers[:, None] >> (places + 5)
    more = np.where(digits & SIGN, rest != -1, rest != 0)
    written = np.cumprod(np.column_stack([np.ones(len(numbers), bool), more[:, :-1]]), axis=1)
    characters = FIRST + digits + np.where(more, MORE, 0)
    return characters[written.astype(bool)].astype(np.uint8).tobytes().decode("ascii")


def unpacked(text: str) -> NDArray[np.int64]:
    """The counts. Raises BadInput for characters or an end that can't be."""
    octets = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int64) - FIRST
    if not len(octets) or octets.min() < 0 or octets.max() >= 2 * MORE or octets[-1] & MORE:
        raise BadInput(f"{text[:40]!r} is no compressed mask.", field="counts")
    last = octets & MORE == 0
    number = np.concatenate([[0], np.cumsum(last)[:-1]])  # which count a digit belongs to
    starts = np.flatnonzero(np.concatenate([[True], last[:-1]]))
    place = 5 * (np.arange(len(octets)) - starts[number])
    if place.max() > 5 * DIGITS:
        raise BadInput(f"{text[:40]!r} is no compressed mask.", field="counts")
    counts = np.zeros(len(starts), np.int64)
    np.add.at(counts, number, (octets & 0x1F) << place)
    negative = octets[last] & SIGN != 0
    counts -= np.where(negative, np.int64(1) << (place[last] + 5), 0)
    counts[1::2] = np.cumsum(counts[1::2])
    counts[2::2] = np.cumsum(counts[2::2])
    return counts
