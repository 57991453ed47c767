"""Bytes kept under keys: tiles, labels, thumbnails, snapshots, models, rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from labelling.adapters.beside import beside
from labelling.adapters.folder import FolderBlobs
from labelling.adapters.index import Index
from labelling.adapters.s3 import Bucket, Endpoint
from labelling.adapters.stored import Stored
from labelling.errors import BadInput

__all__ = ["Blobs", "beside", "from_url", "store"]


class Blobs(Protocol):
    """A store. Keys are relative POSIX paths such as `tiles/35VLF/512/3/7/….tif`.

    Readers see a blob as it was or as it is, never a part of it. Every method raises BadInput for a
    key that could leave the store; storage that can't be reached raises OSError (a folder) or
    StorageAway (S3), a full disk StorageAway, and nothing is left behind.
    """

    def write(self, key: str, content: bytes) -> str:
        """Store `content` under `key`, replacing what was there; its sha256, in hex."""

    def write_with(self, key: str, writer: Callable[[Path], object]) -> str:
        """Let `writer` fill a file, then put it under `key`; the sha256 of its bytes, in hex.

        If `writer` raises, what was there stays, and nothing else.
        """

    def write_once(self, key: str, content: bytes) -> bool:
        """Store `content` unless there is a blob already; False if there was."""

    def read(self, key: str) -> bytes:
        """The bytes under `key`. Raises NotFound."""

    def raster(self, key: str) -> str:
        """What GDAL opens for the blob, whether or not it exists."""

    def exists(self, key: str) -> bool: ...

    def checksum(self, key: str) -> str:
        """sha256, in hex, computed from the blob's bytes as they are now. Raises NotFound."""

    def delete(self, key: str) -> bool:
        """Remove the blob; False if there was none."""

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """(key, bytes) of every blob whose key begins with `prefix`, by key."""

    def listing(self, prefix: str = "") -> Iterator[Stored]:
        """The same, with the time of the last change."""

    def local(self, key: str) -> Path:
        """A file on this machine with the blob's bytes. Raises NotFound.

        Only for blobs that never change: a copy that was made once is not compared again.
        """

    def workplace(self, key: str) -> Path:
        """A folder on this machine in which to make what `adopt` is to put into storage."""

    def adopt(self, folder: Path, key: str, *, without: Iterable[str] = ()) -> Index:
        """Put a folder made in a workplace under `key`, whole or not at all.

        Files whose names match a pattern of `without` are not kept. If there is a whole folder
        already, that one stays. Returns the index of the one that is there.
        """

    def whole(self, key: str) -> bool:
        """Whether a folder was adopted under `key`."""

    def index(self, key: str) -> Index:
        """What the adopted folder holds. Raises NotFound."""

    def folder(self, key: str) -> Path:
        """An adopted folder on this machine, to read from. Raises NotFound."""


def store() -> Blobs:
    """The installation's storage, as STORAGE_URL names it.

    Raises BadInput naming the setting that is wrong; StorageAway where S3 can't be reached.
    """
    return from_url(str(settings.STORAGE_URL))


def from_url(url: str) -> Blobs:
    """Storage at `file:///absolute/folder` or `s3://bucket/prefix`. Raises as `store`."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _objects(Bucket.of(url), Endpoint.from_settings(), Path(settings.WORKBENCH_VAR))
    local = parts.scheme == "file" and parts.netloc in ("", "localhost")
    # A bare ? or # would cut the folder's name short, unseen.
    if not local or len(parts.path) < 2 or "?" in url or "#" in url:
        raise BadInput(
            f"STORAGE_URL {url!r} is neither a folder of this machine nor a bucket.",
            field="STORAGE_URL",
            help="Write it as file:///absolute/folder or s3://bucket/prefix, with %23 for # and "
            "%3F for ?.",
        )
    return FolderBlobs(Path(unquote(parts.path)))


@lru_cache(maxsize=4)
def _objects(bucket: Bucket, endpoint: Endpoint, var: Path) -> Blobs:
    """Kept, because a connection takes a tenth of a second; a bucket is checked once."""
    # An installation with its blobs in a folder need not load boto3.
    from labelling.adapters.objects import ObjectBlobs

    place = Path(bucket.name) / bucket.prefix
    blobs = ObjectBlobs(bucket, endpoint, cache=var / "cache" / place, work=var / "work" / place)
    blobs.check()
    return blobs
