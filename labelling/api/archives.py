"""A folder of storage as one ZIP file, made while it is sent: nothing of it is kept anywhere."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from django.http import StreamingHttpResponse

from labelling.adapters.blobs import Blobs

CHUNK = 1 << 20
"""Bytes that are read at once."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Date of every file in it: equal folders become equal archives."""
TYPE = "application/zip"


def zipped(blobs: Blobs, key: str, *, name: str) -> StreamingHttpResponse:
    """The whole folder under `key`, to be saved as `name`.zip. Raises NotFound where there is none.

    Rasters are pressed already: they go in as they are.
    """
    return StreamingHttpResponse(
        archive(blobs, key, top=name),
        content_type=TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"'},
    )


def archive(blobs: Blobs, key: str, *, top: str) -> Iterator[bytes]:
    """The archive in pieces; its files lie in a folder named `top`."""
    index = blobs.index(key)  # before the first piece: a missing folder is refused, not half sent

    def pieces() -> Iterator[bytes]:
        sent = _Pieces()
        with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED, allowZip64=True) as whole:
            for name in index.files:
                entry = zipfile.ZipInfo(f"{top}/{name}", LONG_AGO)
                local = blobs.local(index.blob(key, name))
                with local.open("rb") as source, whole.open(entry, "w", force_zip64=True) as file:
                    while chunk := source.read(CHUNK):
                        file.write(chunk)
                        yield sent.taken()
        yield sent.taken()

    return pieces()


class _Pieces:
    """A file that can only be written to, and whose bytes are taken away meanwhile."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece
