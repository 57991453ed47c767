from __future__ import annotations

from typing import Any

from django.db import migrations

# (table, column, what it would do): a change of these moves tiles from one split to another.
FOR_EVER = (
    ("labelling_place", "split", "a place stays in its split"),
    ("labelling_place", "square", "a place stays on its ground"),
    ("labelling_acquisition", "place_id", "an acquisition stays at its place"),
    ("labelling_tile", "acquisition_id", "a tile stays with its acquisition"),
    ("labelling_installation", "split_shares", "the split is frozen"),
    ("labelling_installation", "split_seed", "the split is frozen"),
)


def guard(apps: Any, schema_editor: Any) -> None:
    for table, column, reason in FOR_EVER:
        for statement in WRITTEN[schema_editor.connection.vendor](table, column, reason):
            schema_editor.execute(statement)


def free(apps: Any, schema_editor: Any) -> None:
    on_table = schema_editor.connection.vendor == "postgresql"
    for table, column, _ in FOR_EVER:
        where = f" ON {table}" if on_table else ""
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{column}_for_ever{where}")
        if on_table:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_{column}_for_ever()")


def in_sqlite(table: str, column: str, reason: str) -> list[str]:
    return [
        f"""CREATE TRIGGER {table}_{column}_for_ever BEFORE UPDATE OF {column} ON {table}
        WHEN OLD.{column} IS NOT NEW.{column} BEGIN SELECT RAISE(ABORT, '{reason}'); END"""
    ]


def in_postgresql(table: str, column: str, reason: str) -> list[str]:
    name = f"{table}_{column}_for_ever"
    return [
        f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{reason}' USING ERRCODE = 'check_violation'; END $$""",
        f"""CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
        WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {name}()""",
    ]


WRITTEN = {"sqlite": in_sqlite, "postgresql": in_postgresql}


class Migration(migrations.Migration):
    """The database itself refuses to move a tile to another split.

    SQLite forgets a table's triggers when a later migration rebuilds it: such a migration must end
    with `guard` again. tests/labelling/test_places_stay_put.py fails where one forgot.
    """

    dependencies = [("labelling", "0002_imagery")]

    operations = [migrations.RunPython(guard, free)]
