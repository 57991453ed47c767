"""At most one process of a worker at a time, where one takes all of the machine."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# The processes that a worker forks have this file in common, but none has another's lock of it; who
# dies loses its lock. It has no name, so nothing is left of it.
_file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process lives


@contextmanager
def alone(*, wanted: bool) -> Iterator[bool]:
    """Yields whether this process is the only one of its worker in here, or needn't be."""
    if not wanted:
        yield True
        return
    try:
        fcntl.lockf(_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.lockf(_file, fcntl.LOCK_UN)
