"""Benchmarks in phases: each in a process of its own, so that its memory is its own as well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def phase(module: str, name: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Run one phase of a benchmark's module on an installation in `folder`; what it found."""
    words = [sys.executable, "-m", module, "--phase", name, "--folder", str(folder)]
    scratch = {
        "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
        "WORKBENCH_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/workbench.sqlite3",
        "STORAGE_URL": f"file://{folder}/blobs",
    }
    done = subprocess.run(
        [*words, *(["--quick"] if quick else [])],
        env=os.environ | scratch, stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
