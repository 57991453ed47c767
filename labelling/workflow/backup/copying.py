"""Copy the blobs that rows refer to, each content once, and list them as they are copied."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.adapters.stored import Stored
from labelling.errors import Conflict, NotFound
from labelling.workflow.backup.abreast import each_at_once
from labelling.workflow.backup.known import Known
from labelling.workflow.backup.papers import BACKUPS, Entry, Piece, pool_key, write_piece
from labelling.workflow.verify.compare import in_order, side_by_side
from labelling.workflow.verify.ledger import Expected, Ledger

WHOLE = 64 * 2**20
"""Bytes up to which a blob is read at once; larger ones go through a file."""
LISTED = 5000
"""Blobs of one list."""
BETWEEN_LISTS = 256 * 2**20
"""Bytes copied after which a list is closed: what it names is not read again after a kill."""
DRAFT = "draft"


@dataclass(frozen=True)
class Seen:
    """A blob that some row refers to, as storage's listing shows it."""

    expected: Expected
    stored: Stored | None
    sha256: str
    """Empty unless an earlier backup has these bytes."""


@dataclass
class Copier:
    """Goes through storage beside what is expected there, in the order of keys."""

    source: Blobs
    place: Blobs
    known: Known
    anew: bool = False
    """Read every blob, also those whose size and time are as they were."""
    lost: list[Expected] = field(default_factory=list)
    """Blobs that aren't there (any more)."""
    blobs: int = 0
    size: int = 0
    copied: int = 0
    copied_size: int = 0

    def lists(self, ledger: Ledger, name: str, *, step: Callable[[], object]) -> Iterator[Piece]:
        """Copy what is new, and store the lists of backup `name`. `step` after each blob."""
        batch: list[Entry] = []
        number, copied = 1, 0
        for entry in self._entries(ledger, step):
            batch.append(entry)
            if len(batch) >= LISTED or self.copied_size - copied >= BETWEEN_LISTS:
                yield self._listed(batch, name, number)
                batch, number, copied = [], number + 1, self.copied_size
        if batch:
            yield self._listed(batch, name, number)

    def plan(self, ledger: Ledger, *, step: Callable[[], object]) -> None:
        """Count what `lists` would copy, and copy nothing."""
        for seen in self._seen(ledger):
            step()
            if seen.stored is None:
                self.lost.append(seen.expected)
            else:
                self._count(seen.stored.size, new=not seen.sha256)

    def _entries(self, ledger: Ledger, step: Callable[[], object]) -> Iterator[Entry]:
        for seen, entry in each_at_once(self._seen(ledger), self._carry):
            step()
            if entry is None:
                self.lost.append(seen.expected)
                continue
            self._count(entry.size, new=not seen.sha256)
            yield entry

    def _seen(self, ledger: Ledger) -> Iterator[Seen]:
        for expected, stored in side_by_side(ledger, in_order(self.source.listing())):
            if expected is not None:
                yield Seen(expected, stored, self._kept(stored) if stored else "")

    def _kept(self, stored: Stored) -> str:
        """Hash of a blob that an earlier backup has, unharmed as far as its size tells."""
        sha256 = "" if self.anew else self.known.same(stored)
        return sha256 if sha256 and self.known.pooled(sha256) == stored.size else ""

    def _carry(self, seen: Seen) -> Entry | None:
        """Copy one blob into the pool unless it is there; None when storage doesn't have it."""
        stored = seen.stored
        if stored is None:
            return None
        if seen.sha256:
            return _entry(stored, stored.size, seen.sha256)
        try:
            if stored.size <= WHOLE:
                content = self.source.read(stored.key)
                sha256 = hashlib.sha256(content).hexdigest()
                self.place.write(pool_key(sha256), content)
                return _entry(stored, len(content), sha256)
            return self._carry_large(stored)
        except NotFound:
            return None

    def _carry_large(self, stored: Stored) -> Entry:
        path = self.source.local(stored.key)
        sha256, size = sha256_of(path), path.stat().st_size
        key = pool_key(sha256)
        written = self.place.write_with(key, lambda target: shutil.copyfile(path, target))
        if written != sha256:
            self.place.delete(key)
            raise Conflict(
                f"{stored.key} was being written while it was copied.",
                field="storage",
                help="Start the backup again: it goes on.",
            )
        return _entry(stored, size, sha256)

    def _count(self, size: int, *, new: bool) -> None:
        self.blobs, self.size = self.blobs + 1, self.size + size
        if new:
            self.copied, self.copied_size = self.copied + 1, self.copied_size + size

    def _listed(self, batch: list[Entry], name: str, number: int) -> Piece:
        key = f"{BACKUPS}{name}/lists/{number:06d}.jsonl.gz"
        return write_piece(self.place, key, (astuple(each) for each in batch))


def _entry(stored: Stored, size: int, sha256: str) -> Entry:
    return Entry(stored.key, size, sha256, stored.modified.isoformat())
