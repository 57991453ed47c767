"""Where an export comes together while several workers write its shards.

| storage | a shard's way | the end |
|---|---|---|
| a folder that all see | written beside, then renamed into the export's workplace | one rename |
| a bucket | made in a scratch folder, then put where it is to stay | an index, put last |

Either way a shard's note, with its files' hashes, appears after its files, and every worker writes
the same bytes: one that comes late, or twice, does no harm.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.adapters.folder import FolderBlobs
from labelling.adapters.index import NAME, Entry, Index
from labelling.errors import BadInput, NotFound
from labelling.imagery.exports.outgoing import as_json
from labelling.workflow.export.folder import LIST, Files, Folder, remove
from labelling.workflow.export.order import Order, key_of
from labelling.workflow.export.run import (
    Report,
    Work,
    finished,
    make_shard,
    name_of,
    nothing,
    still_whole,
    work_of,
)

AT_ONCE = 8
"""Files on their way to or from a bucket at the same time."""
Ready = Callable[[], None]
"""Asked just before a shard appears; what it raises keeps the shard away."""


class Place(Protocol):
    work: Work

    def held(self) -> AbstractContextManager[None]:
        """Conduct the export, alone. Raises StillWriting, as `Folder.held`."""

    def whole(self) -> Report | None:
        """What an earlier try finished and didn't hand over; None where there's work to do."""

    def has(self, number: int, *, read: bool = False) -> bool:
        """Whether a shard is there whole, by its files' sizes, or with `read` by their hashes."""

    def make(self, number: int, *, ready: Ready) -> None:
        """Write a shard and note it; any worker may."""

    def finish(self, new: int) -> Report:
        """Write what stands above the shards, all of which are there."""

    def hand_over(self) -> None:
        """Put the finished export into storage, whole. Asks the database for nothing."""


def place_of(order: Order, blobs: Blobs, *, tell: Callable[[int], None]) -> Place:
    """Where an export comes together. Raises as `work_of`."""
    key = key_of(order)
    work = work_of(order, workplace(key, blobs), blobs=blobs, tell=tell)
    if isinstance(blobs, FolderBlobs):
        return FolderPlace(work, key)
    return BucketPlace(work, key)


def discard(order: Order, blobs: Blobs) -> bool:
    """Remove what there is of an export that isn't handed over; whether there was anything."""
    key = key_of(order)
    if isinstance(blobs, FolderBlobs):
        return Folder(workplace(key, blobs)).discard()
    if blobs.whole(key):
        return False
    return removed(f"{key}/", blobs) + forget(key, blobs) > 0


def forget(key: str, blobs: Blobs) -> int:
    """Remove the notes in a bucket, and the scratch folder on this machine; how many there were."""
    room = workplace(key, blobs)
    here = room.is_dir()
    remove(room)
    return removed(f"{key}.work/", blobs) + here


def removed(prefix: str, blobs: Blobs) -> int:
    """Remove all blobs under a prefix; how many."""
    return sum(blobs.delete(key) for key in [key for key, _ in blobs.sizes(prefix)])


def workplace(key: str, blobs: Blobs) -> Path:
    """Where the export of `key` is written until it is whole: in a bucket's case what is above its
    shards, on this machine."""
    return blobs.workplace(f"{key}.work")


@dataclass(frozen=True)
class FolderPlace:
    """In a folder that all workers see: the export's workplace itself."""

    work: Work
    key: str

    def held(self) -> AbstractContextManager[None]:
        return self.work.folder.held(self.work.order.as_json(), tidy=False)

    def whole(self) -> Report | None:
        return still_whole(self.work)

    def has(self, number: int, *, read: bool = False) -> bool:
        folder, known = self.work.folder, self.work.folder.noted(name_of(number))
        if known is None:
            return False
        if read:
            return not folder.wrong(known["files"], lambda: self.work.tell(0))
        return not folder.lacking(known["files"])

    def make(self, number: int, *, ready: Ready) -> None:
        make_shard(self.work, number, ready=ready)

    def finish(self, new: int) -> Report:
        self.work.folder.tidy()
        return finished(self.work, new)

    def hand_over(self) -> None:
        self.work.blobs.adopt(self.work.folder.path, self.key)


