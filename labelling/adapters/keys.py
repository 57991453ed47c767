"""Names of blobs: relative POSIX paths such as `tiles/35VLF/512/3/7/….tif`."""

from __future__ import annotations

from pathlib import PurePosixPath

from labelling.errors import BadInput


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


def check_prefix(prefix: str) -> str:
    """`prefix` itself: empty for everything, else a key that a slash may follow.

    Raises BadInput.
    """
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix
