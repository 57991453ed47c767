"""Bring a backup back into an empty place: blobs first, then all rows in one transaction."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.adapters.stored import Stored
from labelling.errors import BadInput, Conflict, NotFound
from labelling.workflow.backup import loading, schema
from labelling.workflow.backup.abreast import each_at_once
from labelling.workflow.backup.copying import WHOLE
from labelling.workflow.backup.papers import (
    Entry,
    Manifest,
    check_pieces,
    entries,
    names,
    pool_key,
    read_manifest,
)
from labelling.workflow.verify.compare import in_order, side_by_side

CHANGED = "its bytes have another hash than the one that was noted"
GONE = "it is missing"


@dataclass(frozen=True)
class Watcher:
    """Who is told how far a restore is."""

    blob: Callable[[], object] = lambda: None
    rows: Callable[[int], object] = lambda count: None


@dataclass(frozen=True)
class Damaged:
    """A blob that the backup ought to hold and doesn't, or not as it was."""

    key: str
    """In storage."""
    at: str
    """In the backup."""
    why: str

    def __str__(self) -> str:
        return f"{self.key} (in the backup {self.at}): {self.why}"


@dataclass
class Restored:
    """What came back."""

    rows: int = 0
    blobs: int = 0
    kept: int = 0
    """Blobs of an interrupted restore that were there already, unharmed."""
    damaged: list[Damaged] = field(default_factory=list)


def chosen(place: Blobs, name: str = "") -> Manifest:
    """The backup of that name; without one the newest. Raises NotFound and BadInput."""
    whole, _ = names(place)
    if not whole or (name and name not in whole):
        known = ", ".join(whole) or "none"
        raise NotFound(
            f"There is no whole backup {name!r}." if name else "There is no whole backup.",
            field="backup",
            help=f"There is: {known}.",
        )
    return read_manifest(place, name or whole[-1])


def check(place: Blobs, manifest: Manifest, watcher: Watcher = Watcher()) -> Restored:
    """Read the whole backup and compare it with its hashes; writes nothing.

    Raises BadInput where the manifest, rows or a list is damaged; `damaged` names blobs.
    """
    schema.check_known(manifest.migrations)
    check_pieces(place, manifest)
    told = Restored(rows=manifest.rows)
    read = each_at_once(entries(place, manifest), lambda entry: _read_through(place, entry))
    for entry, why in read:
        watcher.blob()
        told.blobs += 1
        if why:
            told.damaged.append(Damaged(entry.key, pool_key(entry.sha256), why))
    return told


def restore(
    place: Blobs,
    manifest: Manifest,
    *,
    target: Blobs,
    despite_damage: bool = False,
    watcher: Watcher = Watcher(),
) -> Restored:
    """Fill an empty database and empty storage from a backup.

    Everything is compared with its hash before a row is written. An interrupted restore goes on:
    the blobs it wrote may be there, nothing else. With `despite_damage` blobs that are damaged or
    missing are left out and named; rows are never left out, but for drafts whose blob is.

    Raises Conflict naming what is in the way, BadInput naming what is damaged.
    """
    schema.check_known(manifest.migrations)
    schema.check_fits(manifest.migrations)
    check_pieces(place, manifest)
    check_room(place, manifest, target)
    registry = schema.bring_to(manifest.migrations)
    loading.check_empty(registry)
    told = _bring_blobs(place, manifest, target, watcher, despite_damage=despite_damage)
    gone = {*manifest.lost, *(each.key for each in told.damaged)}
    told.rows = loading.load(place, manifest, registry, without_drafts=gone, step=watcher.rows)
    schema.bring_up()
    return told


def check_room(place: Blobs, manifest: Manifest, target: Blobs) -> None:
    """Raises Conflict naming the first thing in storage, or among the work of its workers on this
    machine, that an interrupted restore of this backup didn't leave there.
    """
    for _ in _pairs(place, manifest, target):
        pass
    rounds = target.workplace("rounds")
    # With storage in a folder that is where the backup's own rounds come to lie.
    if not any(target.sizes("rounds/")) and any(each.is_file() for each in rounds.rglob("*")):
        raise Conflict(
            f"{rounds} holds attempts at rounds of another life of this installation.",
            field="WORKBENCH_VAR",
            help="Move it away: a round that goes on would take them for its own.",
        )


def _bring_blobs(
    place: Blobs, manifest: Manifest, target: Blobs, watcher: Watcher, *, despite_damage: bool
) -> Restored:
    told = Restored()

    def bring(pair: tuple[Entry, Stored | None]) -> tuple[bool, str]:
        return _bring(place, target, *pair)

    for (entry, _), (kept, why) in each_at_once(_pairs(place, manifest, target), bring):
        watcher.blob()
        if not why:
            told.blobs, told.kept = told.blobs + 1, told.kept + kept
            continue
        damage = Damaged(entry.key, pool_key(entry.sha256), why)
        if not despite_damage:
            raise BadInput(
                f"The backup is damaged: {damage}. No row was written.",
                field="backup",
                help="Take another backup, or go on with --despite-damage, which leaves out what "
                "is damaged and names it.",
            )
        told.damaged.append(damage)
    return told


def _bring(place: Blobs, target: Blobs, entry: Entry, stored: Stored | None) -> tuple[bool, str]:
    """Put one blob into storage; whether it was there, and what is wrong with the backup's.

    What an interrupted restore wrote is whole: other bytes under the key are somebody's.
    """
    if stored is not None:
        if target.checksum(entry.key) != entry.sha256:
            raise _in_the_way(stored, "other bytes than the backup's")
        return True, ""
    key = pool_key(entry.sha256)
    try:
        if entry.size <= WHOLE:
            content = place.read(key)
            if hashlib.sha256(content).hexdigest() != entry.sha256:
                return False, CHANGED
            target.write(entry.key, content)
            return False, ""
        path = place.local(key)
        if sha256_of(path) != entry.sha256:
            return False, CHANGED
        target.write_with(entry.key, lambda to: shutil.copyfile(path, to))
    except NotFound:
        return False, GONE
    return False, ""


def _read_through(place: Blobs, entry: Entry) -> str:
    """What is wrong with a blob of the backup; empty: nothing."""
    try:
        return "" if place.checksum(pool_key(entry.sha256)) == entry.sha256 else CHANGED
    except NotFound:
        return GONE


def _pairs(
    place: Blobs, manifest: Manifest, target: Blobs
) -> Iterator[tuple[Entry, Stored | None]]:
    """The backup's blobs beside storage's. Raises Conflict for one that the backup doesn't have."""
    for entry, stored in side_by_side(entries(place, manifest), in_order(target.listing())):
        if entry is None or (stored and stored.size != entry.size):
            assert stored is not None
            raise _in_the_way(stored)
        yield entry, stored


def _in_the_way(stored: Stored, what: str = "") -> Conflict:
    held = f"{stored.key}, with {what}" if what else stored.key
    return Conflict(
        f"Storage isn't empty: it holds {held}.",
        field="STORAGE_URL",
        help="Restore into a new folder or prefix, named by STORAGE_URL.",
    )
