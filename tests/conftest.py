"""Fixtures for everybody: Ana and Ben annotate, Rita reviews, Lea leads, Max is an outsider."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labelling.config import celery_app

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop running


@pytest.fixture(autouse=True)
def scratch(settings, tmp_path: Path) -> Path:
    """Every test has a storage and a var folder of its own."""
    settings.WORKBENCH_VAR = tmp_path / "var"
    settings.WORKBENCH_VAR.mkdir()
    settings.STORAGE_URL = f"file://{settings.WORKBENCH_VAR / 'blobs'}"
    return settings.WORKBENCH_VAR


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict]]:
    """Jobs sent to the broker, (name, ids) each: tests record them and call the function itself."""
    jobs: list[tuple[str, dict]] = []
    monkeypatch.setattr(
        celery_app, "send_task", lambda name, kwargs=None, **_: jobs.append((name, kwargs))
    )
    return jobs


ROOT = Path(__file__).resolve().parents[1]
SAMPLES = Path(os.environ.get("WORKBENCH_SAMPLES") or ROOT.parent / "shared" / "data")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are no real tiles, their tests are left out and named; never in CI."""
    if SAMPLES.is_dir() or os.environ.get("CI"):
        return
    real = [item for item in items if "samples" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=real)
    items[:] = [item for item in items if item not in real]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not SAMPLES.is_dir():
        terminalreporter.write_line(
            f"Left out: the tests on real tiles. There is no folder {SAMPLES}; "
            "name another by WORKBENCH_SAMPLES."
        )


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real tiles beside the checkout (override: WORKBENCH_SAMPLES)."""
    return SAMPLES
