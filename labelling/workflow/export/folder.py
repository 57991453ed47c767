"""The folder an export is written to: who may write there, what is finished, what is whole.

While it is at work, `.export/` holds the order and a list of each finished shard's files; at the
end `export.json` names every file and its sha256, and `.export/` goes. So an export that was ended
midway goes on with the next shard, and one that is finished can be compared with its list.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelling.adapters.beside import UNFINISHED, beside, settle, sha256_of
from labelling.errors import BadInput, Conflict
from labelling.imagery.exports.outgoing import as_json

LIST = "export.json"
WORK = ".export"
ORDER = "order.json"
Files = dict[str, dict[str, Any]]
"""{name inside the folder: {sha256, bytes}}."""


class StillWriting(Conflict):
    """Another process is writing to the folder."""


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """What can't be written inside is the fault of the disk: a refusal that names the folder."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"{out}: can't be written ({error.strerror or error}).",
            field="out",
            help="Make room or choose another folder, and export again: what is finished stays.",
        ) from error


@dataclass(frozen=True)
class Folder:
    path: Path

    @property
    def work(self) -> Path:
        return self.path / WORK

    @contextmanager
    def held(self, order: Mapping[str, Any], *, tidy: bool = True) -> Iterator[None]:
        """Write here, alone, what `order` asks for. `tidy`: remove what a killed writer left; not
        where other workers may be writing shards just now.

        Raises StillWriting where another process does, Conflict where the folder holds another
        export or anything else, BadInput where nothing can be written.
        """
        handle = self._locked()
        try:
            self._claim(order)
            if tidy:
                self.tidy()
            yield
        finally:
            os.close(handle)

    def _locked(self) -> int:
        """A handle of the folder that holds its lock; of a new one where there is none."""
        while True:
            with writing(self.path):
                self.path.mkdir(parents=True, exist_ok=True)
                handle = self._opened()
            if handle is not None and self._lock(handle):
                return handle

    def _opened(self) -> int | None:
        try:
            return os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None

    def discard(self) -> bool:
        """Remove it and all in it; False where somebody writes there, or nothing is left."""
        try:
            handle = self._opened()
            if handle is None or not self._lock(handle):
                return False
        except StillWriting:
            return False
        try:
            remove(self.path)
        finally:
            os.close(handle)
        return not self.path.exists()

    def _lock(self, handle: int) -> bool:
        """Lock the folder; False, with the handle closed, if by then another has its name."""
        # The kernel lets go of it when the process ends, however it ends.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise StillWriting(
                f"Another export is writing to {self.path}.",
                field="out",
                help="Wait until it is done, or choose another folder.",
            ) from None
        there = self.path.is_dir() and os.path.samestat(os.fstat(handle), self.path.stat())
        if not there:
            os.close(handle)
        return there

    def _claim(self, order: Mapping[str, Any]) -> None:
        """Note the order in an empty folder; check that it is this one in any other."""
        there = self.order()
        if there is None and self._others():
            raise Conflict(
                f"{self.path} is not empty.",
                field="out",
                help="Export into a new or an empty folder.",
            )
        if there is not None and there != dict(order):
            told = ", ".join(f"{name} {there[name]}" for name in ("form", "snapshot"))
            raise Conflict(
                f"{self.path} holds another export ({told}).",
                field="out",
                help="Export into a new or an empty folder.",
            )
        if there is None:
            with writing(self.path):
                self.begin(order)

    def tidy(self) -> None:
        """Remove what was begun and not finished."""
        with writing(self.path):
            for left in self.path.glob(f".*{UNFINISHED}"):
                remove(left)

    def _others(self) -> bool:
        """Whether anything lies here but what a try left that couldn't even note its order."""
        names = (path.name for path in self.path.iterdir())
        return any(name != WORK and not name.endswith(UNFINISHED) for name in names)

    def begin(self, order: Mapping[str, Any]) -> None:
        """Note what is being exported."""
        self.put(f"{WORK}/{ORDER}", [as_json(order)])

    def order(self) -> dict[str, Any] | None:
        """Of what was begun or finished here; None in a folder without an export."""
        if (whole := self.listing()) is not None:
            return whole["order"]
        told = loaded(self.work / ORDER)
        return told or None

    def listing(self) -> dict[str, Any] | None:
        """The list of a finished export. None before its end."""
        return loaded(self.path / LIST)

    def put(self, name: str, pieces: Iterable[bytes]) -> dict[str, Any]:
        """Write a file, whole or not at all; its {sha256, bytes}."""
        target = self.path / name
        with beside(target) as draft:
            with draft.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
            told = {"sha256": sha256_of(draft), "bytes": draft.stat().st_size}
            settle(draft, target)
        return told

    @contextmanager
    def shard(self, name: str) -> Iterator[Path]:
        """An empty folder that becomes `name` when the block is through, and goes if it fails."""
        draft = self.path / f".{name}.{uuid.uuid4().hex}{UNFINISHED}"
        draft.mkdir()
        try:
            yield draft
            target = self.path / name
            if target.exists():  # finished but not noted, or damaged since
                old = self.path / f".{name}.{uuid.uuid4().hex}{UNFINISHED}"
                target.rename(old)
                remove(old)
            draft.rename(target)
        finally:
            remove(draft)

    def noted(self, name: str) -> dict[str, Any] | None:
        """What was noted of a finished shard: {files, traces}. None of any other."""
        return loaded(self.work / f"{name}.json")

    def note(self, name: str, told: Mapping[str, Any]) -> None:
        self.put(f"{WORK}/{name}.json", [as_json(told)])

    def wrong(self, files: Files, tell: Callable[[], None]) -> list[str]:
        """Those of the listed files that are missing or have other bytes. Reads them all;
        `tell()` is called after each."""
        found = []
        for name, told in files.items():
            path = self.path / name
            whole = path.is_file() and path.stat().st_size == told["bytes"]
            if not whole or sha256_of(path) != told["sha256"]:
                found.append(name)
            tell()
        return found

    def lacking(self, files: Files) -> list[str]:
        """Those of the listed files that are missing or of another size. Reads none."""
        return [name for name, told in files.items() if size_of(self.path / name) != told["bytes"]]


def size_of(path: Path) -> int:
    """Of a file, in bytes; -1 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def loaded(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is none, or a power cut left half of it."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def remove(path: Path) -> None:
    """A file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
