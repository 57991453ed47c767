"""Labels as a CVAT for images 1.1 file: for each image one mask for each class and origin of it.

What isn't labelled gets no mask, so that it comes back as not labelled. Read again
(labelsets/cvat_xml.py), each label is what it was, pixel by pixel. Format: CVAT's documentation of
XML annotation format 1.1.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.beside import beside, settle
from labelling.errors import BadInput
from labelling.imagery.drawings.annotations import PROVENANCE
from labelling.imagery.drawings.masks import encode
from labelling.imagery.labelfile import UNLABELLED, UNSURE
from labelling.imagery.labelsets.cvat_document import BESIDE

UNSURE_NAME, UNSURE_COLOUR = "unsure", "#9aa0a6"
SOURCES = {code: word for word, code in PROVENANCE.items()}
"""Our provenance → CVAT's word; what it has no word for was imported: `file`."""
FORMS = (".xml", ".zip")
MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of what lies in an archive: the same labels make the same bytes."""


@dataclass(frozen=True)
class Word:
    """A class as CVAT calls it."""

    code: int
    name: str
    colour: str
    """`#rrggbb`."""


@dataclass(frozen=True)
class Sheet:
    """An image and what is drawn on it."""

    name: str
    """Of the image's file there."""
    label: NDArray[np.uint8]
    """(height, width) class codes, 254 unsure, 255 not labelled."""
    provenance: NDArray[np.uint8]


def write_xml(path: Path, sheets: Iterable[Sheet], *, title: str, words: Sequence[Word]) -> int:
    """Write the images to `path`, an .xml, or a .zip that holds one; how many there were.

    Raises BadInput for another ending, and for a label with a code that isn't in `words`.
    """
    if path.suffix.lower() not in FORMS:
        raise BadInput(
            f"{path.name}: CVAT's XML goes into a file that ends in {' or '.join(FORMS)}.",
            field="out",
        )
    known = (*words, Word(UNSURE, UNSURE_NAME, UNSURE_COLOUR))
    with beside(path) as temporary:
        if path.suffix.lower() == ".zip":
            entry = zipfile.ZipInfo(BESIDE, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with zipfile.ZipFile(temporary, "w") as packed, packed.open(entry, "w") as file:
                count = _write(file, sheets, title, known)
        else:
            with temporary.open("wb") as file:
                count = _write(file, sheets, title, known)
        settle(temporary, path)
    return count


def _write(file: IO[bytes], sheets: Iterable[Sheet], title: str, words: Sequence[Word]) -> int:
    count = 0
    file.write(_head(title, words).encode())
    names = {word.code: word.name for word in words}
    for count, sheet in enumerate(sheets, start=1):
        file.write(_image(sheet, count - 1, names).encode())
    file.write(b"</annotations>\n")
    return count


def _head(title: str, words: Sequence[Word]) -> str:
    labels = "".join(
        f"<label><name>{escape(each.name)}</name><color>{each.colour}</color><type>mask</type>"
        "<attributes></attributes></label>\n"
        for each in words
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
        f"<meta><task><name>{escape(title)}</name><labels>\n{labels}</labels></task></meta>\n"
    )


def _image(sheet: Sheet, number: int, names: dict[int, str]) -> str:
    height, width = sheet.label.shape
    masks = "".join(_masks(sheet, names))
    size = f'width="{width}" height="{height}"'
    return f'<image id="{number}" name={quoteattr(sheet.name)} {size}>\n{masks}</image>\n'


def _masks(sheet: Sheet, names: dict[int, str]) -> Iterator[str]:
    pairs = np.unique(sheet.label.astype(np.uint16) << 8 | sheet.provenance)
    for code, origin in (divmod(int(pair), 256) for pair in pairs):
        if code == UNLABELLED:
            continue
        if code not in names:
            raise BadInput(
                f"{sheet.name}: its label has code {code}, which the campaign's classes "
                f"({', '.join(map(str, sorted(names)))}) don't have.",
                field="label",
            )
        runs = encode((sheet.label == code) & (sheet.provenance == origin))
        *lengths, left, top, right, bottom = runs
        yield (
            f'<mask label={quoteattr(names[code])} source="{SOURCES.get(origin, "file")}" '
            f'occluded="0" rle="{", ".join(map(str, lengths))}" left="{left}" top="{top}" '
            f'width="{right - left + 1}" height="{bottom - top + 1}" z_order="0"></mask>\n'
        )
