"""Real worker and beat processes, on the embedded broker and on the environment's services."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.installations import Installation


@pytest.fixture
def embedded(tmp_path) -> Iterator[Installation]:
    """SQLite and the filesystem broker."""
    installation = Installation(tmp_path, broker="filesystem://localhost")
    yield installation
    installation.stop()


@pytest.fixture
def served(tmp_path) -> Iterator[Installation]:
    """A new PostgreSQL database beside that of DATABASE_URL; the broker of CELERY_BROKER_URL."""
    given = os.environ["DATABASE_URL"]
    name = f"workbench_test_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(given)
    server.autocommit = True
    server.cursor().execute(f'CREATE DATABASE "{name}"')
    database = urlsplit(given)._replace(path=f"/{name}").geturl()
    installation = Installation(tmp_path, database=database, broker=os.environ["CELERY_BROKER_URL"])
    yield installation
    installation.stop()
    server.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


def does_a_round_and_survives_its_workers_death(installation: Installation) -> None:
    first = installation.worker()
    installation.ask("setup")
    installation.until(lambda status: status["progress"].get("stage") == "fit")

    first.send_signal(signal.SIGKILL)
    first.wait()
    installation.ask("expire")
    installation.worker()

    ended = installation.until(lambda status: status["state"] in ("done", "failed"))
    assert (ended["state"], ended["step"]) == ("done", "done")
    assert ended["attempts"] >= 2


def beat_returns_an_abandoned_tile(installation: Installation) -> None:
    installation.ask("setup")
    installation.ask("work")
    installation.ask("claim")
    assert installation.ask("status")["reserved"] == 1
    installation.worker()

    installation.ask("expire")
    installation.celery("beat")

    installation.until(lambda status: status["reserved"] == 0)


def test_a_worker_on_the_embedded_broker_finishes_what_a_killed_one_began(embedded):
    does_a_round_and_survives_its_workers_death(embedded)


def test_beat_on_the_embedded_broker_returns_an_abandoned_tile(embedded):
    beat_returns_an_abandoned_tile(embedded)


@pytest.mark.services
def test_a_worker_on_the_services_finishes_what_a_killed_one_began(served):
    does_a_round_and_survives_its_workers_death(served)


@pytest.mark.services
def test_beat_on_the_services_returns_an_abandoned_tile(served):
    beat_returns_an_abandoned_tile(served)
