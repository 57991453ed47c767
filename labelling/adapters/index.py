"""What a whole folder in storage says of itself: its files, their sizes and hashes.

The index is the last thing to appear, so that half a folder is never taken for a whole one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from labelling.adapters.beside import UNFINISHED, sha256_of
from labelling.errors import BadInput

NAME = "index.json"
"""Blob of the index, directly under the folder's key."""
FORMAT = "cloudmask-folder/1"


@dataclass(frozen=True)
class Entry:
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Index:
    files: dict[str, Entry]
    """By path inside the folder, with slashes; in order."""
    at: str = ""
    """Where under the folder's key the files lie; empty: right there."""

    @classmethod
    def of(cls, folder: Path, *, without: Iterable[str] = ()) -> Index:
        """Of the files in `folder`, but for names that match one of the patterns `without`."""
        skipped = [*without, NAME, f"*{UNFINISHED}"]
        files = {}
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            if not any(fnmatch(path.name, pattern) for pattern in skipped):
                name = path.relative_to(folder).as_posix()
                files[name] = Entry(sha256_of(path), path.stat().st_size)
        return cls(files)

    @property
    def digest(self) -> str:
        """Hex; equal for folders with equal files."""
        listed = sorted((name, entry.sha256) for name, entry in self.files.items())
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    def blob(self, key: str, name: str) -> str:
        """Key of the blob that holds file `name` of the folder under `key`."""
        return "/".join(part for part in (key, self.at, name) if part)

    def dump(self) -> bytes:
        files = {
            name: {"sha256": entry.sha256, "bytes": entry.size}
            for name, entry in sorted(self.files.items())
        }
        told = {"format": FORMAT, "at": self.at, "files": files}
        return json.dumps(told, indent=1, ensure_ascii=False).encode()

    @classmethod
    def load(cls, content: bytes, key: str) -> Index:
        """The inverse of `dump`. Raises BadInput naming `key` where it is no index."""
        try:
            told = json.loads(content)
            files = {
                name: Entry(str(each["sha256"]), int(each["bytes"]))
                for name, each in told["files"].items()
            }
            if told["format"] != FORMAT:
                raise ValueError(f"format {told['format']!r}")
            return cls(files, str(told["at"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"{key}/{NAME} is no list of a folder's files: {error}.", field="key"
            ) from None
