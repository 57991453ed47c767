"""Heavy work runs in child processes that die with their parent and tell progress as JSON lines."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from labelling.errors import (
    JobFailed,
    NothingToLearn,
    StaleCheckpoint,
    StorageAway,
    WorkbenchError,
)

TICK = 5.0
"""Seconds between two calls of `tick` while the child says nothing."""
REFUSALS: dict[str, type[WorkbenchError]] = {
    "nothing_to_learn": NothingToLearn,
    "bad_checkpoint": StaleCheckpoint,
    "storage_away": StorageAway,
}
"""Error codes of a child that have an error of their own; all others are JobFailed."""


@dataclass
class Report:
    """What a child has said so far."""

    last: dict[str, Any] = field(default_factory=dict)
    """Its newest `done` line."""
    error: dict[str, Any] = field(default_factory=dict)
    """Its `error` line, if it refused."""


def run_child(
    module: str,
    *words: str | Path,
    log: Path,
    tick: Callable[[dict[str, Any] | None], None],
    settings_of_its_own: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run `python -m module words…` and return its `done` line.

    It has our environment, but for `settings_of_its_own`. `tick(progress)` is called with each
    progress line, and with None every few seconds; whatever it raises ends the child. Standard
    error goes to the file `log`.
    Raises JobFailed (or what REFUSALS names) when the child refuses, crashes or is killed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    report = Report()
    with log.open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=settings.BASE_DIR,
            env={**child_environment(), **(settings_of_its_own or {})},
        )
        try:
            listen(child, report, tick)
            child.wait()
        finally:
            stop(child)
    if child.returncode or report.error:
        raise refusal(module, child.returncode, report.error, log)
    return report.last


def child_environment() -> dict[str, str]:
    """Ours, with the parent's pid, so that the child can tell when it is an orphan."""
    environment = {**os.environ, "WORKBENCH_PARENT": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    if settings.TORCH_THREADS:
        environment["TORCH_THREADS"] = str(settings.TORCH_THREADS)
    return environment


def listen(
    child: subprocess.Popen[bytes], report: Report, tick: Callable[[dict[str, Any] | None], None]
) -> None:
    """Read the child's lines until it closes its output."""
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=TICK):
                tick(None)
                continue
            chunk = read(child.stdout)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                hear(line, report, tick)


def read(pipe: IO[bytes]) -> bytes:
    return os.read(pipe.fileno(), 65536)


def hear(line: bytes, report: Report, tick: Callable[[dict[str, Any] | None], None]) -> None:
    try:
        said = json.loads(line)
    except ValueError:
        return  # a library's chatter on standard output
    if not isinstance(said, dict):
        return
    match said.get("event"):
        case "progress":
            tick(said)
        case "done":
            report.last = said
        case "error":
            report.error = said


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the child if it still runs; it keeps a checkpoint, so there is nothing to ask it for."""
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdout:
        child.stdout.close()


def refusal(module: str, code: int, error: dict[str, Any], log: Path) -> WorkbenchError:
    if error:
        kind = REFUSALS.get(error.get("code", ""), JobFailed)
        return kind(str(error.get("message")), field=str(error.get("field", "")))
    tail = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    if code < 0:
        return JobFailed(
            f"{module} was killed by signal {-code}.",
            help="Out of memory? A smaller batch or crop in the campaign's training settings helps."
            if code == -9
            else "",
        )
    return JobFailed(f"{module} ended with status {code}: {tail[0]}", help=f"The whole log: {log}")
