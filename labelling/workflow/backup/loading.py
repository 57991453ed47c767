"""Put a backup's rows into an empty database: all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any

from django.apps.registry import Apps
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, models, transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict
from labelling.workflow.backup.papers import Manifest, Table, read_piece
from labelling.workflow.backup.rows import kept_models

CHUNK = 1000
"""Rows inserted at a time."""
MADE_BY_MIGRATE = ("auth.permission", "contenttypes.contenttype")
"""Rows that a database has as soon as it has tables; the backup's take their place."""
DRAFTS = "labelling.draft"


def check_empty(registry: Apps) -> None:
    """Raises Conflict naming the first model that has rows."""
    for model in kept_models(registry):
        label = model._meta.label_lower
        if label not in MADE_BY_MIGRATE and model._base_manager.exists():
            raise Conflict(
                f"The database isn't empty: it has rows of {label}.",
                field="database",
                help="Restore into a new database, named by DATABASE_URL.",
            )


def load(
    place: Blobs,
    manifest: Manifest,
    registry: Apps,
    *,
    without_drafts: Collection[str],
    step: Callable[[int], object],
) -> int:
    """Insert all rows, as they were, in one transaction; how many.

    Drafts whose blobs are among the keys `without_drafts` are left out. Triggers of the append-only
    tables stay in force: they refuse changes, and insertions are none. Raises Conflict when there
    are rows already, BadInput when a table of the backup is damaged or doesn't fit.
    """
    known = {model._meta.label_lower: model for model in kept_models(registry)}
    loaded = 0
    with transaction.atomic(durable=True):
        check_empty(registry)
        for label in MADE_BY_MIGRATE:
            known[label]._base_manager.all().delete()
        for table in manifest.tables:
            if table.model not in known:
                raise _unfit(table, "this version has no such rows")
            skip = without_drafts if table.model == DRAFTS else ()
            loaded += _load_table(place, table, known[table.model], skip, step)
        connection.check_constraints()
    ContentType.objects.clear_cache()
    return loaded


def _load_table(
    place: Blobs,
    table: Table,
    model: type[models.Model],
    skip: Collection[str],
    step: Callable[[int], object],
) -> int:
    lines = (line for line in read_piece(place, table.rows) if not _skipped(table, line, skip))
    loaded = 0
    try:
        # One that breaks a rule of the table fails at once, and can be named.
        while chunk := list(_made(model, table, islice(lines, CHUNK))):
            model._base_manager.bulk_create(chunk)
            loaded += len(chunk)
            step(len(chunk))
        _go_on_from(model, table.last)
    except (DatabaseError, ValueError, TypeError) as error:
        raise _unfit(table, (str(error).splitlines() or ["?"])[0]) from error
    return loaded


def _made(
    model: type[models.Model], table: Table, lines: Iterator[list[Any]]
) -> Iterator[models.Model]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    read = [fields[name].to_python for name in table.fields if name in fields]
    if len(read) != len(table.fields):
        raise ValueError(f"it has no column {sorted(set(table.fields) - fields.keys())[0]}")
    for line in lines:
        values = (convert(value) for convert, value in zip(read, line, strict=True))
        yield model(**dict(zip(table.fields, values, strict=True)))


def _skipped(table: Table, line: list[Any], keys: Collection[str]) -> bool:
    return bool(keys) and line[table.fields.index("label")] in keys


def _go_on_from(model: type[models.Model], last: int) -> None:
    """Number new rows from there on, so that no number of a deleted row is given again."""
    if not last:
        return
    key = model._meta.pk
    assert key is not None  # every model that is kept has one
    table, column = model._meta.db_table, key.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{table}"', column, last]
            )
            return
        cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [last, table])
        if not cursor.rowcount:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])


def _unfit(table: Table, why: str) -> BadInput:
    return BadInput(
        f"Rows of {table.model} in {table.rows.key} can't be taken: {why}.",
        field="backup",
        help="The database is as it was. Take another backup.",
    )
