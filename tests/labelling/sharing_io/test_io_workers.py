"""Real workers share an ingest; one is killed, and nothing is lost. Noise for pixels: synthetic."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.installations import ROOT, Installation, embedded_at, served_at

pytestmark = pytest.mark.services
"""One of the two needs none, but is too long for `make test`."""
STUCK = ("scene-10.tif", "scene-11.tif")
"""The last two products: one for each worker."""
OPERATING = ROOT / "docs" / "operating.md"


class Site(Installation):
    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.drivers.shared_ingest", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300
        )

    def helper(self, name: str) -> subprocess.Popen[bytes]:
        """One more worker, by the command of docs/operating.md."""
        words = documented()
        words[words.index("--hostname") + 1] = f"{name}@%h"
        return self.celery(*words)


def documented() -> list[str]:
    """The words after `celery --app labelling.config.celery` of the command that adds a worker."""
    pattern = r"^\.venv/bin/celery --app labelling\.config\.celery (worker .*--queues io,score.*)$"
    (command,) = re.findall(pattern, OPERATING.read_text(), re.MULTILINE)
    return shlex.split(command)


@pytest.fixture
def embedded(tmp_path) -> Iterator[Site]:
    with embedded_at(tmp_path, Site) as site:
        yield site


@pytest.fixture
def served(tmp_path) -> Iterator[Site]:
    with served_at(tmp_path, Site) as site:
        yield site


def survives_the_death_of_a_worker(site: Site, tmp_path: Path) -> None:
    site.ask("setup")
    workers = {str(each.pid): each for each in (site.helper("one"), site.helper("two"))}
    site.until(lambda _: (site.folder / "celery.log").read_text().count(" ready.") == 2)
    site.ask("begin", *STUCK)
    seen = site.until(lambda told: told["done"] == 10 and set(told["helpers"]) & set(workers))

    (killed,) = set(seen["helpers"]) & set(workers)
    workers[killed].send_signal(signal.SIGKILL)
    workers[killed].wait()
    for name in STUCK:
        let_go(site.folder / "products" / name)
    site.ask("expire")
    ended = site.until(lambda told: told["state"] in ("done", "failed"))

    assert (ended["state"], ended["error"], ended["done"]) == ("done", "", 12)
    (tmp_path / "alone").mkdir()
    undisturbed = Site(tmp_path / "alone")
    undisturbed.ask("setup")
    assert site.ask("outcome") == undisturbed.ask("alone")


def let_go(path: Path) -> None:
    """The product is there; who waits for the pipe finds it at its end, and goes on."""
    pipe = path.with_suffix(".pipe")
    path.rename(pipe)
    path.with_suffix(".real").rename(path)
    with suppress(OSError):  # whoever waited was killed
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def test_two_workers_share_an_ingest_and_one_dies(served, tmp_path):
    survives_the_death_of_a_worker(served, tmp_path)


def test_the_command_hands_an_ingest_to_a_worker_and_waits_for_it(embedded):
    embedded.ask("setup")
    embedded.helper("one")
    command = [sys.executable, "manage.py", "ingest", str(embedded.folder / "products")]

    done = subprocess.run(
        [*command, "--campaign", "north", "--workers", "--json"],
        cwd=ROOT, env=embedded.environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["tiles_new"], told["fenced"]) == (48, {"near duplicate": 8})
