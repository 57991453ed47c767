"""Annotators at a real server: paced, or all at once; and what they were served, in which order."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "t" * 32
HANGS_UP = 1.3
"""Seconds of silence, with room to spare."""


@dataclass(frozen=True)
class Grant:
    """A tile that came into somebody's hands, and when he asked for it and got it."""

    task: str
    asked: float
    got: float


@dataclass
class Annotator:
    """One person's browser."""

    port: int
    session: str
    label: bytes
    grants: list[Grant] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    """Seconds each took."""
    in_hand: str = ""

    def __post_init__(self) -> None:
        self.cookie = f"sessionid={self.session}; csrftoken={TOKEN}"
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.used = time.monotonic()

    def act(self) -> None:
        """Claim a tile, or hand in the one in hand."""
        self.submit() if self.in_hand else self.claim()

    def claim(self) -> None:
        self.reconnect()
        asked = time.monotonic()
        status, task = self.post("campaigns/bench/queue/next", b"{}", "application/json")
        got = time.monotonic()
        if status != 200:
            raise RuntimeError(f"A claim was answered {status}: {task}")
        self.in_hand = task["id"]
        self.claims.append(got - asked)
        self.grants.append(Grant(task["id"], asked, got))

    def submit(self) -> None:
        path = f"tasks/{self.in_hand}/submit?schema_version=1&tool=bench"
        self.reconnect()
        asked = time.monotonic()
        status, answer = self.post(path, self.label, "application/octet-stream")
        self.submits.append(time.monotonic() - asked)
        if status != 201:
            raise RuntimeError(f"A label was answered {status}: {answer}")
        self.in_hand = ""

    def get(self, path: str) -> float:
        """Seconds a page took."""
        self.reconnect()
        began = time.monotonic()
        self.connection.request("GET", f"/api/v1/{path}", headers=self.headers())
        answer = self.connection.getresponse()
        body = answer.read()
        self.used = time.monotonic()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status}: {body[:500]!r}")
        return time.monotonic() - began

    def post(self, path: str, body: bytes, kind: str) -> tuple[int, Any]:
        headers = self.headers() | {"Content-Type": kind, "Idempotency-Key": str(uuid.uuid4())}
        self.connection.request("POST", f"/api/v1/{path}", body, headers)
        answer = self.connection.getresponse()
        told = answer.read()
        self.used = time.monotonic()
        return answer.status, json.loads(told)

    def reconnect(self) -> None:
        """The server hangs up on who says nothing for two seconds; a browser connects again."""
        if time.monotonic() - self.used > HANGS_UP:
            self.connection.close()
            self.connection.connect()

    def headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "X-CSRFToken": TOKEN}


def paced(crowd: list[Annotator], until: Callable[[], bool]) -> None:
    """Each acts once a second, one after the other within it, until `until` says so."""
    began = time.monotonic()

    def work(place: int, annotator: Annotator) -> None:
        due = began + place / len(crowd)
        while not until():
            time.sleep(max(0.0, due - time.monotonic()))
            annotator.act()
            due += 1

    _all(crowd, work)


def burst(crowd: list[Annotator]) -> list[float]:
    """All claim at once; seconds each claim took. Everybody's hands must be empty."""
    start = Barrier(len(crowd))

    def work(place: int, annotator: Annotator) -> None:
        start.wait()
        annotator.claim()

    _all(crowd, work)
    return [annotator.claims.pop() for annotator in crowd]


def empty_hands(crowd: list[Annotator]) -> None:
    for annotator in crowd:
        if annotator.in_hand:
            annotator.submit()
            annotator.submits.pop()


def double_served(grants: list[Grant]) -> int:
    """Tiles that more than one person, or one person twice, was given as new."""
    return len(grants) - len({grant.task for grant in grants})


def order_violations(grants: list[Grant], order: dict[str, tuple[str, int]]) -> int:
    """Claims that got a better rank than one of the same lane that had ended before they began.

    `order` is {task: (lane, rank)}. Nothing was given back, so there is no excuse.
    """
    violations = 0
    for lane in {lane for lane, _ in order.values()}:
        mine = [grant for grant in grants if order[grant.task][0] == lane]
        by_end = sorted(mine, key=lambda grant: grant.got)
        worst, ended = 0, 0
        for grant in sorted(mine, key=lambda grant: grant.asked):
            while ended < len(by_end) and by_end[ended].got < grant.asked:
                worst = max(worst, order[by_end[ended].task][1])
                ended += 1
            violations += order[grant.task][1] < worst
    return violations


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """The production server as the container starts it; its port."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "labelling.config.wsgi"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    command += ["--log-level", "warning"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait_until_it_answers(server, port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=60)


def _all(crowd: list[Annotator], work: Callable[[int, Annotator], None]) -> None:
    """Raises what went wrong for any of them."""
    with ThreadPoolExecutor(len(crowd)) as pool:
        for job in [pool.submit(work, place, each) for place, each in enumerate(crowd)]:
            job.result()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server ended with {server.returncode} before it answered.")
