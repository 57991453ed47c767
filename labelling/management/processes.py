"""Web, worker and beat of an installation on one machine, started and stopped together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest

from labelling import clock
from labelling.errors import JobFailed
from labelling.models import Job

PATIENCE = 10.0
"""Seconds that a process has to end by itself: time for a fit to write its checkpoint."""
LAST = 5.0
"""Seconds that a worker then has to end without its tasks."""
START = 60.0
"""Seconds that the web process has to answer."""


@dataclass(frozen=True)
class Part:
    name: str
    child: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(port: int) -> Iterator[list[Part]]:
    """Web, worker and beat, until the block ends; then all are stopped, and their work handed back.

    Raises JobFailed when one can't start.
    """
    parts: list[Part] = []
    try:
        for name, command in commands(port).items():
            parts.append(started(name, command))
        wait_for_web(port, parts)
        yield parts
    finally:
        stop(parts)
        hand_back()


def commands(port: int) -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "--app", "labelling.config.celery"]
    queues = "web,io,cvat,score,train"
    return {
        "web": [
            sys.executable, "-m", "gunicorn", "--config", "python:labelling.config.gunicorn",
            "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8",
        ],
        # Two places: while a round trains, the sweep goes on.
        "worker": [*celery, "worker", "--queues", queues, "--concurrency", "2"],
        "beat": [*celery, "beat"],
    }  # fmt: skip


def started(name: str, command: list[str]) -> Part:
    folder = settings.WORKBENCH_VAR / "logs"
    folder.mkdir(exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("ab") as file:
        # A session of its own: Ctrl-C reaches us alone, and we stop the parts in order.
        child = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return Part(name, child, log)


def wait_for_web(port: int, parts: list[Part]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        check(parts)
        if answers(f"http://127.0.0.1:{port}/healthz"):
            return
        time.sleep(0.3)
    raise JobFailed(
        f"The web server did not answer within {START:.0f} s.", help=last_line(parts[0])
    )


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def check(parts: list[Part]) -> None:
    """Raises JobFailed when a part has ended by itself."""
    for part in parts:
        if part.child.poll() is not None:
            raise JobFailed(
                f"{part.name} ended with status {part.child.returncode}: {last_line(part)}",
                help=f"The whole log: {part.log}",
            )


def last_line(part: Part) -> str:
    lines = part.log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def stop(parts: list[Part]) -> None:
    """Ask all to end, then end them. A worker's heavy children die with it."""
    for part in alive(parts):
        part.child.send_signal(signal.SIGTERM)
    wait_for_end(parts, PATIENCE)
    if workers := [part for part in alive(parts) if part.name == "worker"]:
        for part in workers:
            part.child.send_signal(signal.SIGQUIT)  # without waiting for its tasks: they are kept
        wait_for_end(workers, LAST)
    for part in alive(parts):
        part.child.kill()
        part.child.wait()


def alive(parts: list[Part]) -> list[Part]:
    return [part for part in parts if part.child.poll() is None]


def wait_for_end(parts: list[Part], seconds: float) -> None:
    """Until all have ended, for so long at most in all."""
    deadline = time.monotonic() + seconds
    for part in parts:
        with suppress(subprocess.TimeoutExpired):
            part.child.wait(timeout=max(0.1, deadline - time.monotonic()))


def hand_back() -> None:
    """Our workers are gone, so what they held is free at once, not only when its lease ends.

    They were stopped, they didn't die: that attempt doesn't count.
    """
    Job.objects.filter(state=Job.State.RUNNING).update(
        lease_ends=clock.now(),
        attempts=Greatest(F("attempts") - 1, 0),
        tries=Greatest(F("tries") - 1, 0),
    )
    Job.objects.filter(state=Job.State.WAITING).update(lease_ends=clock.now())


def watch(parts: list[Part], *, every: float, look: Callable[[], bool]) -> None:
    """Call `look` every few seconds until it says True; raises when a part ends by itself."""
    while not look():
        check(parts)
        time.sleep(every)
