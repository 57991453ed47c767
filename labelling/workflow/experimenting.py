"""Carry out an experiment: each cell is trained and judged in a child process of its own.

What is finished is kept and adopted by the next attempt; a cell that fails is named and the others
go on. No database is needed unless a snapshot is named by its hash.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labelling.adapters.beside import beside
from labelling.adapters.blobs import store
from labelling.errors import BadInput, Conflict, JobFailed
from labelling.insights.snapshots import snapshot_named
from labelling.workflow.children import run_child
from labelling.workflow.fetching import snapshot_here

MODULE = "labelling.compute.experiment"
REQUEST, FAILURE, RESULT = "request.json", "failure.json", "experiment.json"
LOCK = "lock"
HASH = re.compile(r"[0-9a-f]{8,64}")
Cell = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a person asks for."""

    file: str
    """A path, or the name of an experiment that comes with the program."""
    on: str
    """`painted`, a folder, a snapshot's hash; empty: what the file says."""
    rule_mask: str = ""
    """Goes before the file's."""

    def request(self) -> dict[str, Any]:
        """What the child is asked; brings the snapshot onto this machine. Raises BadInput."""
        path = Path(self.file)
        file = str(path.resolve()) if path.is_file() else self.file
        return {
            "file": file,
            "on": found(self.on or on_in(path), path),
            "rule_mask": self.rule_mask,
        }


def on_in(path: Path) -> str:
    """What the file says it is about; empty where it doesn't, or can't be read: the child tells."""
    try:
        text = path.read_text()
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        on = told.get("on", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return on if isinstance(on, str) else ""


def found(on: str, file: Path) -> str:
    """`painted…` as it is, else an absolute folder. Raises BadInput, NotFound."""
    if not on:
        raise BadInput(
            "Nothing says which labels to learn from.",
            field="on",
            help="Give --on with a snapshot's hash, a folder, or painted for a trial.",
        )
    if re.fullmatch(r"painted(:\d+)?", on):
        return on
    for folder in (Path(on), file.parent / on):
        if folder.is_dir():
            return str(folder.resolve())
    if HASH.fullmatch(on):
        return str(snapshot_here(snapshot_named(on).folder, blobs=store()))
    raise BadInput(
        f"{on!r} is neither a folder nor a snapshot's hash.",
        field="on",
        help="Give a folder, 8 to 64 letters of a hash, or painted for a trial.",
    )


@dataclass
class Outcome:
    result: dict[str, Any]
    failed: list[Cell]
    """Cells that failed, each with `why`."""


@dataclass
class Experimenting:
    """One attempt at an experiment in its folder."""

    asked: Asked
    out: Path
    jobs: int = 0
    """Trainings at a time; 0: as many as the machine has cores for, one on a GPU."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def look(self) -> dict[str, Any]:
        """The plan, and which cells lie finished in the folder; writes nothing there."""
        with tempfile.TemporaryDirectory(prefix="experiment-") as scratch:
            return self._child("look", self.asked.request(), self.out, room=Path(scratch))

    def run(self, told: Callable[[Cell, int, int], None]) -> Outcome:
        """Do what is left and write the report; `told(cell, done, total)` after each cell.

        Raises JobFailed where the plan is refused, or nothing could be compared; Conflict where
        another process works in the folder.
        """
        request = self.asked.request()
        with alone(self.out):
            return self._run(request, told)

    def _run(self, request: dict[str, Any], told: Callable[[Cell, int, int], None]) -> Outcome:
        plan = self._child("plan", request, self.out)
        cells = plan["cells"]
        left = [cell for cell in cells if not cell["done"]]
        failed: list[Cell] = []
        for number, (cell, why) in enumerate(self._worked(left, plan)):
            if why:
                failed.append({**cell, "why": why})
            told({**cell, "why": why}, len(cells) - len(left) + number + 1, len(cells))
        self._child("report", {}, self.out)
        return Outcome(json.loads((self.out / RESULT).read_bytes()), failed)

    def _worked(self, cells: list[Cell], plan: dict[str, Any]) -> Iterator[tuple[Cell, str]]:
        """Each cell once it is done or has failed, with why it failed."""
        jobs = min(self.jobs or at_a_time(plan), len(cells))
        if jobs < 2:
            for cell in cells:
                yield cell, self._cell(cell)
            return
        # A child dies with the thread that started it: the pool's threads stay until it has ended.
        with ThreadPoolExecutor(jobs) as workers:
            try:
                doing = {workers.submit(self._cell, cell): cell for cell in cells}
                for future in as_completed(doing):
                    yield doing[future], future.result()
            except BaseException:
                self.stopping.set()
                workers.shutdown(wait=True, cancel_futures=True)
                raise

    def _cell(self, cell: Cell) -> str:
        """Train and judge; returns why it failed, empty where it didn't."""
        try:
            self._child("cell", {"cell": cell["name"]}, self.out, room=Path(cell["folder"]))
        except JobFailed as problem:
            if self.stopping.is_set():
                raise
            why = f"{problem} {problem.help}".strip()
            write(Path(cell["folder"]) / FAILURE, {"message": why, "field": problem.field})
            return why
        return ""

    def _child(
        self, work: str, request: dict[str, Any], out: Path, room: Path | None = None
    ) -> dict[str, Any]:
        room = room or out
        asked = room / REQUEST
        write(asked, request)
        return run_child(MODULE, work, asked, out, log=room / f"{work}.log", tick=self._tick)

    def _tick(self, said: dict[str, Any] | None) -> None:
        if self.stopping.is_set():
            raise JobFailed("The experiment was stopped.")


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Nobody else works in the folder meanwhile. Raises Conflict."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another process works in {out}.", field="out", help="Wait until it is done."
            ) from None
        yield


def at_a_time(plan: dict[str, Any]) -> int:
    """Trainings that this machine has room for."""
    if plan["on_gpu"]:
        return 1
    threads = [cell["threads"] or os.cpu_count() or 1 for cell in plan["cells"]]
    return max((os.cpu_count() or 1) // max(threads), 1)


def write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    with beside(path) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False))
        draft.rename(path)
