"""A worker and a beat that are well touch a file every few seconds; health checks look at its age.

A worker does so from the loop in which it takes messages: without a broker it stands still. Beat
does so each time it has sent its tick.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps, signals
from django.conf import settings

EVERY = 10.0
"""Seconds."""
logger = logging.getLogger(__name__)


def pulse_file(role: str, host: str | None = None) -> Path:
    """Of `worker` or `beat` on a machine; this one if none is named."""
    return Path(settings.WORKBENCH_VAR) / "pulse" / f"{role}@{host or socket.gethostname()}"


class Pulse(bootsteps.StartStopStep):
    """Of a worker's consumer."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        beat_once("worker")
        self.timer = parent.timer.call_repeatedly(EVERY, beat_once, ("worker",), priority=10)

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
        with contextlib.suppress(OSError):
            pulse_file("worker").unlink(missing_ok=True)


def beat_once(role: str) -> None:
    """A disk that is full or gone ends no work; the file grows old, and the check says so."""
    with contextlib.suppress(OSError):
        file = pulse_file(role)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def install(app: Celery) -> None:
    app.steps["consumer"].add(Pulse)
    signals.beat_init.connect(_of_beat)


def _of_beat(**signal: Any) -> None:
    logger.info("beat begins")
    signals.after_task_publish.connect(_sent)


def _sent(**signal: Any) -> None:
    beat_once("beat")
