"""A disk that takes no more, as a refusal that says which and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from labelling.errors import StorageAway, WorkbenchError

MEANING = {
    errno.ENOSPC: ("the disk is full", "Make room on it, then try again."),
    errno.EDQUOT: ("the quota of the disk is used up", "Make room or raise it, then try again."),
    errno.EFBIG: ("a file may not grow so large there", "Raise the limit, then try again."),
    errno.EROFS: ("the disk takes no writing", "Mount it for writing, then try again."),
    errno.EIO: ("the disk fails", "Look at the system's log: the disk may be dying."),
}
"""Number of an operating system's error → (what it means, what to do)."""

DATABASE_FULL = ("database or disk is full", "No space left on device")
"""What SQLite and PostgreSQL say."""


def refusal(error: OSError, where: str = "") -> WorkbenchError | None:
    """What to tell of `error`; None where it isn't about a disk that takes no more."""
    if error.errno not in MEANING:
        return None
    meaning, help = MEANING[error.errno]
    name = where or str(error.filename or "a file")
    return StorageAway(
        f"{name} can't be written: {meaning}.",
        field="disk",
        help=f"{help} Nothing is half-written.",
    )


def database_refusal(error: Exception) -> WorkbenchError | None:
    """What to tell of a database whose disk is full; None where it is about something else."""
    if not any(words in str(error) for words in DATABASE_FULL):
        return None
    return StorageAway(
        "The database can't write: its disk is full. What was being written is as it was before.",
        field="database",
        help="Make room on the database's disk, then try again.",
    )


@contextmanager
def told_when_full(where: str) -> Iterator[None]:
    """Raises StorageAway naming `where`, in place of an OSError of a disk that takes no more."""
    try:
        yield
    except OSError as error:
        if (told := refusal(error, where)) is None:
            raise
        raise told from error
