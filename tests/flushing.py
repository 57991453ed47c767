"""Emptying the database between tests that commit, although it refuses to forget what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

guards = import_module("labelling.migrations.0005_append_only")
flush = BaseDatabaseOperations.execute_sql_flush


class Statements:
    """As much of a schema editor as the guards need; also inside a transaction."""

    connection = connection

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def lifted() -> Iterator[None]:
    """Without the guards of append-only tables: as after damage that no rule of ours foresaw."""
    settle()
    guards.free(None, Statements())
    yield
    settle()
    guards.guard(None, Statements())


def settle() -> None:
    """PostgreSQL changes no trigger of a table while checks of its rows are still to come."""
    if connection.in_atomic_block:
        connection.check_constraints()


def flush_all(operations: BaseDatabaseOperations, statements: list[str]) -> None:
    with lifted():
        flush(operations, statements)


def install(monkeypatch: Any) -> None:
    monkeypatch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_all)
