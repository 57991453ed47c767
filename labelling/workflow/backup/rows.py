"""All rows of one moment, as lines of JSON that any kind of database takes back.

Not pg_dump: it need not be there, must be as new as the server, and writes what SQLite can't read.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.apps.registry import Apps
from django.db import connection, models, transaction
from django.utils.duration import duration_iso_string

from labelling.adapters.blobs import Blobs
from labelling.workflow.backup.papers import BACKUPS, Table, write_piece

CHUNK = 1000
"""Rows read at a time."""
PASSING = ("sessions", "axes")
"""Apps whose rows aren't kept: who is signed in, and who was locked out."""


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read in the block is what the database held at its beginning; others go on writing.

    Not inside a transaction.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # Not `atomic`: it begins IMMEDIATE, and nobody could write meanwhile.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            cursor.execute("SELECT count(*) FROM django_migrations")  # the moment is the first read
            yield
        finally:
            cursor.execute("ROLLBACK")


def kept_models(registry: Apps = apps) -> list[type[models.Model]]:
    """Models whose rows are backed up, by their names."""
    found = [
        model
        for model in registry.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.app_label not in PASSING
    ]
    return sorted(found, key=lambda model: model._meta.label_lower)


def dump(place: Blobs, name: str, step: Callable[[int], object]) -> list[Table]:
    """Store the rows of every model under backup `name`; `step(rows)` after each chunk."""
    return [_dump_model(model, place, name, step) for model in kept_models()]


def count_rows() -> int:
    return sum(model._base_manager.count() for model in kept_models())


def written_fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """Columns that aren't computed by the database itself."""
    return [field for field in model._meta.concrete_fields if not field.generated]


def highest(model: type[models.Model]) -> int:
    """The highest number that the database ever gave to a row: deleted ones never come again."""
    key = model._meta.pk
    if not isinstance(key, models.AutoField):
        return 0
    with connection.cursor() as cursor:
        return _highest[connection.vendor](cursor, model._meta.db_table, key.column)


def _dump_model(
    model: type[models.Model], place: Blobs, name: str, step: Callable[[int], object]
) -> Table:
    label, fields = model._meta.label_lower, [each.attname for each in written_fields(model)]
    piece = write_piece(
        place, f"{BACKUPS}{name}/rows/{label}.jsonl.gz", _lines(model, fields, step)
    )
    return Table(label, tuple(fields), highest(model), piece)


def _lines(
    model: type[models.Model], fields: list[str], step: Callable[[int], object]
) -> Iterator[list[Any]]:
    assert model._meta.pk is not None
    ordered, key = model._base_manager.order_by("pk"), fields.index(model._meta.pk.attname)
    page = list(ordered.values_list(*fields)[:CHUNK])
    while page:
        for row in page:
            yield [plain(value) for value in row]
        step(len(page))
        page = list(ordered.filter(pk__gt=page[-1][key]).values_list(*fields)[:CHUNK])


def plain(value: Any) -> Any:
    """A column's value as JSON has it; `to_python` of its field is the inverse."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return duration_iso_string(value) if isinstance(value, timedelta) else value


def _highest_in_sqlite(cursor: Any, table: str, _: str) -> int:
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
    found = cursor.fetchone()
    return int(found[0]) if found else 0


def _highest_in_postgresql(cursor: Any, table: str, column: str) -> int:
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
    cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")
    last, called = cursor.fetchone()
    return int(last) if called else 0


_highest = {"sqlite": _highest_in_sqlite, "postgresql": _highest_in_postgresql}
