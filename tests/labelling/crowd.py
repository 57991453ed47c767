"""A real server and real clients that all want the next tile at the same time."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PIXELS = 256 * 256
LABEL = bytes(PIXELS) + bytes([1]) * PIXELS
"""All clear, all painted."""
TOKEN = "t" * 32


@dataclass(frozen=True)
class Grant:
    """A tile that came into somebody's hands, and when he asked and got it."""

    task: str
    asked: float
    got: float


@dataclass(frozen=True)
class Crowd:
    port: int
    sessions: list[str]
    copies: list[str]
    """Task ids of the blind copies of one acquisition, one for each person."""
    ranks: dict[str, int]
    """{task id: rank} of all other tasks."""
    environment: dict[str, str] = field(default_factory=dict)
    """Of the server."""

    def numbers(self) -> dict[str, int]:
        """{task id: number of its annotation}: people aren't told how many others labelled it."""
        told: dict[str, int] = json.loads(
            _run(["-m", "tests.labelling.crowd_rows", "numbers"], self.environment)
        )
        return told


class Client:
    """One annotator's browser."""

    def __init__(self, port: int, session: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookie = f"sessionid={session}; csrftoken={TOKEN}"
        self.grants: list[Grant] = []
        self.labelled: set[str] = set()
        """Task ids."""

    def post(
        self, path: str, body: bytes, kind: str, *, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Cookie": self.cookie, "X-CSRFToken": TOKEN, "Content-Type": kind}
        headers["Idempotency-Key"] = str(uuid.uuid4()) if key is None else key
        self.connection.request("POST", f"/api/v1/{path}", body, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def claim(self, hold: str) -> str | None:
        """A task's id, or None when the queue is empty."""
        asked = time.monotonic()
        body = json.dumps({"hold": hold}).encode()
        status, task = self.post("campaigns/north/queue/next", body, "application/json")
        if (status, task.get("code")) == (404, "queue_empty"):
            return None
        assert status == 200, task
        if task["id"] not in [grant.task for grant in self.grants]:
            self.grants.append(Grant(task["id"], asked, time.monotonic()))
        return task["id"]

    def work(self, start: Barrier, *, ahead: bool) -> None:
        """Label until nothing is left; with `ahead`, have the next tile fetched early."""
        start.wait()
        while task := self.claim("active"):
            if ahead:
                self.claim("held")
            path = f"tasks/{task}/submit?schema_version=1&tool=crowd"
            status, annotation = self.post(path, LABEL, "application/octet-stream")
            assert status == 201, annotation
            self.labelled.add(task)


def let_everybody_work(crowd: Crowd) -> list[Client]:
    """Every second person has tiles fetched ahead. Raises what went wrong for any of them."""
    clients = [Client(crowd.port, session) for session in crowd.sessions]
    start = Barrier(len(clients))
    with ThreadPoolExecutor(len(clients)) as pool:
        jobs = [
            pool.submit(client.work, start, ahead=n % 2 == 1) for n, client in enumerate(clients)
        ]
        for job in jobs:
            job.result()
    return clients


def send_at_once(crowd: Crowd, *, times: int, key: str) -> list[tuple[int, dict[str, Any]]]:
    """What the first person is answered who asks for the next tile from many windows at once."""
    start = Barrier(times)

    def ask(client: Client) -> tuple[int, dict[str, Any]]:
        start.wait()
        return client.post("campaigns/north/queue/next", b"{}", "application/json", key=key)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(ask, [Client(crowd.port, crowd.sessions[0]) for _ in range(times)]))


@contextmanager
def serving(database: str, var: Path, *, people: int, tasks: int) -> Iterator[Crowd]:
    """The production server over a fresh database: two processes of eight threads."""
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "WORKBENCH_VAR": str(var),
        "STORAGE_URL": f"file://{var / 'blobs'}",
        "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
    }
    told = _run(["-m", "tests.labelling.crowd_rows", str(people), str(tasks)], environment)
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "labelling.config.wsgi"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8"]
    command += ["--log-level", "warning"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_until_it_answers(server, port)
        yield Crowd(port=port, environment=environment, **json.loads(told))
    finally:
        server.terminate()
        server.wait(timeout=60)


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_it_answers(server: subprocess.Popen, port: int) -> None:
    while server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server ended with {server.returncode} before it answered.")
