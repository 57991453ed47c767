"""Whether what the workbench stands on is there: database, migrations, broker, storage, disk.

Each check runs in a thread of its own, so that one that hangs holds up neither the others nor who
asked; asked again while it hangs, it isn't begun a second time.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from labelling.adapters.blobs import store
from labelling.errors import WorkbenchError

LIMIT = 3.0
"""Seconds that all checks have together."""
FRESH = 1.0
"""Seconds that an answer is good for: whoever asks more often learns nothing more."""
LEAST_SPACE = 64 * 2**20
"""Bytes free in WORKBENCH_VAR: below, neither labels nor a database have room."""
logger = logging.getLogger(__name__)


class Unready(Exception):
    """What a check found wrong; its text is fit for everybody to read."""


def database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise Unready(f"{place_of(settings.DATABASE_URL)} can't be reached.") from error


def migrations() -> None:
    """Every migration of this code is applied, and no other."""
    try:
        executor = MigrationExecutor(connection)
        ahead = applied_but_unknown(executor.loader)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise Unready("The database can't be asked.") from error
    if ahead:
        raise Unready(
            f"The database is newer than this code: it has {', '.join(ahead)}. Install the version "
            "that made it, or restore a backup."
        )
    if behind:
        names = [f"{step.app_label}.{step.name}" for step, _ in behind]
        raise Unready(
            f"Not applied: {', '.join(names[:3])}{' …' * (len(names) > 3)}. Run manage.py migrate."
        )


def applied_but_unknown(loader: MigrationLoader) -> list[str]:
    """Of the apps there are: what a newer version applied. An app that went away left its own."""
    known = set(loader.disk_migrations)
    replaced = {old for each in loader.disk_migrations.values() for old in each.replaces}
    applied = set(loader.applied_migrations or {})
    strange = applied - known - replaced
    return sorted(f"{app}.{name}" for app, name in strange if app in loader.migrated_apps)


def broker() -> None:
    with current_app.connection_for_write(
        settings.CELERY_BROKER_URL, connect_timeout=LIMIT
    ) as link:
        try:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=LIMIT)
        except Exception as error:  # each transport has errors of its own
            where = place_of(settings.CELERY_BROKER_URL)
            raise Unready(f"{where} doesn't answer ({type(error).__name__}).") from error


def blobs() -> None:
    """A blob can be written, read and removed."""
    key = f"probe/{socket.gethostname()}-{os.getpid()}"
    storage = store()
    content = os.urandom(16)
    try:
        storage.write(key, content)
        same = storage.read(key) == content
    finally:
        storage.delete(key)
    if not same:
        raise Unready("Storage gave back other bytes than were written.")


def disk() -> None:
    free = shutil.disk_usage(settings.WORKBENCH_VAR).free
    if free < LEAST_SPACE:
        raise Unready(
            f"WORKBENCH_VAR has {free // 2**20} MiB left, {LEAST_SPACE // 2**20} are needed."
        )


CHECKS: dict[str, Callable[[], None]] = {
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "blobs": blobs,
    "disk": disk,
}


@dataclass
class Attempt:
    """One run of a check."""

    name: str
    begun: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    why: str = ""
    """What is wrong; empty: nothing."""

    def run(self) -> None:
        try:
            CHECKS[self.name]()
        except Exception as error:
            self.why = why(error)
            # Everybody may read the answer; what the cause was is for the log alone.
            foreseen = isinstance(error, Unready)
            cause = error.__cause__ if foreseen else error
            logger.warning("not ready: %s: %s", self.name, self.why, exc_info=cause)
        finally:
            connections.close_all()
            self.ended.set()

    @property
    def useful(self) -> bool:
        return not self.ended.is_set() or time.monotonic() - self.begun < FRESH


_attempts: dict[str, Attempt] = {}
_lock = threading.Lock()


def readiness(*, limit: float = LIMIT) -> dict[str, str]:
    """{check: what is wrong, empty where nothing is}, within `limit` seconds."""
    deadline = time.monotonic() + limit
    attempts = [attempt_at(name) for name in CHECKS]
    for each in attempts:
        each.ended.wait(max(deadline - time.monotonic(), 0))
    return {
        each.name: each.why if each.ended.is_set() else f"No answer within {limit:g} s."
        for each in attempts
    }


def attempt_at(name: str) -> Attempt:
    """The one that runs or has just ended, else a new one."""
    with _lock:
        latest = _attempts.get(name)
        if latest is None or not latest.useful:
            latest = _attempts[name] = Attempt(name)
            # A daemon: a check that hangs doesn't keep the process from ending.
            threading.Thread(target=latest.run, name=f"ready-{name}", daemon=True).start()
        return latest


def why(error: Exception) -> str:
    """Fit for everybody: our own words, or what the system calls it."""
    if isinstance(error, (Unready, WorkbenchError)):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"It failed ({type(error).__name__}); the log says more."


def place_of(url: str) -> str:
    """What a URL names, without user and password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
