"""Whole installations for tests: real processes, with a var folder, database and broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 150.0
"""Seconds until a test gives up waiting; far more than any of them needs."""


class Installation:
    """Driven through `tests.drivers.dying_worker` and, if asked, real Celery processes."""

    def __init__(self, folder: Path, *, database: str = "", broker: str = "memory://") -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "WORKBENCH_VAR": str(folder),
            "DATABASE_URL": database or f"sqlite:///{folder}/workbench.sqlite3",
            "STORAGE_URL": f"file://{folder}/blobs",
            "CELERY_BROKER_URL": broker,
            "TORCH_THREADS": "1",
            "CHILD_NICENESS": "0",  # on a busy machine a test would wait for ever
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.drivers.dying_worker", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300
        )

    def ask(self, *words: str) -> dict:
        """What a driver's command prints, which must end well."""
        told = self.call(*words)
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout or "{}")

    def killed_at(self, where: str) -> None:
        ended = self.call("work", where)
        assert ended.returncode == -signal.SIGKILL, f"{where}: {ended.stdout} {ended.stderr}"

    def celery(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `celery worker …` or `celery beat`; its log is `celery.log` in the folder."""
        command = [sys.executable, "-m", "celery", "--app", "labelling.config.celery", *words]
        with (self.folder / "celery.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.celery("worker", "--concurrency", "2", "--loglevel", "INFO")

    def until(self, true: Callable[[dict], bool]) -> dict:
        """Wait until what `status` tells satisfies `true`."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = self.ask("status")
            if true(status):
                return status
            time.sleep(0.5)
        log = (self.folder / "celery.log").read_text()
        raise AssertionError(f"Not within {PATIENCE:.0f} s; {status}; {log[-3000:]}")

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def orphans(self) -> list[int]:
        """Processes that go on working inside our storage, some seconds after their parent's death.

        A killed process is there, and not a zombie yet, until the kernel has taken it down: on a
        busy machine that takes its moment.
        """
        deadline = time.monotonic() + 10
        while (left := self.heavy_children()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def heavy_children(self) -> list[int]:
        """Processes, still alive, that work inside our storage."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes()
                dead = "\nState:\tZ" in (entry / "status").read_text()
            except OSError:
                continue
            if str(self.folder / "blobs").encode() in words and not dead:
                found.append(int(entry.name))
        return found


Kind = TypeVar("Kind", bound=Installation)


@contextmanager
def embedded_at(folder: Path, kind: type[Kind]) -> Iterator[Kind]:
    """SQLite and the filesystem broker."""
    installation = kind(folder, broker="filesystem://localhost")
    try:
        yield installation
    finally:
        installation.stop()


@contextmanager
def served_at(folder: Path, kind: type[Kind]) -> Iterator[Kind]:
    """A new PostgreSQL database beside that of DATABASE_URL; the broker of CELERY_BROKER_URL."""
    given = os.environ["DATABASE_URL"]
    name = f"workbench_test_{uuid.uuid4().hex[:12]}"
    with closing(psycopg2.connect(given)) as server:
        server.autocommit = True
        server.cursor().execute(f'CREATE DATABASE "{name}"')
        database = urlsplit(given)._replace(path=f"/{name}").geturl()
        installation = kind(folder, database=database, broker=os.environ["CELERY_BROKER_URL"])
        try:
            yield installation
        finally:
            installation.stop()
            server.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
