"""Whether this worker is to end soon: long work then lets go where it can be gone on with.

The flag lies in memory that a worker's main process shares with the processes it forks: the main
process is told to end, its children do the work.
"""

from __future__ import annotations

import mmap

SOON, NOW = 1, 2
_shared = mmap.mmap(-1, 1)
_here = False


class Stopping(Exception):
    """This worker is to end; the work goes on in another one."""


def ask(how: int = SOON) -> None:
    """Ask all work of this worker to stop. NOW: without a moment to keep what there is."""
    _shared[0] = max(how, _shared[0])


def ask_here() -> None:
    """Ask this one process to stop: it alone was told to end."""
    global _here
    _here = True


def here() -> bool:
    return _here


def asked() -> bool:
    return _here or _shared[0] > 0


def at_once() -> bool:
    return _shared[0] >= NOW


def forget() -> None:
    """For tests: a worker that was asked to stop never goes on."""
    global _here
    _here, _shared[0] = False, 0


def check() -> None:
    """Raises Stopping."""
    if asked():
        raise Stopping
