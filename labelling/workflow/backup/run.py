"""Back up an installation while people work in it.

The rows are those of one moment, then the blobs follow that these rows refer to: a blob is written
before its row and stays, so whatever the rows of that moment name is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.db import connection

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict
from labelling.workflow.backup import rows, schema
from labelling.workflow.backup.copying import DRAFT, Copier
from labelling.workflow.backup.hold import held
from labelling.workflow.backup.keeping import Removed, keep_newest
from labelling.workflow.backup.known import Known
from labelling.workflow.backup.papers import Manifest, Table, manifest_key, names
from labelling.workflow.backup.places import private
from labelling.workflow.verify.expected import Gathering, drafts
from labelling.workflow.verify.ledger import Expected, Finding, Ledger


@dataclass(frozen=True)
class Watcher:
    """Who is told how far a backup is."""

    rows: Callable[[int], object] = lambda count: None
    """After each chunk of rows."""
    expect: Callable[[int], object] = lambda blobs: None
    """Once it is known how many blobs there are."""
    blob: Callable[[], object] = lambda: None
    """After each blob."""


@dataclass(frozen=True)
class Report:
    """What a backup holds and what had to be copied for it; sizes in bytes."""

    name: str
    rows: int
    blobs: int
    size: int
    copied: int
    copied_size: int
    troubles: list[str]
    """What the installation lacks, and what of earlier backups can't be read."""
    drafts_gone: int = 0
    """Drafts that were replaced before they could be copied: they are left out of a restore."""
    removed: Removed = field(default_factory=Removed)


def back_up(
    *,
    source: Blobs,
    place: Blobs,
    clock: Callable[[], datetime],
    keep: int | None = None,
    anew: bool = False,
    watcher: Watcher = Watcher(),
) -> Report:
    """Write a backup to `place`, then leave the newest `keep` there (None: all).

    Blobs that the newest backup has with the same key, size and time aren't read again, unless
    `anew`; no content is stored twice. Killed, the next one goes on with the blobs.

    Raises Conflict when another is at work there or the schema isn't this version's, StorageAway.
    """
    schema.check_current()
    with private(), held(place, clock) as hold, Known() as known, Ledger() as ledger:
        troubles = known.look(place)
        began = clock()
        name = next_name(place, began)
        with rows.one_moment():
            migrations = schema.applied()
            tables = rows.dump(place, name, lambda count: (watcher.rows(count), hold.renew()))
            troubles += gather(ledger, source)
        watcher.expect(len(ledger))
        copier = Copier(source, place, known, anew)
        lists = copier.lists(ledger, name, step=lambda: (watcher.blob(), hold.renew()))
        manifest = Manifest(
            name,
            began.isoformat(),
            connection.vendor,
            migrations,
            tuple(tables),
            tuple(lists),
            copier.blobs,
            copier.size,
            tuple(each.key for each in copier.lost),
        )
        hold.renew()
        if not place.write_once(manifest_key(name), manifest.dump()):
            raise Conflict(f"There is a backup {name} already.", field="place", help="Try again.")
        removed = Removed()
        if keep:
            try:
                removed = keep_newest(place, keep, hold.renew)
            except BadInput as error:
                troubles.append(f"No old backup was removed: {error}")
        return _report(name, tables, copier, troubles, removed)


def next_name(place: Blobs, began: datetime) -> str:
    """Numbered, because a clock may be set back; its end is its own."""
    whole, begun = names(place)
    last = max((int(name.partition("-")[0]) for name in [*whole, *begun]), default=0)
    return f"{last + 1:06d}-{began:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def plan(
    *, source: Blobs, place: Blobs, anew: bool = False, watcher: Watcher = Watcher()
) -> Report:
    """What a backup would hold and copy; nothing is written. Raises as `back_up`."""
    schema.check_current()
    with Known() as known, Ledger() as ledger:
        troubles = known.look(place)
        with rows.one_moment():
            count = rows.count_rows()
            troubles += gather(ledger, source)
        watcher.expect(len(ledger))
        copier = Copier(source, place, known, anew)
        copier.plan(ledger, step=watcher.blob)
        return _report("", [], copier, troubles, Removed(), planned=count)


def gather(ledger: Ledger, source: Blobs) -> list[str]:
    """Note all that the rows refer to; what is wrong with it already."""
    gathering = Gathering(source)
    ledger.add(chain(gathering.everything(), drafts()))
    return [str(finding) for finding in gathering.findings]


def missing(copier: Copier) -> Iterator[Expected]:
    """Blobs that ought to have been there; a draft may be replaced at any moment."""
    return (each for each in copier.lost if each.what != DRAFT)


def _report(
    name: str,
    tables: list[Table],
    copier: Copier,
    troubles: list[str],
    removed: Removed,
    *,
    planned: int = 0,
) -> Report:
    lacking = [str(Finding("missing", each.key, each.what, each.of)) for each in missing(copier)]
    return Report(
        name=name,
        rows=planned or sum(table.rows.count for table in tables),
        blobs=copier.blobs,
        size=copier.size,
        copied=copier.copied,
        copied_size=copier.copied_size,
        troubles=[*troubles, *(each for each in lacking if each not in troubles)],
        drafts_gone=sum(each.what == DRAFT for each in copier.lost),
        removed=removed,
    )
