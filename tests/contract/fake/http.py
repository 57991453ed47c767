"""Requests in, answers out: who asks, which faults are due, and what a refusal looks like."""

from __future__ import annotations

import email.parser
import email.policy
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.contract.fake.state import State, User

KIND = "application/vnd.cvat+json"
CRASHED = (
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Server Error (500)</title>\n</head>\n'
    "<body>\n  <h1>Server Error (500)</h1><p></p>\n</body>\n</html>\n"
)
NOT_FOUND = CRASHED.replace("Server Error (500)", "Not Found").replace(
    "<p></p>", "<p>The requested resource was not found on this server.</p>"
)
NO_RIGHT = {"detail": "You do not have permission to perform this action."}


class Refused(Exception):
    """A status and what stands in the body."""

    status = 400

    def __init__(self, body: Any = None) -> None:
        super().__init__(str(body))
        self.body = body


class BadRequest(Refused):
    status = 400


class NoRight(Refused):
    status = 403

    def __init__(self) -> None:
        super().__init__(NO_RIGHT)


class NotHere(Refused):
    status = 404

    def __init__(self, said: str) -> None:
        super().__init__({"detail": said})


class Crash(Refused):
    """The server's own mistake: HTML, not JSON."""

    status = 500


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    user: User | None = None

    def json(self) -> Any:
        kind = self.headers.get("content-type", KIND)
        if "json" not in kind:
            raise _refused(415, {"detail": f'Unsupported media type "{kind}" in request.'})
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise BadRequest({"detail": f"JSON parse error - {error}"}) from error

    def files(self) -> dict[str, bytes]:
        """{file name: bytes} of a multipart body."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        whole = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        return {
            part.get_filename().rsplit("/", 1)[-1]: part.get_payload(decode=True)
            for part in whole.iter_parts()
            if part.get_filename()
        }


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    """JSON, or text where it is a `str` of HTML; None: no body."""
    headers: dict[str, str] = field(default_factory=dict)


def _refused(status: int, body: Any) -> Refused:
    refused = Refused(body)
    refused.status = status
    return refused


@dataclass
class Fault:
    """What goes wrong with the next matching requests."""

    kind: str
    """`status`, `drop` (before anything is done), `lose` (done, but the answer is lost), `slow`,
    `html` (200 with a login page)."""
    method: str = ""
    path: str = ""
    """What the path holds; empty: any."""
    times: int = 1
    status: int = 500
    retry_after: str = ""
    seconds: float = 0.0

    def due(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and self.path in path


class Handler(BaseHTTPRequestHandler):
    """One connection. The class is made anew for each server, with its state and routes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Head and body go out in two writes; the second would wait for an answer to the first."""
    state: ClassVar[State]
    faults: ClassVar[list[Fault]]
    log: ClassVar[list[str]]
    answer: ClassVar[Callable[[State, Request], Reply]]

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command, unquote(parts.path), dict(parse_qsl(parts.query)), headers,
            self.rfile.read(length),
        )  # fmt: skip
        request.query.pop("org", None)
        with self.state.lock:
            self.log.append(f"{self.command} {self.path}")
            fault = next((each for each in self.faults if each.due(self.command, self.path)), None)
            if fault:
                fault.times -= 1
        self._reply(request, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def _reply(self, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind == "drop":
            self._hang_up()
            return
        if fault and kind == "status":
            retry = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._send(Reply(fault.status, "<html>bad</html>", retry))
            return
        if kind == "html":
            self._send(Reply(200, "<html>login</html>"))
            return
        reply = self._answered(request)
        if kind == "lose":
            self._hang_up()
            return
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        self._send(reply)

    def _answered(self, request: Request) -> Reply:
        with self.state.lock:
            try:
                if request.headers.get("accept", KIND) == "application/json":
                    said = {"detail": "Could not satisfy the request Accept header."}
                    raise _refused(406, said)
                return type(self).answer(self.state, request)
            except Crash:
                return Reply(500, CRASHED)
            except Refused as refused:
                return Reply(refused.status, refused.body)

    def _send(self, reply: Reply) -> None:
        html = isinstance(reply.body, str)
        content = b"" if reply.body is None else (
            reply.body.encode() if html else json.dumps(reply.body).encode()
        )  # fmt: skip
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "text/html; charset=utf-8" if html else KIND)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """For the Date header: by the fake's clock."""
        return format_datetime(self.state.now(), usegmt=True)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
