"""From a source's codes to our classes: tables that are data, with "cannot say" allowed.

A table never guesses: a code that it doesn't hold is refused by name. Tables are versioned; a
changed table gets a new version, and its layers lie beside the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelling.errors import RasterRejected

CLEAR, CLOUD, THIN, SHADOW = 0, 1, 2, 3
"""Our classes (CMIX): thin is semi-transparent cloud."""
CANNOT_SAY = 255
"""No data, or a code that means "not classified"."""
CLASS_NAMES = {
    CLEAR: "clear",
    CLOUD: "cloud",
    THIN: "semi-transparent",
    SHADOW: "shadow",
    CANNOT_SAY: "cannot say",
}
NOT_IN_TABLE = 254
"""Marks codes without a class while a plane is translated; no table may give it."""


@dataclass(frozen=True)
class Row:
    """What one code, or a group of codes, becomes."""

    codes: str
    """As people write them: `8`, `bit 1 set`, `> 40 %`."""
    meaning: str
    """In the source's own terms."""
    becomes: int
    """Our class, or 255."""


@dataclass(frozen=True)
class Table:
    """A source's codes 0…255 and the class that each becomes."""

    rows: tuple[Row, ...]
    """For people; where rows overlap, the first one counts."""
    classes: Mapping[int, int]
    """{code: class}; codes that are not here are refused."""

    @property
    def provides(self) -> tuple[int, ...]:
        """The classes that this table can give, in order."""
        return tuple(sorted({row.becomes for row in self.rows} - {CANNOT_SAY}))

    def translate(
        self, codes: NDArray[np.uint8], *, name: str, nodata: float | None = None
    ) -> NDArray[np.uint8]:
        """Our classes, the shape of `codes`; `name` is the file's, for refusals.

        `nodata`, the value that the file declares, becomes 255 where the table doesn't hold it.
        Raises RasterRejected naming codes that the table doesn't hold.
        """
        lookup = np.full(256, NOT_IN_TABLE, dtype=np.uint8)
        if nodata is not None and nodata in range(256):
            lookup[int(nodata)] = CANNOT_SAY
        lookup[list(self.classes)] = list(self.classes.values())
        classes = lookup[codes]
        if (classes == NOT_IN_TABLE).any():
            raise self._refusal(codes[classes == NOT_IN_TABLE], name)
        return classes

    def _refusal(self, unknown: NDArray[np.uint8], name: str) -> RasterRejected:
        codes = ", ".join(map(str, np.unique(unknown)[:8]))
        return RasterRejected(
            f"{name}: code {codes} is none of those this mask can hold "
            f"({spans(self.classes)}); {unknown.size} pixels have one.",
            field="codes",
            help="See `manage.py masks tables`; name the right source with --mask source=pattern.",
        )


def by_code(rows: Mapping[int, tuple[str, int]]) -> Table:
    """A table of single codes: {code: (meaning, class)}."""
    return Table(
        rows=tuple(Row(str(code), meaning, becomes) for code, (meaning, becomes) in rows.items()),
        classes={code: becomes for code, (_, becomes) in rows.items()},
    )


def by_bits(rows: Sequence[tuple[int, str, int]], *, otherwise: tuple[str, int]) -> Table:
    """A table of bit fields: the first row any of whose bits is set decides.

    A row is (bits set in a mask, meaning, class); `otherwise` is (meaning, class) of codes with
    none of these bits set, 0. Codes with a bit that no row names are not in the table.
    """
    named = 0
    for bits, _, _ in rows:
        named |= bits
    told = [Row(_bits(bits), meaning, becomes) for bits, meaning, becomes in rows]
    classes = {0: otherwise[1]}
    for code in range(1, named + 1):
        if code & ~named == 0:
            classes[code] = next(becomes for bits, _, becomes in rows if code & bits)
    return Table(rows=(*told, Row("0", *otherwise)), classes=classes)


def by_threshold(
    *, scale: int, threshold: float, above: tuple[str, int], below: tuple[str, int]
) -> Table:
    """A table of probabilities stored as 0…`scale`: strictly above `threshold` (0…1), or not.

    Each answer is (meaning, class).
    """
    return Table(
        rows=(
            Row(f"> {threshold * scale:g} of {scale}", *above),
            Row(f"≤ {threshold * scale:g} of {scale}", *below),
        ),
        classes={
            code: above[1] if code / scale > threshold else below[1] for code in range(scale + 1)
        },
    )


def spans(codes: Mapping[int, int]) -> str:
    """Codes as people write them: `0…11, 255`."""
    ordered = sorted(codes)
    starts = [code for code in ordered if code - 1 not in codes]
    ends = [code for code in ordered if code + 1 not in codes]
    return ", ".join(
        str(first) if first == last else f"{first}…{last}" for first, last in zip(starts, ends)
    )


def _bits(mask: int) -> str:
    numbers = [str(bit) for bit in range(8) if mask & (1 << bit)]
    return f"bit {' or '.join(numbers)} set"
