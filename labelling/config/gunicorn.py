"""gunicorn's configuration: `gunicorn --config python:labelling.config.gunicorn`.

Values that differ between installations come from the environment (`.env.example`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from labelling.config import env

# --- what is served, and by how many
wsgi_app = "labelling.config.wsgi:application"
bind = env.text("WEB_BIND") or "127.0.0.1:8000"
workers = env.whole("WEB_WORKERS", 2, low=1, high=64)
threads = env.whole("WEB_THREADS", 4, low=1, high=64)
worker_class = "gthread"
# The parent loads the application: an error in it is one message and a process that ends, not
# workers that die in turn, and a worker that is replaced answers after a fork.
preload_app = True

# --- how long
# For a worker that stands still. A thread that hangs doesn't count: the loop answers the parent.
timeout = env.whole("WEB_TIMEOUT", 60, low=5, high=3600)
# Requests under way may end; docker/compose.yaml waits longer than this.
graceful_timeout = env.whole("WEB_GRACE", 20, low=1, high=600)
keepalive = 5
# Memory that a library leaks goes back; the jitter keeps two workers from ending in one moment.
max_requests = env.whole("WEB_MAX_REQUESTS", 20_000, low=0, high=10_000_000)
max_requests_jitter = max_requests // 10
# The heartbeat's file: on a disk a write can stand still, and a worker would be taken for dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None

# --- who may say for whom he asks
forwarded_allow_ips = env.text("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"
limit_request_line = 8190
limit_request_field_size = 8190
control_socket_disable = True

# --- logs: the access line is ours (api/observing.py), with ids that gunicorn doesn't know
accesslog = None
errorlog = "-"
logconfig_dict = settings.LOGGING

# --- metrics: a file for each worker, before the first module that counts is loaded
COUNTS = tempfile.mkdtemp(prefix="workbench-counts-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = COUNTS


def post_worker_init(worker: Any) -> None:
    """The first worker says at once, with the cause, what `/readyz` is going to say.

    Not before the fork: a check that hangs then would be under way in every worker for ever.
    """
    from labelling.adapters.readiness import readiness

    if worker.place == 0:
        threading.Thread(target=readiness, daemon=True).start()


def pre_fork(server: Any, worker: Any) -> None:
    """The lowest place that no living worker has: its counts go on where the last one's ended."""
    from labelling.insights.metrics import lowest_free

    worker.place = lowest_free(each.place for each in server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    from labelling.insights.metrics import take_place

    take_place(f"web-{worker.place}")


def on_exit(server: Any) -> None:
    shutil.rmtree(COUNTS, ignore_errors=True)
