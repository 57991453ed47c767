"""Bytes kept under keys: tiles, labels, thumbnails. Written beside, hashed, then renamed."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from django.conf import settings

from labelling.errors import BadInput, NotFound


@dataclass(frozen=True)
class Blobs:
    """A folder of blobs. Keys are relative POSIX paths such as `tiles/35VLF/512/3/7/….tif`."""

    root: Path

    def write(self, key: str, content: bytes) -> str:
        """Store `content` under `key`, replacing what was there; its sha256, in hex."""
        return self.write_with(key, lambda path: _write_all(path, content))

    def write_with(self, key: str, writer: Callable[[Path], object]) -> str:
        """Let `writer` fill a file, then put it under `key`; the sha256 of its bytes, in hex.

        Readers see the old file or the new one, never a part. If `writer` raises, nothing is left.
        """
        target = self.path(key)
        with beside(target) as temporary:
            writer(temporary)
            with temporary.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            temporary.replace(target)
        return digest

    def read(self, key: str) -> bytes:
        """The bytes under `key`. Raises NotFound."""
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise NotFound(f"Storage has no blob {key!r}.", field="key") from error

    def path(self, key: str) -> Path:
        """Where the blob lies, whether or not it exists. Raises BadInput for a bad key."""
        return self.root / check_key(key)

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def delete(self, key: str) -> bool:
        """Remove the blob; False if there was none."""
        try:
            self.path(key).unlink()
        except FileNotFoundError:
            return False
        return True


def store() -> Blobs:
    """The installation's storage, as STORAGE_URL names it."""
    return from_url(str(settings.STORAGE_URL))


def from_url(url: str) -> Blobs:
    """Storage at `file:///absolute/folder`. Raises BadInput for any other URL."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        raise BadInput(
            f"STORAGE_URL {url!r}: object storage can't be used by this version.",
            field="STORAGE_URL",
            help="Set STORAGE_URL to file:///absolute/folder.",
        )
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or len(parts.path) < 2:
        raise BadInput(
            f"STORAGE_URL {url!r} is not a folder of this machine.",
            field="STORAGE_URL",
            help="Write it as file:///absolute/folder.",
        )
    return Blobs(Path(unquote(parts.path)))


def check_key(key: str) -> str:
    """`key` itself. Raises BadInput unless it stays inside the store on every system."""
    parts = key.split("/")
    clean = all(part not in ("", ".", "..") for part in parts)
    if not clean or "\\" in key or not key.isprintable() or PurePosixPath(key).is_absolute():
        raise BadInput(
            f"{key!r} can't be a storage key.",
            field="key",
            help="Keys are relative paths without empty parts, '.' or '..'.",
        )
    return key


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A name in the target's folder, made if need be, to write to and then rename; the rest goes.

    It is unique, because two writers of one content hash share the target's name.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _write_all(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
