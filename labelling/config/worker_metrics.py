"""A Celery worker answers `/metrics` on METRICS_PORT with what its processes counted.

With METRICS_TOKEN on every address and to who has the token; without, on loopback alone.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from celery import Celery, signals
from django.conf import settings

logger = logging.getLogger(__name__)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REASONS = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: it is asked every few seconds."""


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    from labelling.api.metrics import Answer, answer

    found = environ["PATH_INFO"] == "/metrics"
    told = answer(environ) if found else Answer(404, b"", {"Content-Type": "text/plain"})
    start(f"{told.status} {REASONS[told.status]}", list(told.headers.items()))
    return [told.body]


def install(app: Celery) -> None:
    if settings.METRICS_PORT:
        signals.worker_init.connect(make_folder)
        signals.worker_ready.connect(serve)
        signals.worker_shutdown.connect(remove_folder)


def make_folder(**signal: Any) -> None:
    """For the counts, before there are processes that count."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="workbench-counts-")


def remove_folder(**signal: Any) -> None:
    shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


def serve(**signal: Any) -> None:
    """A port that is taken is logged: the worker's work is worth more than its metrics."""
    host = "0.0.0.0" if settings.METRICS_TOKEN else "127.0.0.1"
    try:
        server = make_server(host, settings.METRICS_PORT, application, Server, Silent)
    except OSError as error:
        logger.error("METRICS_PORT %d can't be used: %s", settings.METRICS_PORT, error.strerror)
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
