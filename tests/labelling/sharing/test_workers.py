"""Two real worker processes score one round, and one of them is killed. Painted: synthetic."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.installations import PATIENCE, ROOT, Installation
from tests.labelling.judged import trained

pytestmark = pytest.mark.services
"""One of the two needs none, but is too long for `make test`."""
DRIVER = "tests.drivers.sharing_worker"


class Shared(Installation):
    """Driven through `tests.drivers.sharing_worker`."""

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", DRIVER, *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=2 * PATIENCE,
        )  # fmt: skip

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", DRIVER, *words], cwd=ROOT, env=self.environment
        )
        self.processes.append(process)
        return process


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return trained(tmp_path_factory.mktemp("model"), seed=1)


@pytest.fixture
def database() -> Iterator[str]:
    """A new PostgreSQL database beside that of DATABASE_URL."""
    given = os.environ["DATABASE_URL"]
    name = f"workbench_test_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(given)
    server.autocommit = True
    server.cursor().execute(f'CREATE DATABASE "{name}"')
    yield urlsplit(given)._replace(path=f"/{name}").geturl()
    server.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


def alone(folder: Path, model: Path) -> dict[str, str]:
    """The files that one worker makes."""
    folder.mkdir()
    installation = Shared(folder)
    installation.ask("setup", str(model))
    assert installation.call("conduct").returncode == 0
    return installation.ask("report")["files"]


def killed(process: subprocess.Popen[bytes]) -> None:
    assert process.wait(timeout=PATIENCE) == -signal.SIGKILL


def loses_a_helper_and_nothing_else(room: Path, model: Path, database: str = "") -> None:
    expected = alone(room / "alone", model)
    installation = Shared(room, database=database)
    installation.ask("setup", str(model))
    helper = installation.begin("help", "dying-1")  # it comes before there is anything to do
    try:
        conductor = installation.begin("conduct", "patient")
        killed(helper)
        installation.ask("expire")
        assert conductor.wait(timeout=PATIENCE) == 0
    finally:
        installation.stop()

    told = installation.ask("report")
    assert told["files"] == expected
    assert {each["state"] for each in told["shards"]} == {"done"}
    # One was begun twice, by the dead and by who took it up; all others once.
    assert sorted(each["token"] for each in told["shards"]) == [1, 1, 1, 2]


def loses_its_conductor_and_no_shard_that_was_done(room: Path, model: Path) -> None:
    expected = alone(room / "alone", model)
    installation = Shared(room)
    installation.ask("setup", str(model))
    try:
        killed(installation.begin("conduct", "dying-2"))
        left = installation.ask("report")["shards"]
        assert installation.call("conduct").returncode == 0
    finally:
        installation.stop()

    told = installation.ask("report")
    assert [each["state"] for each in left] == ["done", "running", "waiting", "waiting"]
    assert [each["token"] for each in told["shards"]] == [1, 2, 1, 1]
    assert told["files"] == expected


def test_after_a_killed_conductor_another_scores_only_what_is_left(tmp_path, model):
    loses_its_conductor_and_no_shard_that_was_done(tmp_path, model)


def test_a_killed_helper_costs_a_shard_and_the_result_is_the_same(tmp_path, model, database):
    loses_a_helper_and_nothing_else(tmp_path, model, database)
