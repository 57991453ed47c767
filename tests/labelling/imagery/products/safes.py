"""Small SAFE products, right in every part, for tests to break one part of."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

from labelling.errors import RasterRejected
from labelling.imagery.painter.safe import write_safe
from labelling.imagery.painter.safe_bands import Source, digital_numbers
from labelling.imagery.painter.safe_header import STEPS, SafeHeader
from labelling.imagery.products.safe import inspect_safe

SIDE = 60
HEADER = SafeHeader(
    mgrs="35VLF", taken=datetime(2026, 5, 29, 9, 50, 31, tzinfo=UTC), size=SIDE, cloud_cover=12.5
)


def plain(side: int = SIDE) -> Source:
    """A reflectance of 0.2, with a little texture, in every band."""
    dice = np.random.default_rng(1)
    return lambda band: dice.integers(
        1900, 2100, (side // STEPS[band], side // STEPS[band]), dtype=np.uint16
    )


def write_small(folder: Path, **changes: Any) -> Path:
    """A product of 60 pixels; `changes` are fields of its header."""
    header = replace(HEADER, **changes)
    return write_safe(folder, header, digital_numbers(plain(header.size), offset=header.offset))


def main_xml(product: Path) -> Path:
    return next(product.glob("MTD_MSI*.xml"))


def tile_xml(product: Path) -> Path:
    return next(product.glob("GRANULE/*/MTD_TL.xml"))


def image(product: Path, ending: str) -> Path:
    return next(product.glob(f"GRANULE/*/IMG_DATA/**/*_{ending}.jp2"))


def edit(file: Path, old: str, new: str) -> None:
    """Replace the first match of pattern `old` in a text file; there has to be one."""
    text, count = re.subn(old, new, file.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
    assert count == 1, f"{old} is not in {file.name}"
    file.write_text(text, encoding="utf-8")


def zipped(product: Path, path: Path, *, prefix: str | None = None) -> Path:
    """The product in a zip, under its own name or `prefix`."""
    top = f"{product.name}/" if prefix is None else prefix
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for file in sorted(product.rglob("*")):
            if file.is_file():
                archive.write(file, f"{top}{file.relative_to(product).as_posix()}")
    return path


def refusal(product: Path, match: str, *, field: str | None = None) -> RasterRejected:
    """The refusal of a product, which names it and `match`es."""
    with pytest.raises(RasterRejected, match=match) as caught:
        inspect_safe(product)
    assert product.name in str(caught.value)
    assert caught.value.help
    if field is not None:
        assert caught.value.field == field
    return caught.value
