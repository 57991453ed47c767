"""Commits that don't wait for the disk, for rows that may be lost."""

from __future__ import annotations

from django.db import connection


def may_be_lost() -> None:
    """The transaction under way commits without waiting until the disk has it. Nothing on SQLite,
    and nothing where no transaction is under way.

    All others see it at once, and it is whole or not at all. Should the database server itself
    crash, what was committed so within the last half second may be gone, unless a commit that did
    wait came after it (PostgreSQL, `synchronous_commit`).
    """
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
