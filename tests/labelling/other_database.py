"""Another database for the process to work in, until a block ends."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from django.db import connection, connections


@contextmanager
def working_in(name: str) -> Iterator[None]:
    """In the database of that name (SQLite: that file) on the same server."""
    usual = connections["default"]
    connections["default"] = type(usual)({**usual.settings_dict, "NAME": name}, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual


@contextmanager
def empty_database(folder: Path) -> Iterator[None]:
    """In one without any tables."""
    if connection.vendor == "sqlite":
        with working_in(str(folder / f"{uuid.uuid4().hex}.sqlite3")):
            yield
        return
    name = f"other_{uuid.uuid4().hex}"
    with closing(psycopg2.connect(**connection.get_connection_params())) as server:
        server.autocommit = True
        server.cursor().execute(f"CREATE DATABASE {name}")
        try:
            with working_in(name):
                yield
        finally:
            server.cursor().execute(f"DROP DATABASE {name}")


def copied_to(file: Path) -> None:
    """The tests' SQLite database, which is in memory, into a file that others can write to."""
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL")
