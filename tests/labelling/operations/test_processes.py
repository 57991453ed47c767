"""Every command of the compose file, as a plain process on the environment's services."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from kombu import Connection, Queue

ROOT = Path(__file__).resolve().parents[3]
ENTRYPOINT = ROOT / "docker" / "entrypoint"
PATIENCE = 150.0
"""Seconds until a test gives up; far more than anything here needs."""
QUEUES = ("web", "io", "cvat", "score", "train")
SEND = """
import django, structlog
django.setup()
from labelling.enqueue import Job, enqueue
structlog.contextvars.bind_contextvars(request_id="sent-by-a-test")
enqueue(Job.CVAT_POLL)
"""

pytestmark = pytest.mark.services


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true: Callable[[], object], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, why()
        time.sleep(0.3)


class Container:
    """One service of the compose file, run by the image's entrypoint."""

    def __init__(self, name: str, service: dict, folder: Path, shared: dict[str, str]) -> None:
        self.name, self.command = name, service["command"]
        own = folder / name
        own.mkdir()
        self.log = own / "log"
        asked = service.get("environment", {})
        self.metrics, self.port = free_port(), free_port()
        self.environment = {
            **os.environ,
            **shared,
            **{key: str(asked[key]) for key in asked if key in ("WORKER_QUEUES", "LOG_FORMAT")},
            "WORKBENCH_HOME": str(ROOT),
            "WORKBENCH_VAR": str(own),
            "WORKER_CONCURRENCY": "1",
            "WORKER_NAME": name,
            "METRICS_PORT": str(self.metrics),
            "WEB_BIND": f"127.0.0.1:{self.port}",
            "WEB_PORT": str(self.port),
            "LOG_FORMAT": "json",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ENTRYPOINT, *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [ENTRYPOINT, self.command], env=self.environment, stdout=log, stderr=log
            )

    def said(self) -> str:
        return f"{self.name}: {self.log.read_text()[-3000:]}"

    def is_healthy(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.said()
        return self.run("healthy", self.command).returncode == 0

    def get(self, port: int, path: str) -> tuple[int, str]:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", headers={"Authorization": "Bearer for-the-test"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def lines(self) -> list[dict]:
        told = self.log.read_text().splitlines()
        return [json.loads(line) for line in told if line.startswith("{")]

    def stop(self) -> int:
        """Its exit status; a negative one would be a signal that it didn't deal with."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


def purge(broker: str) -> None:
    """Throw away what other tests sent there: it names rows of their databases."""
    with Connection(broker) as connection:
        for name in QUEUES:
            queue = Queue(name)(connection.default_channel)
            queue.declare()
            queue.purge()


@pytest.fixture
def containers(tmp_path) -> Iterator[dict[str, Container]]:
    """All services of ours, on a new PostgreSQL database beside that of DATABASE_URL."""
    given = os.environ["DATABASE_URL"]
    name = f"workbench_test_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(given)
    server.autocommit = True
    server.cursor().execute(f'CREATE DATABASE "{name}"')
    shared = {
        "DATABASE_URL": urlsplit(given)._replace(path=f"/{name}").geturl(),
        "CELERY_BROKER_URL": os.environ["CELERY_BROKER_URL"],
        "STORAGE_URL": (tmp_path / "blobs").as_uri(),
        "SECRET_KEY": "only for this test, only for this test, only for this",
        "METRICS_TOKEN": "for-the-test",
        "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
    }
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    ours = {
        service: Container(service, how, tmp_path, shared)
        for service, how in services.items()
        if "cloudmask-workbench" in how["image"]
    }
    purge(os.environ["CELERY_BROKER_URL"])
    yield ours
    for container in ours.values():
        if container.process and container.process.poll() is None:
            container.process.kill()
            container.process.wait()
    server.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


def test_every_command_of_the_compose_file_runs_is_well_and_ends_when_told(containers):
    migrate = containers.pop("migrate")
    web, worker, beat = (containers[name] for name in ("web", "worker", "beat"))
    web.start()
    until(web.is_healthy, web.said)
    early, why = web.get(web.port, "/readyz")
    assert early == 503
    assert "Not applied" in json.loads(why)["checks"]["migrations"]["why"]

    done = migrate.run(migrate.command)
    assert done.returncode == 0, done.stderr
    for container in containers.values():
        if container is not web:
            assert container.run("healthy", container.command).returncode == 1  # no pulse yet
            container.start()
    for container in containers.values():
        until(container.is_healthy, container.said)

    until(lambda: web.get(web.port, "/readyz")[0] == 200, web.said)
    assert "workbench_database_up 1.0" in web.get(web.port, "/metrics")[1]
    # What beat has sent the worker has done, and what it counted adds up in its own metrics.
    swept = "workbench_sweep_last_success_timestamp_seconds"
    until(lambda: swept in worker.get(worker.metrics, "/metrics")[1], worker.said)
    sender = [sys.executable, "-c", SEND]
    subprocess.run(sender, env=web.environment, cwd=ROOT, check=True, capture_output=True)
    until(
        lambda: [x for x in worker.lines() if x.get("request_id") == "sent-by-a-test"], worker.said
    )

    assert {name: container.stop() for name, container in containers.items()} == dict.fromkeys(
        containers, 0
    )
    for container in containers.values():
        assert container.lines(), container.name
        assert "Traceback" not in container.log.read_text(), container.said()
    assert not list((beat.log.parent / "pulse").glob("worker@*"))


def test_a_process_that_cannot_work_says_which_setting_is_wrong(containers):
    wrong = {
        "DATABASE_URL": ("mysql://x/y", "DATABASE_URL must start with"),
        "CELERY_BROKER_URL": ("http://x", "CELERY_BROKER_URL must start with"),
        "WEB_WORKERS": ("many", "WEB_WORKERS must be a"),
        "SECRET_KEY_FILE": ("/no/such/file", "SECRET_KEY_FILE: cannot read"),
    }
    web = containers["web"]
    right = dict(web.environment)
    for name, (value, message) in wrong.items():
        web.environment = {**right, name: value}

        ended = web.run("web")

        assert ended.returncode != 0
        assert message in ended.stdout + ended.stderr
