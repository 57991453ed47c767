"""A child process that stays: it is asked one thing after the other, as JSON lines.

What it is costs seconds and memory to set up (torch, a model); so several answers come from one.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from labelling.workflow import shutdown
from labelling.workflow.children import (
    INTERRUPTED,
    Report,
    child_environment,
    hear,
    refusal,
    stop,
    written,
)
from labelling.workflow.restraint import giving_way, yield_disk
from labelling.workflow.shutdown import Stopping

Tick = Callable[[dict[str, Any] | None], None]


@dataclass
class Standing:
    """`python -m module words…`, started with the first question. Use it in a `with`."""

    module: str
    words: list[str | Path]
    log: Path
    """Its standard error."""
    child: subprocess.Popen[bytes] | None = None
    rest: bytes = field(default=b"", repr=False)
    """What it has said of a line that isn't whole."""

    def __enter__(self) -> Standing:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.end()

    def ask(self, question: dict[str, Any], tick: Tick) -> dict[str, Any]:
        """Its `done` line. The question must be short: a pipe holds little, and a child that is
        being set up doesn't read. `tick` is called as by `run_child`; whatever it raises ends the
        child, but for Stopping: then it has STOP_GRACE to finish this answer.

        Raises JobFailed (or what REFUSALS names) where the child refuses, crashes, is killed or
        takes more than CHILD_MEMORY_MB; Stopping where it was asked to end. The next question
        starts another child.
        """
        try:
            return self.answer(question, tick)
        except BaseException:
            self.end()
            raise

    def answer(self, question: dict[str, Any], tick: Tick) -> dict[str, Any]:
        child = self.child = self.child or self.start()
        report = Report()
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it refused at once: it says why
            child.stdin.write(json.dumps(question).encode() + b"\n")
            child.stdin.flush()
        self.listen(child, report, patient(tick))
        interrupted = report.error.get("code") == INTERRUPTED
        if report.last and (interrupted or not report.error):
            if interrupted:  # it ends, after an answer that is whole
                self.end()
            return report.last
        child.wait()
        if interrupted or child.returncode == -signal.SIGTERM:
            raise Stopping
        raise refusal(self.module, child.returncode, report.error, self.log)

    def start(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.rest = b""
        with self.log.open("ab") as errors:
            child = subprocess.Popen(
                giving_way([sys.executable, "-m", self.module, *map(str, self.words)]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=settings.BASE_DIR,
                env=child_environment(),
            )
        yield_disk(child.pid)
        return child

    def listen(self, child: subprocess.Popen[bytes], report: Report, tick: Tick) -> None:
        """Read lines until one says `done` or `error`, or the child has no more to say."""
        for chunk in written(child, tick):
            *lines, self.rest = (self.rest + chunk).split(b"\n")
            for line in lines:
                hear(line, report, tick)
            if report.last or report.error:
                return

    def end(self) -> None:
        """End the child: what it answered is kept, and there is nothing else to keep."""
        child, self.child = self.child, None
        if child is None:
            return
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        stop(child)


def patient(tick: Tick) -> Tick:
    """The same, but for Stopping, which it raises only after STOP_GRACE, or told to end at once."""
    deadline: float | None = None

    def patience(progress: dict[str, Any] | None) -> None:
        nonlocal deadline
        try:
            tick(progress)
        except Stopping:
            deadline = deadline or time.monotonic() + settings.STOP_GRACE
            if time.monotonic() > deadline or shutdown.at_once():
                raise

    return patience
