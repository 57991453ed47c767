"""A benchmark that hangs ends by itself, with whatever it started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TookTooLong(Exception):
    """The time that a benchmark may take is over."""


@contextmanager
def within(minutes: float) -> Iterator[None]:
    """Raises TookTooLong in the main thread after so many minutes; `subprocess.run` then ends the
    child that it waits for."""

    def over(*_: Any) -> None:
        raise TookTooLong(f"This took more than {minutes:g} minutes.")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 60 * minutes)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
