"""What ought to be in storage, by key: on disk, because a million keys are too many to hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labelling.workflow.verify.on_disk import OnDisk


@dataclass(frozen=True)
class Expected:
    """A blob that some row, or a file it names, refers to."""

    key: str
    what: str
    """Which of the checks of `verify.content` it must pass."""
    of: str
    """Whose it is, fit to show a person."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the check compares with."""
    size: int | None = None
    """Bytes, where they are known."""


@dataclass(frozen=True)
class Finding:
    """A blob, or a row, that is not as it should be."""

    problem: str
    """`missing`, `extra` or `damaged`; `wrong` of a row."""
    key: str
    """Of the blob; of a row what it is called."""
    what: str = ""
    """Kind of blob; empty for an extra one."""
    of: str = ""
    why: str = ""

    def __str__(self) -> str:
        # A stray file's name may hold what no terminal can show.
        key = self.key if self.key.isprintable() else ascii(self.key)
        whose = f" ({self.what} of {self.of})" if self.of else ""
        return f"{self.problem:<8} {key}{whose}{f': {self.why}' if self.why else ''}"


class Ledger(OnDisk):
    """Expected blobs, each key once, in the order of their keys."""

    def __init__(self) -> None:
        super().__init__(
            "expected (key TEXT PRIMARY KEY, what TEXT, of TEXT, facts TEXT, size INT)"
        )

    def add(self, expected: Iterable[Expected]) -> None:
        """Note blobs; of several that name one key the first stays."""
        self._database.executemany(
            "INSERT OR IGNORE INTO expected VALUES (?, ?, ?, ?, ?)",
            (
                (each.key, each.what, each.of, json.dumps(each.facts), each.size)
                for each in expected
            ),
        )

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM expected").fetchone()[0])

    def __iter__(self) -> Iterator[Expected]:
        # SQLite compares the bytes of UTF-8, which is the order of code points and that of S3.
        rows = self._database.execute(
            "SELECT key, what, of, facts, size FROM expected ORDER BY key"
        )
        for key, what, of, facts, size in rows:
            yield Expected(key, what, of, json.loads(facts), size)
