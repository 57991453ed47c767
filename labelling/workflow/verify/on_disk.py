"""Tables of one run's own, on disk: a million keys are too many to hold in memory."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

CACHE_KIB = 64 * 1024
"""Memory for the pages; what doesn't fit goes to the disk."""


class OnDisk:
    """A database in a file without a name, which goes when it is left."""

    def __init__(self, *tables: str) -> None:
        """`tables` are name and columns, each with a key of its own: they have no row numbers."""
        self._database = sqlite3.connect("")
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        for table in tables:
            self._database.execute(f"CREATE TABLE {table} WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
