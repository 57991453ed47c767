"""Heavy work runs in child processes that die with their parent and tell progress as JSON lines.

They give way to everything else on the machine, and end by a ceiling of memory before the kernel
ends something at random. One whose worker is to end gets a moment to keep what it has.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from labelling.errors import (
    JobFailed,
    NothingToLearn,
    StaleCheckpoint,
    StorageAway,
    WorkbenchError,
)
from labelling.workflow import shutdown
from labelling.workflow.child_logs import pass_on
from labelling.workflow.restraint import check_memory, giving_way, yield_disk
from labelling.workflow.shutdown import Stopping

TICK = 1.0
"""Seconds between two looks at the child's memory, and at most between two calls of `tick`."""
LINGER = 60.0
"""Seconds that a child may take to end once it has closed its output."""
INTERRUPTED = "interrupted"
"""Error code of a child that was asked to end, and did: its work can be gone on with."""
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
    Raises JobFailed (or what REFUSALS names) when the child refuses, crashes, is killed, takes
    more than CHILD_MEMORY_MB or doesn't end with its output; Stopping when it was asked to end.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    report = Report()
    with log.open("wb") as errors:
        child = subprocess.Popen(
            giving_way([sys.executable, "-m", module, *map(str, words)]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=settings.BASE_DIR,
            env={**child_environment(), **(settings_of_its_own or {})},
        )
        try:
            yield_disk(child.pid)
            listen(child, report, tick)
            await_end(child, module, tick)
        except Stopping:
            end_gently(child, report)
            raise
        finally:
            stop(child)
    if report.error.get("code") == INTERRUPTED or child.returncode == -signal.SIGTERM:
        raise Stopping
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
    """Read the child's lines to the end."""
    rest = b""
    for chunk in written(child, tick):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            hear(line, report, tick)


def written(
    child: subprocess.Popen[bytes], tick: Callable[[dict[str, Any] | None], None]
) -> Iterator[bytes]:
    """What the child writes, as it comes, until it closes its output or has ended: a process that
    it left behind may hold the output open."""
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    looked = 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if time.monotonic() - looked >= TICK:
                looked = time.monotonic()
                check_memory(child.pid)
                tick(None)
            ended = child.poll() is not None
            if not selector.select(timeout=0 if ended else TICK):
                if ended:
                    return
                continue
            chunk = os.read(child.stdout.fileno(), 65536)
            if not chunk:
                return
            yield chunk


def await_end(
    child: subprocess.Popen[bytes], module: str, tick: Callable[[dict[str, Any] | None], None]
) -> None:
    """Wait for a child that has closed its output. Raises JobFailed after LINGER."""
    closed = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=TICK)
            return
        if time.monotonic() - closed > LINGER:
            raise JobFailed(f"{module} had closed its output {LINGER:g} s ago and did not end.")
        tick(None)


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
        case "log":
            pass_on(said)


def end_gently(child: subprocess.Popen[bytes], report: Report) -> None:
    """Ask the child to keep what it has and end; it is heard for as long as STOP_GRACE allows."""
    deadline = time.monotonic() + settings.STOP_GRACE
    child.terminate()

    def patience(progress: dict[str, Any] | None) -> None:
        if time.monotonic() > deadline or shutdown.at_once():
            raise Stopping

    with contextlib.suppress(Stopping, JobFailed):
        listen(child, report, patience)
        await_end(child, "a child that was to end", patience)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the child if it still runs."""
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