@dataclass(frozen=True)
class BucketPlace:
    """In a bucket: shards lie where they are to stay, and count once the index names them."""

    work: Work
    key: str

    @property
    def at(self) -> str:
        """Where under the export's key its files lie: the same for all who work at it."""
        return self.work.order.digest[:16]

    @property
    def notes(self) -> str:
        return f"{self.key}.work"

    @contextmanager
    def held(self) -> Iterator[None]:
        yield  # the job's lease is enough: what is put twice is the same

    def whole(self) -> Report | None:
        return None  # the index is put with the end

    def has(self, number: int, *, read: bool = False) -> bool:
        known = self._noted(number)
        if known is None:
            return False
        # The server compared each file's hash when it came in.
        prefix = f"{self.key}/{self.at}/"
        there = dict(self.work.blobs.sizes(f"{prefix}{name_of(number)}/"))
        return all(
            there.get(f"{prefix}{name}") == told["bytes"] for name, told in known["files"].items()
        )

    def make(self, number: int, *, ready: Ready) -> None:
        scratch = Folder(workplace(self.key, self.work.blobs) / f"shard-{uuid.uuid4().hex}")
        try:
            scratch.path.mkdir(parents=True)
            make_shard(replace(self.work, folder=scratch), number, ready=ready)
            told = scratch.noted(name_of(number))
            assert told is not None
            self._put(scratch.path, list(told["files"]), tell=self.work.tell)
            self.work.blobs.write(f"{self.notes}/{name_of(number)}.json", as_json(told))
        finally:
            remove(scratch.path)

    def finish(self, new: int) -> Report:
        folder = Folder(workplace(self.key, self.work.blobs) / "above")
        remove(folder.path)
        folder.begin(self.work.order.as_json())
        for number in self.work.numbers:
            self._bring(number, folder)
        return finished(replace(self.work, folder=folder), new)

    def hand_over(self) -> None:
        folder = Folder(workplace(self.key, self.work.blobs) / "above")
        listing = folder.listing()
        if listing is None:
            raise NotFound(f"{self.key}: its list is gone from this machine.", field="out")
        files: Files = listing["files"]
        self._put(folder.path, [*(name for name in files if "/" not in name), LIST])
        entries = {name: Entry(told["sha256"], told["bytes"]) for name, told in files.items()}
        own = folder.path / LIST
        entries[LIST] = Entry(sha256_of(own), own.stat().st_size)
        index = Index(dict(sorted(entries.items())), at=self.at)
        self.work.blobs.write_once(f"{self.key}/{NAME}", index.dump())
        forget(self.key, self.work.blobs)

    def _noted(self, number: int) -> dict[str, Any] | None:
        try:
            told = json.loads(self.work.blobs.read(f"{self.notes}/{name_of(number)}.json"))
        except (NotFound, ValueError):
            return None
        return told if isinstance(told, dict) else None

    def _put(
        self, folder: Path, names: Sequence[str], *, tell: Callable[[int], None] = nothing
    ) -> None:
        def put(name: str) -> None:
            self.work.blobs.write(f"{self.key}/{self.at}/{name}", (folder / name).read_bytes())

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(put, names):
                tell(0)

    def _bring(self, number: int, folder: Folder) -> None:
        """A shard's note, and those of its files that the end of the export is made from."""
        name, told = name_of(number), self._noted(number)
        if told is None:
            raise BadInput(f"{self.key}: the note of {name} is gone.", field="out")
        folder.note(name, told)
        of_tiles = {f"{name}/{file}" for each in told["traces"] for file in each["tile"]["files"]}
        for file in told["files"]:
            if file not in of_tiles:
                content = self.work.blobs.read(f"{self.key}/{self.at}/{file}")
                (folder.path / name).mkdir(exist_ok=True)
                (folder.path / file).write_bytes(content)
        self.work.tell(0)
