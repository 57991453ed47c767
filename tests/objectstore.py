"""A real S3 API on loopback (moto's server in a thread), which can be told to fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEYS = {"AWS_ACCESS_KEY_ID": "workbench", "AWS_SECRET_ACCESS_KEY": "workbench-secret"}
Fault = Callable[[str, str], str]
"""(method, path) → "" to answer, else a status line such as `500 Internal Server Error`."""


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None: ...


@dataclass
class ObjectStore:
    """The server, all requests it got, and the fault it shows."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    fault: Fault = lambda method, path: ""
    code: str = ""
    """With which the fault is told, as S3 does; empty: without a word."""
    cuts: int = 0
    """How many of the next answers to GET end half-way: their connections break off."""

    def __post_init__(self) -> None:
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __call__(self, environ: dict, start_response: Callable) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append((method, path))
        if status := self.fault(method, path):
            start_response(status, [("Content-Type", "application/xml")])
            return [told(self.code) if self.code else b""]
        answer = self.moto(environ, start_response)
        if self.cuts and method == "GET":
            self.cuts -= 1
            return half(b"".join(answer))
        return answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @cached_property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @contextmanager
    def failing(self, fault: Fault, *, code: str = "") -> Iterator[None]:
        self.fault, self.code = fault, code
        try:
            yield
        finally:
            self.fault, self.code = lambda method, path: "", ""

    def names(self, bucket: str) -> list[str]:
        """Of all objects in a bucket, and of all uploads that were begun and not ended."""
        client = self.client
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        begun = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        there = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return there + [f"begun: {each['Key']}" for each in begun]

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def told(code: str) -> bytes:
    """The body of an answer with an error, as S3 words it."""
    return f"<Error><Code>{code}</Code><Message>As {code} goes.</Message></Error>".encode()


def half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionError("cut on purpose")


def always(status: str) -> Fault:
    return lambda method, path: status


def on(wanted: str, status: str) -> Fault:
    """A fault of requests with one method."""
    return lambda method, path: status if method == wanted else ""


def hanging(seconds: float) -> Fault:
    def hang(method: str, path: str) -> str:
        time.sleep(seconds)
        return ""

    return hang
