"""Whether a product's files are the ones that were read before, told without decoding them.

Small files count whole; of a large one its name, its size and SAMPLES pieces spread over it. A
change of a compressed file's pixels changes its size or the bytes from there on, so it is seen; a
few bytes changed in place in a large uncompressed file may not be. Files in an archive count by
the archive, remote ones by their names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from labelling.imagery.files import is_virtual, name_of
from labelling.imagery.products.product import Product

WHOLE = 64 * 2**20
"""Bytes of a file that is read from end to end: a twentieth of a second."""
SAMPLES = 16
PIECE = 2**16
"""Bytes of each piece."""


def content_of(product: Product) -> str:
    """sha256, in hex, of what the product's files hold, wherever they lie.

    Raises OSError for a file that can't be read.
    """
    digest = hashlib.sha256()
    for band in product.bands:
        facts = (band.name, band.layer, band.step, band.offset, band.quantification)
        digest.update(repr((*facts, name_of(band.path))).encode())
    for path in _files(product):
        digest.update(repr((path.name, path.stat().st_size)).encode())
        for piece in _pieces(path):
            digest.update(piece)
    return digest.hexdigest()


def _files(product: Product) -> list[Path]:
    """What lies on this machine: the product's own file, or its metadata and its bands' files."""
    own = sorted(product.path.rglob("MTD_*.xml")) if product.path.is_dir() else [product.path]
    bands = {Path(band.path) for band in product.bands if not is_virtual(band.path)}
    return own + sorted(bands - set(own))


def _pieces(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= WHOLE:
            yield file.read()
            return
        for number in range(SAMPLES):
            file.seek((size - PIECE) * number // (SAMPLES - 1))
            yield file.read(PIECE)
