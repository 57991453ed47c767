"""What a destination holds already, on disk: a million blobs are too many to hold in memory."""

from __future__ import annotations

from collections.abc import Iterable

from labelling.adapters.blobs import Blobs
from labelling.adapters.stored import Stored
from labelling.errors import BadInput
from labelling.workflow.backup.papers import (
    BACKUPS,
    POOL,
    Entry,
    Manifest,
    entries,
    lines_of,
    names,
    pool_key,
    read_manifest,
)
from labelling.workflow.verify.on_disk import OnDisk


class Known(OnDisk):
    """Hashes of storage's blobs as earlier backups noted them, and what lies in the pool."""

    def __init__(self) -> None:
        super().__init__(
            "noted (key TEXT PRIMARY KEY, size INT, modified TEXT, sha256 TEXT)",
            "pool (key TEXT PRIMARY KEY, size INT)",
            "needed (key TEXT PRIMARY KEY)",
        )

    def look(self, place: Blobs) -> list[str]:
        """Read the newest whole backup and all unfinished ones; what of them can't be read."""
        self.look_at_pool(place)
        whole, begun = names(place)
        troubles = []
        for name in [*whole[-1:], *begun]:
            try:
                read = self._note_begun if name in begun else self._note_whole
                read(place, name)
            except BadInput as error:
                troubles.append(str(error))
        return troubles

    def look_at_pool(self, place: Blobs) -> None:
        self._database.executemany("INSERT OR REPLACE INTO pool VALUES (?, ?)", place.sizes(POOL))

    def note(self, listed: Iterable[Entry]) -> None:
        """Take down blobs as a backup lists them; of several with one key the last counts."""
        self._database.executemany(
            "INSERT OR REPLACE INTO noted VALUES (?, ?, ?, ?)",
            ((each.key, each.size, each.modified, each.sha256) for each in listed),
        )

    def need(self, place: Blobs, manifest: Manifest) -> None:
        """Take down what a backup needs of the pool: one key may have had other bytes in another.

        Raises BadInput where a list of it is damaged.
        """
        self._database.executemany(
            "INSERT OR IGNORE INTO needed VALUES (?)",
            ((pool_key(each.sha256),) for each in entries(place, manifest)),
        )

    def same(self, stored: Stored) -> str:
        """Hash of a blob that hasn't changed since it was backed up; empty: not known."""
        found = self._database.execute(
            "SELECT sha256 FROM noted WHERE key = ? AND size = ? AND modified = ?",
            (stored.key, stored.size, stored.modified.isoformat()),
        ).fetchone()
        return str(found[0]) if found else ""

    def pooled(self, sha256: str) -> int | None:
        """Bytes of the blob with that hash in the pool; None: it isn't there."""
        found = self._database.execute(
            "SELECT size FROM pool WHERE key = ?", (pool_key(sha256),)
        ).fetchone()
        return int(found[0]) if found else None

    def unneeded(self) -> list[str]:
        """Keys in the pool that no backup needs of which was taken down what it does."""
        rows = self._database.execute(
            "SELECT key FROM pool WHERE key NOT IN (SELECT key FROM needed) ORDER BY key"
        )
        return [str(key) for (key,) in rows]

    def _note_whole(self, place: Blobs, name: str) -> None:
        self.note(entries(place, read_manifest(place, name)))

    def _note_begun(self, place: Blobs, name: str) -> None:
        for stored in list(place.listing(f"{BACKUPS}{name}/lists/")):
            lines = lines_of(place.local(stored.key), stored.key)
            self.note(Entry(*line) for line in lines)
