"""A round whose worker is killed at any of its steps ends as if nothing had happened.

Real processes, really killed; painted (synthetic) tiles.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Workbench:
    """An installation of its own, driven through worker processes."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ,
            "WORKBENCH_VAR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/workbench.sqlite3",
            "STORAGE_URL": f"file://{folder}/blobs",
            "CELERY_BROKER_URL": "memory://",
            "TORCH_THREADS": "1",
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
        }
        self.call("setup")

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.drivers.dying_worker", *words]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300
        )

    def killed_at(self, where: str) -> None:
        ended = self.call("work", where)
        assert ended.returncode == -signal.SIGKILL, f"{where}: {ended.stdout} {ended.stderr}"

    def report(self) -> dict:
        told = self.call("report")
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict:
    workbench = Workbench(tmp_path_factory.mktemp("undisturbed"))
    workbench.call("work")
    report = workbench.report()
    assert (report["state"], report["error"], len(report["tasks"])) == ("done", "", 5)
    return report


def heavy_children(folder: Path) -> list[int]:
    """Processes, still alive, that work inside `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            dead = "\nState:\tZ" in (entry / "status").read_text()
        except OSError:
            continue
        if str(folder).encode() in words and not dead:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "deaths",
    [
        ["freeze:prepared", "fit:midway", "fit:prepared", "score:midway"],
        ["score:prepared", "pick:prepared", "open:prepared"],
    ],
    ids=["early", "late"],
)
def test_a_round_killed_at_its_steps_ends_identically(deaths, undisturbed, tmp_path):
    workbench = Workbench(tmp_path)

    for where in deaths:
        workbench.killed_at(where)
        assert heavy_children(tmp_path / "blobs") == [], f"{where} left an orphan"
    workbench.call("work")

    assert workbench.report() == undisturbed
