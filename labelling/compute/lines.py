"""How a child process tells its parent what it does: one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import dataclass, field
from traceback import format_exception
from typing import Any


def tell(event: str, **said: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **said}) + "\n")
    sys.stdout.flush()


class Telling(logging.Handler):
    """Log lines go the same way: the parent writes them, with the ids of the work it does."""

    def emit(self, record: logging.LogRecord) -> None:
        traceback = record.exc_info and "".join(format_exception(record.exc_info[1]))
        tell(
            "log",
            level=record.levelno,
            logger=record.name,
            message=record.getMessage(),
            **({"traceback": traceback} if traceback else {}),
        )


@dataclass
class Meter:
    """Counts work done and tells it about once a second, with rate and time left."""

    stage: str
    total: int
    started: float = field(default_factory=time.monotonic)
    told: float = 0.0
    skipped: int = 0
    """Done by an earlier attempt: not counted into the rate."""

    def show(self, done: int) -> None:
        now = time.monotonic()
        if now - self.told < 1 and done < self.total:
            return
        self.told = now
        rate = (done - self.skipped) / max(now - self.started, 1e-9)
        left = (self.total - done) / rate if rate > 0 else None
        tell(
            "progress",
            stage=self.stage,
            done=done,
            total=self.total,
            rate=round(rate, 3),
            eta_seconds=None if left is None else round(left, 1),
        )
