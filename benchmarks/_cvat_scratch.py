"""A database and a storage of its own for what runs against the fake CVAT server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """Django, set up on an empty SQLite database in a folder that goes away again.

    Django can be set up once in a process, so this can be entered once.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "labelling.config.settings",
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "STORAGE_URL": f"file://{folder}/blobs",
            "CELERY_BROKER_URL": "memory://",
            "WORKBENCH_VAR": folder,
            "SECRET_KEY": "of a benchmark, and of nothing else",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Path(folder)
