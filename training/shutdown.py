"""A process that is asked to end (SIGTERM) keeps what it has at the next good moment."""

import signal

from training.errors import Interrupted

_asked = False


def listen() -> None:
    """From now on SIGTERM doesn't kill this process but asks it to stop."""
    signal.signal(signal.SIGTERM, _ask)


def _ask(number: int, frame: object) -> None:
    global _asked
    _asked = True


def asked() -> bool:
    return _asked


def check() -> None:
    """Raises Interrupted. To be called where the work can be gone on with later."""
    if _asked:
        raise Interrupted("Asked to end: the work can be gone on with from here.")
