"""A small CVAT server on loopback: it takes, refuses and forgets as the recorded one does.

`with running() as server:` gives one with an administrator whose token is `server.token`. Tests
look into `server.state`, let requests go wrong by `server.fail`, and find in `server.log` what was
asked of it.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

from tests.contract.fake import jobs, projects, tasks
from tests.contract.fake.http import NOT_FOUND, Fault, Handler, NoRight, Refused, Reply, Request
from tests.contract.fake.state import State

__all__ = ["Fault", "Server", "running"]

TOKEN = "a-token-of-the-fake-server"
Route = Callable[..., Reply]
ROUTES: list[tuple[str, Route]] = [
    ("server/about", projects.about),
    ("users/self", projects.me),
    ("users", projects.users),
    ("auth/access_tokens/self", projects.my_token),
    ("projects", projects.projects),
    (r"projects/(\d+)", projects.project),
    ("labels", projects.labels),
    (r"labels/(\d+)", projects.label),
    ("webhooks", projects.webhooks),
    (r"webhooks/(\d+)", projects.webhook),
    ("tasks", tasks.tasks),
    (r"tasks/(\d+)", tasks.task),
    (r"tasks/(\d+)/annotations", jobs.task_annotations),
    (r"tasks/(\d+)/data/meta", tasks.meta),
    (r"tasks/(\d+)/data", tasks.data),
    (r"tasks/(\d+)/data/(.+)", tasks.part),
    (r"requests/(.+)", tasks.background),
    ("jobs", jobs.jobs),
    (r"jobs/(\d+)", jobs.job),
    (r"jobs/(\d+)/annotations", jobs.job_annotations),
    (r"jobs/(\d+)/data/meta", jobs.job_meta),
    ("issues", jobs.issues),
    ("comments", jobs.comments),
]
OPEN = (projects.about,)
"""Answered to anybody."""


@dataclass
class Server:
    url: str
    token: str
    state: State
    faults: list[Fault]
    log: list[str]

    def fail(self, kind: str, **values: Any) -> Fault:
        """Have the next matching requests go wrong (http.Fault says how)."""
        fault = Fault(kind, **values)
        self.faults.append(fault)
        return fault

    def asked(self, words: str) -> int:
        """How many requests so far hold these words, such as `POST /api/tasks`."""
        return sum(words in line for line in self.log)


@contextmanager
def running(*, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server of http; with `tls` one of https."""
    state = State()
    state.add_token(state.add_user("admin1", admin=True), TOKEN)
    faults: list[Fault] = []
    log: list[str] = []
    known = {"state": state, "faults": faults, "log": log, "answer": staticmethod(answer)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), known))
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(state.url, TOKEN, state, faults, log)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(state: State, request: Request) -> Reply:
    path = request.path.removeprefix("/api/").rstrip("/")
    for pattern, route in ROUTES:
        if found := re.fullmatch(pattern, path):
            if route not in OPEN:
                _let_in(state, request)
            words = [int(word) if word.isdecimal() else word for word in found.groups()]
            return route(state, request, *words)
    return Reply(404, NOT_FOUND)


def _let_in(state: State, request: Request) -> None:
    """Find out who asks. Raises what the server answers strangers and readers who want to write."""
    value = request.headers.get("authorization", "")
    token = state.tokens.get(value.removeprefix("Bearer "))
    if token is None:
        said = "Invalid token." if value else "Authentication credentials were not provided."
        refused = Refused({"detail": said})
        refused.status = 401
        raise refused
    if token.read_only and request.method not in ("GET", "HEAD"):
        raise NoRight
    request.user = state.users[token.user]
