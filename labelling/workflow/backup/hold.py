"""One backup at a time at a destination: retention must not delete what another is counting on."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict, LostLease, NotFound

KEY = "busy.json"
LEASE = timedelta(minutes=30)
"""After so long without a word a backup on another machine counts as dead."""


@dataclass
class Hold:
    """The right to write to a destination."""

    place: Blobs
    now: Callable[[], datetime]
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    _until: datetime | None = None

    def take(self) -> None:
        """Raises Conflict when another backup is at work there."""
        if self.place.write_once(KEY, self._note()):
            return
        there = _read(self.place)
        if there and not _dead(there, self.now()):
            raise Conflict(
                f"Another backup is being written there, by process {there['process']} of "
                f"{there['machine']}.",
                field="place",
                help=f"Wait for it. If it has died, it counts so from {there['until']:%H:%M} UTC.",
            )
        self.place.write(KEY, self._note())
        self._check()

    def renew(self) -> None:
        """Say that we are alive, now and then. Raises LostLease when another took over."""
        if self._until and self._until - self.now() < LEASE * 0.75:
            self._check()
            self.place.write(KEY, self._note())

    def give_back(self) -> None:
        if (_read(self.place) or {}).get("token") == self.token:
            self.place.delete(KEY)

    def _note(self) -> bytes:
        self._until = self.now() + LEASE
        told = {
            "token": self.token,
            "machine": socket.gethostname(),
            "process": os.getpid(),
            "until": self._until.isoformat(timespec="seconds"),
        }
        return json.dumps(told).encode()

    def _check(self) -> None:
        if (_read(self.place) or {}).get("token") != self.token:
            raise LostLease(
                "Another backup took the destination over.", field="place", help="Wait for it."
            )


@contextmanager
def held(place: Blobs, now: Callable[[], datetime]) -> Iterator[Hold]:
    """Raises Conflict when another backup is at work there."""
    hold = Hold(place, now)
    hold.take()
    try:
        yield hold
    finally:
        hold.give_back()


def _read(place: Blobs) -> dict[str, Any] | None:
    """None where nobody holds it, or what stands there makes no sense."""
    with suppress(NotFound, ValueError, TypeError, KeyError):
        told = json.loads(place.read(KEY))
        until, process = datetime.fromisoformat(told["until"]), int(told["process"])
        return {**told, "until": until, "process": process, "machine": str(told["machine"])}
    return None


def _dead(there: dict[str, Any], now: datetime) -> bool:
    if there["until"] < now:
        return True
    if there["machine"] != socket.gethostname():
        return False
    try:
        os.kill(there["process"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
