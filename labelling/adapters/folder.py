"""Blobs in a folder of this machine, or of a file system that several machines share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from labelling.adapters.beside import beside, flush, settle, sha256_of
from labelling.adapters.full import told_when_full
from labelling.adapters.index import NAME, Index
from labelling.adapters.keys import check_key, check_prefix
from labelling.adapters.stored import Stored
from labelling.errors import NotFound


@dataclass(frozen=True)
class FolderBlobs:
    """See `blobs.Blobs` for what each method promises."""

    root: Path

    def path(self, key: str) -> Path:
        """Where the blob lies, whether or not it exists. Only this store has such a place."""
        return self.root / check_key(key)

    def write(self, key: str, content: bytes) -> str:
        return self.write_with(key, lambda path: path.write_bytes(content))

    def write_with(self, key: str, writer: Callable[[Path], object]) -> str:
        target = self.path(key)
        with told_when_full(key), beside(target) as temporary:
            writer(temporary)
            digest = sha256_of(temporary)
            settle(temporary, target)
        return digest

    def write_once(self, key: str, content: bytes) -> bool:
        target = self.path(key)
        with told_when_full(key), beside(target) as temporary:
            temporary.write_bytes(content)
            flush(temporary)
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
        flush(target.parent)
        return True

    def read(self, key: str) -> bytes:
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"Storage has no blob {key!r}.", field="key") from error

    def raster(self, key: str) -> str:
        return str(self.path(key))

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def checksum(self, key: str) -> str:
        try:
            return sha256_of(self.path(key))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"Storage has no blob {key!r}.", field="key") from error

    def delete(self, key: str) -> bool:
        try:
            self.path(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def listing(self, prefix: str = "") -> Iterator[Stored]:
        check_prefix(prefix)
        below, _, start = prefix.rpartition("/")
        top = self.root / below if below else self.root
        return self._walk(top, f"{below}/" if below else "", start)

    def sizes(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        return ((each.key, each.size) for each in self.listing(prefix))

    def local(self, key: str) -> Path:
        path = self.path(key)
        if not path.is_file():
            raise NotFound(f"Storage has no blob {key!r}.", field="key")
        return path

    def workplace(self, key: str) -> Path:
        return self.path(key)

    def adopt(self, folder: Path, key: str, *, without: Iterable[str] = ()) -> Index:
        target = self.path(key)
        index = Index.of(folder, without=without)
        with told_when_full(f"{key}/{NAME}"), beside(folder / NAME) as temporary:
            temporary.write_bytes(index.dump())
            settle(temporary, folder / NAME)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(target)
        except OSError:
            # Another worker was faster; only a whole folder may stand in for ours.
            if not self.whole(key):
                raise
            return self.index(key)
        for pattern in without:
            for path in target.rglob(pattern):
                path.unlink(missing_ok=True)
        return index

    def whole(self, key: str) -> bool:
        return self.exists(f"{key}/{NAME}")

    def index(self, key: str) -> Index:
        return Index.load(self.read(f"{key}/{NAME}"), key)

    def folder(self, key: str) -> Path:
        return self.path(key) / self.index(key).at

    def _walk(self, folder: Path, prefix: str, start: str = "") -> Iterator[Stored]:
        """Files below `folder` whose names begin with `start`, in the order of their keys."""
        try:
            with os.scandir(folder) as entries:
                # A folder's slash takes part in the order of keys: `a-b` comes before `a/c`.
                names = sorted(
                    each.name + "/" if each.is_dir(follow_symlinks=False) else each.name
                    for each in entries
                    if each.name.startswith(start)
                )
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if name.endswith("/"):
                yield from self._walk(folder / name, prefix + name)
                continue
            with suppress(FileNotFoundError):  # removed or renamed meanwhile
                told = (folder / name).stat()
                modified = datetime.fromtimestamp(told.st_mtime, UTC)
                yield Stored(prefix + name, told.st_size, modified)
