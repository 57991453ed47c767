"""Fixtures for everybody: Ana and Ben annotate, Rita reviews, Lea leads, Max is an outsider."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labelling.config import celery_app
from tests import flushing

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop running


@pytest.fixture(autouse=True)
def scratch(settings, tmp_path: Path) -> Path:
    """Every test has a storage and a var folder of its own."""
    settings.WORKBENCH_VAR = tmp_path / "var"
    settings.WORKBENCH_VAR.mkdir()
    settings.STORAGE_URL = f"file://{settings.WORKBENCH_VAR / 'blobs'}"
    return settings.WORKBENCH_VAR


@pytest.fixture(autouse=True)
def quick_hashes(settings) -> None:
    """Hashing passwords slowly, as it should be, would be most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def flushable() -> Iterator[None]:
    """The database refuses to forget labels and events; between tests it has to."""
    with pytest.MonkeyPatch.context() as patch:
        flushing.install(patch)
        yield


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
MASKERS = ("s2cloudless", "ukis_csmask", "onnxruntime")

NEEDS = {
    "samples": (
        SAMPLES.is_dir(),
        f"the tests on real tiles. There is no folder {SAMPLES}; name another by WORKBENCH_SAMPLES",
    ),
    "maskers": (
        all(importlib.util.find_spec(name) for name in MASKERS),
        "the tests that run other people's maskers. Install them with make maskers",
    ),
}
"""Fixtures that some machines can't give: whether this one can, and what is left out if not."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that need what isn't here are left out and named; in CI they fail instead."""
    if os.environ.get("CI"):
        return
    lacking = {name for name, (here, _) in NEEDS.items() if not here}
    left_out = [item for item in items if lacking & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for here, what in NEEDS.values():
        if not here:
            terminalreporter.write_line(f"Left out: {what}.")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real tiles beside the checkout (override: WORKBENCH_SAMPLES)."""
    return SAMPLES


@pytest.fixture(scope="session")
def maskers() -> None:
    """The extra [maskers] is installed."""
    assert NEEDS["maskers"][0], NEEDS["maskers"][1]


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported stays: looking through it again and again is a good part of a run."""
    gc.collect()
    gc.freeze()
