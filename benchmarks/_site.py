"""A whole installation as real processes: web, worker and beat, each killed and started at will."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0
"""Seconds that anything may take to come back before the run is given up."""


class Site:
    """Processes of one installation; each in a process group of its own, as in a container."""

    def __init__(self, folder: Path, *, port: int, environment: dict[str, str]) -> None:
        self.folder = folder
        self.port = port
        self.environment = {
            **os.environ,
            "WORKBENCH_VAR": str(folder),
            "STORAGE_URL": f"file://{folder}/blobs",
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
            "TORCH_THREADS": "1",
            "WEB_BIND": f"127.0.0.1:{port}",
            **environment,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        celery = [sys.executable, "-m", "celery", "--app", "labelling.config.celery"]
        queues = "web,io,cvat,score,train"
        self.commands = {
            "web": [
                sys.executable,
                "-m",
                "gunicorn",
                "--config",
                "python:labelling.config.gunicorn",
            ],
            "worker": [*celery, "worker", "--queues", queues, "--concurrency", "2"],
            "beat": [*celery, "beat", "--pidfile=", "--loglevel", "INFO"],
        }

    def start(self, *names: str) -> None:
        for name in names or tuple(self.commands):
            with self.log(name).open("ab") as log:
                self.running[name] = subprocess.Popen(
                    self.commands[name], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip

    def kill(self, name: str) -> None:
        """End a part and all its children at once, as the loss of its machine does."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_child(self, name: str) -> None:
        """End the newest child of a part; its parent goes on."""
        children = self.children(name)
        if children:
            os.kill(children[-1], signal.SIGKILL)

    def children(self, name: str) -> list[int]:
        pid = self.running[name].pid
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(each) for each in told.split()]

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self.running):
            try:
                self.running[name].wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill(name)
        self.running.clear()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def log_size(self, name: str) -> int:
        log = self.log(name)
        return log.stat().st_size if log.exists() else 0

    def said_since(self, name: str, start: int, words: str) -> bool:
        with self.log(name).open("rb") as log:
            log.seek(start)
            return words.encode() in log.read()

    def last_lines(self, lines: int = 15) -> str:
        """The end of each part's log."""
        said = []
        for name in self.commands:
            told = self.log(name).read_text(errors="replace") if self.log_size(name) else ""
            said += [f"--- {name}", *told.splitlines()[-lines:]]
        return "\n".join(said) + "\n"

    def replaced(self, name: str, before: list[int]) -> bool:
        """Whether as many children are there as were, one of them new."""
        now = self.children(name)
        return len(now) >= len(before) and set(now) != set(before)

    def memory_mib(self, name: str) -> float:
        """Resident memory of a part and its children, MiB; shared pages count once for each."""
        pids = [self.running[name].pid, *self.children(name)]
        return sum(_proportional_kib(pid) for pid in pids) / 1024

    def answers(self, path: str, cookie: str = "") -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def seconds_until(true: Callable[[], bool], what: str, *, patience: float = PATIENCE) -> float:
    """How long it took. Raises RuntimeError where it takes too long."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > patience:
            raise RuntimeError(f"{what} isn't there after {patience:.0f} s.")
        time.sleep(0.05)
    return time.monotonic() - began


def _proportional_kib(pid: int) -> float:
    """Memory in KiB, a page that n processes share counted as 1/n; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:"))
