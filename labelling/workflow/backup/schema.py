"""The database's schema as the list of its migrations: which it has, and getting it to a list."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from labelling.errors import BadInput, Conflict

Key = tuple[str, str]


def applied() -> dict[str, list[str]]:
    """{app: names of its applied migrations}; empty for a database without tables."""
    told: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        told.setdefault(app, []).append(name)
    return told


def check_current() -> None:
    """Raises Conflict unless the database has all migrations of this version, and no others."""
    executor = MigrationExecutor(connection)
    if _unknown(executor, applied()):
        raise Conflict(
            "The database is of a newer version than this one.",
            field="database",
            help="Use the version that it belongs to.",
        )
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Conflict(
            "The database is of an older version than this one.",
            field="database",
            help="Back up with the version that it belongs to, or run `manage.py migrate` first.",
        )


def check_known(migrations: dict[str, list[str]]) -> None:
    """Raises BadInput naming migrations that this version doesn't have."""
    executor = MigrationExecutor(connection)
    if unknown := _unknown(executor, migrations):
        raise BadInput(
            f"The backup is of a newer version than this one: it has {', '.join(unknown[:5])}.",
            field="backup",
            help="Install that version, or a newer one, and restore with it.",
        )


def check_fits(migrations: dict[str, list[str]]) -> None:
    """Raises Conflict unless the database has no tables, or those of the backup's schema."""
    there = applied()
    if there and there != migrations:
        raise Conflict(
            "The database's tables aren't of the backup's version.",
            field="database",
            help="Restore into a database without any tables: `restore` makes them as the backup "
            "needs them, and migrates afterwards.",
        )


def bring_to(migrations: dict[str, list[str]]) -> Apps:
    """Migrate an empty database to just these; the models of that schema."""
    executor = MigrationExecutor(connection)
    targets = leaves(executor, {(app, name) for app, names in migrations.items() for name in names})
    if not applied():
        executor.migrate(targets)
        executor.loader.build_graph()
    return executor.loader.project_state(targets).apps


def bring_up() -> None:
    """Migrate to this version's schema."""
    call_command("migrate", interactive=False, verbosity=0)


def leaves(executor: MigrationExecutor, wanted: set[Key]) -> list[Key]:
    """Those after which no other of the same app is wanted."""

    def followed(key: Key) -> bool:
        children: Any = executor.loader.graph.node_map[key].children
        return any(child.key[0] == key[0] and child.key in wanted for child in children)

    return sorted(key for key in wanted if not followed(key))


def _unknown(executor: MigrationExecutor, migrations: dict[str, list[str]]) -> list[str]:
    known = executor.loader.disk_migrations
    return [
        f"{app}.{name}"
        for app, names in migrations.items()
        for name in names
        if (app, name) not in known
    ]
