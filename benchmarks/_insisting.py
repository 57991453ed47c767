"""Annotators that don't give up: what isn't answered is asked again, with the same key."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOKEN = "t" * 32
GIVES_UP = 90.0
"""Seconds without an answer after which the run has failed."""
AGAIN = {429, 500, 502, 503, 504}
"""Statuses that say: later."""


@dataclass
class Insisting:
    """One person's browser, in a thread of its own until `stop` is set."""

    port: int
    session: str
    slug: str
    side: int
    pause: tuple[float, float]
    """Seconds between claim and submission: at least, at most."""
    seed: int
    stop: threading.Event
    waits: bool = False
    """Whether he waits where the queue is empty; else he goes home."""
    empty: int = 0
    """Times that no tile waited for him."""
    granted: list[str] = field(default_factory=list)
    """Task ids, in the order in which they came."""
    handed_in: dict[str, str] = field(default_factory=dict)
    """{task id: SHA-256 of both planes} of what the server said it has."""
    refused: list[str] = field(default_factory=list)
    """What the server refused for good."""
    claims: list[tuple[float, float]] = field(default_factory=list)
    """(when it was asked, seconds it took) of each claim that was answered at the first try."""
    tries: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.paint = np.random.default_rng(self.seed)
        self.cookie = f"sessionid={self.session}; csrftoken={TOKEN}"
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def work(self) -> None:
        while not self.stop.is_set():
            task = self.claim()
            if task is None:
                self.empty += 1
                if not self.waits:
                    return
                self.stop.wait(1.0)
                continue
            planes = self.drawn()
            if self.dice.random() < 0.3:
                self.keep_draft(task, planes)
            self.stop.wait(self.dice.uniform(*self.pause))
            self.hand_in(task, planes)

    def claim(self) -> str | None:
        """The id of the next task; None when none waits."""
        asked, tries = time.monotonic(), self.tries
        status, told = self.insist(f"campaigns/{self.slug}/queue/next", b"{}", "application/json")
        if status == 404 and told.get("code") == "queue_empty":
            return None
        if status != 200:
            raise RuntimeError(f"A claim was answered {status}: {told}")
        if self.tries == tries + 1:
            self.claims.append((asked, time.monotonic() - asked))
        task: str = told["id"]
        if not self.granted or self.granted[-1] != task:
            self.granted.append(task)
        return task

    def keep_draft(self, task: str, planes: bytes) -> None:
        """A conflict is no fault: a tile may come with a draft."""
        path = f"tasks/{task}/draft?version=0&schema_version=1"
        self.insist(path, planes, "application/octet-stream")

    def hand_in(self, task: str, planes: bytes) -> None:
        path = f"tasks/{task}/submit?schema_version=1&tool=bench"
        status, told = self.insist(path, planes, "application/octet-stream")
        if status == 201:
            self.handed_in[task] = hashlib.sha256(planes).hexdigest()
        else:
            self.refused.append(f"{status} {told.get('code')}: {told.get('message')}")

    def drawn(self) -> bytes:
        """A cloud of its own on clear ground, with its shadow: all of it painted."""
        side = self.side
        rows, columns = np.mgrid[:side, :side]
        row, column = self.paint.integers(side // 3, 2 * side // 3, size=2)
        label = np.zeros((side, side), np.uint8)
        label[np.hypot(rows - row + side / 6, columns - column - side / 17) < side / 9] = 3
        label[np.hypot(rows - row, columns - column) < side / 8] = 1
        return np.stack([label, np.ones_like(label)]).tobytes()

    def insist(self, path: str, body: bytes, kind: str) -> tuple[int, dict[str, Any]]:
        """The answer to a POST. Raises RuntimeError where none comes."""
        key, began = str(uuid.uuid4()), time.monotonic()
        while time.monotonic() - began < GIVES_UP:
            self.tries += 1
            try:
                status, told = self.post(path, body, kind, key)
            except (OSError, http.client.HTTPException, ValueError):
                self.connection.close()
                status = 503
            if status not in AGAIN:
                return status, told
            time.sleep(self.dice.uniform(0.1, 0.5))
        raise RuntimeError(f"No answer to {path} for {GIVES_UP:.0f} s.")

    def post(self, path: str, body: bytes, kind: str, key: str) -> tuple[int, dict[str, Any]]:
        headers = {
            "Cookie": self.cookie, "X-CSRFToken": TOKEN, "Content-Type": kind,
            "Idempotency-Key": key,
        }  # fmt: skip
        self.connection.request("POST", f"/api/v1/{path}", body, headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())
