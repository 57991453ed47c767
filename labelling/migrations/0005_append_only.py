from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations, models

NEVER_CHANGED = {
    "labelling_event": "events are append-only: what happened is never rewritten",
    "labelling_snapshot": "a snapshot is never changed: make another one",
    "labelling_classschema": "classes are never edited: make their next version",
}
"""Tables whose rows stay as they were written."""
LABELS = "labelling_annotation"
NO_NEW_LABEL = "labels are append-only: make the next version"
FROZEN = (
    "id", "uuid", "acquisition_id", "schema_id", "n", "task_id", "author_id", "author_name", "tool",
    "source", "licence", "trust", "origin", "parent_id", "kind", "raster", "sha256", "pixels",
    "labelled_share", "difficulty", "note", "checks", "created",
)  # fmt: skip
"""Columns of a label that never change."""
FILLED_ONCE = {"shown_id": "NULL", "kept": "'{}'", "compared": "NULL"}
"""Columns that are counted after the label came in → what they hold until then."""


def guard(apps: Any, schema_editor: Any) -> None:
    write = WRITTEN[schema_editor.connection.vendor]
    for table, reason in NEVER_CHANGED.items():
        for statement in write(table, reason, changed=""):
            schema_editor.execute(statement)
    for statement in write(LABELS, NO_NEW_LABEL, changed=changed(schema_editor.connection.vendor)):
        schema_editor.execute(statement)


def free(apps: Any, schema_editor: Any) -> None:
    on_table = schema_editor.connection.vendor == "postgresql"
    for table in (*NEVER_CHANGED, LABELS):
        for what in ("update", "delete", "truncate"):
            where = f" ON {table}" if on_table else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only_{what}{where}")
        if on_table:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")


def changed(vendor: str) -> str:
    """The condition under which an UPDATE of a label is refused."""
    other = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    frozen = [f"NEW.{name} {other} OLD.{name}" for name in FROZEN]
    filled = [
        f"(OLD.{name} {other} {empty} AND NEW.{name} {other} OLD.{name})"
        for name, empty in FILLED_ONCE.items()
    ]
    return " OR ".join(frozen + filled)


def in_sqlite(table: str, reason: str, *, changed: str) -> list[str]:
    when = f"WHEN {changed}" if changed else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    return [
        f"CREATE TRIGGER {table}_append_only_update BEFORE UPDATE ON {table} {when} {refuse}",
        f"CREATE TRIGGER {table}_append_only_delete BEFORE DELETE ON {table} {refuse}",
    ]


def in_postgresql(table: str, reason: str, *, changed: str) -> list[str]:
    name = f"{table}_append_only"
    when = f"WHEN ({changed})" if changed else ""
    return [
        f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{reason}' USING ERRCODE = 'check_violation'; END $$""",
        f"""CREATE TRIGGER {name}_update BEFORE UPDATE ON {table} FOR EACH ROW {when}
        EXECUTE FUNCTION {name}()""",
        f"CREATE TRIGGER {name}_delete BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {name}()",
    ]


WRITTEN = {"sqlite": in_sqlite, "postgresql": in_postgresql}


class Migration(migrations.Migration):
    """The database itself refuses to change or delete labels, events, snapshots and classes.

    SQLite forgets a table's triggers when a later migration rebuilds it, and a column that a later
    migration adds to labels isn't guarded yet: such a migration must end with `free` and `guard`
    of its own. tests/labelling/test_append_only.py fails where one forgot.
    """

    dependencies = [
        ("labelling", "0004_queue_quality_and_models"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["campaign", "when", "id"], name="event_by_time"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["campaign", "verb", "when", "id"], name="event_by_verb"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["campaign", "who", "when", "id"], name="event_by_person"),
        ),
        migrations.AlterField(
            model_name="campaigntile",
            name="tile",
            field=models.ForeignKey(
                on_delete=models.deletion.PROTECT, related_name="enrolments", to="labelling.tile"
            ),
        ),
        migrations.RunPython(guard, free),
    ]
