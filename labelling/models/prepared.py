"""Queries and insertions that Django turns into SQL once, and not each time they are needed.

For the few questions of a claim and a submission: building the SQL of one takes Django a
millisecond, answering it takes the database a tenth of that. PostgreSQL parses and plans them once
a connection as well, which takes it longer than to answer. So whatever pools connections between
must hand them out by session, not by transaction.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, update_wrapper
from hashlib import sha256
from itertools import count, islice
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from psycopg2.extensions import AsIs

PROBES = (31_001, 30_001)
"""Stand-ins for arguments start here; every column that holds whole numbers can hold them."""
DAY_ONE = datetime(1999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Statement:
    """A query as one kind of database is asked it."""

    name: str
    """The same for the same SQL."""
    rows: QuerySet[Any]
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]
    places: tuple[tuple[int, str], ...]
    """(place in `params`, name of the argument that goes there)."""

    def ask(self, arguments: dict[str, Any]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        told = {name: _adapted(arguments[name], connection) for _, name in self.places}
        asked = self._in_server if connection.vendor == "postgresql" else self._in_full
        asked = asked(told, connection)
        compiler = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: asked
        rows = self.rows.all()
        rows.query.get_compiler = lambda *args, **kwargs: compiler
        try:
            return list(rows)
        except NotSupportedError:
            # PostgreSQL, when a migration changed the type of a column. What it has parsed is of no
            # use any more; Django closes a connection that is due when its request ends.
            connection.close_at = 0
            raise

    def _in_full(self, told: dict[str, Any], connection: Any) -> tuple[str, tuple[Any, ...]]:
        params = list(self.params)
        for place, name in self.places:
            params[place] = told[name]
        return self.sql, tuple(params)

    def _in_server(self, told: dict[str, Any], connection: Any) -> tuple[str, tuple[Any, ...]]:
        """By the name under which this connection's server has parsed it, and soon planned it."""
        with connection.cursor() as cursor:
            known = _known_on(connection)
            if self.name not in known:
                marks = {name: AsIs(f"${n}") for n, name in enumerate(told, start=1)}
                body = cursor.mogrify(*self._in_full(marks, connection)).decode()
                # Past Django's wrapper: it isn't a query that somebody asked.
                with connection.wrap_database_errors:
                    cursor.cursor.execute(f"PREPARE {self.name} AS {body}")
                known.add(self.name)
        return f"EXECUTE {self.name} ({', '.join(['%s'] * len(told))})", tuple(told.values())


def _known_on(connection: Any) -> set[str]:
    """Names of the statements that this connection's server knows; none after a new beginning."""
    raw, known = getattr(connection, "prepared_statements", (None, set()))
    if raw is not connection.connection:
        known = set[str]()
        connection.prepared_statements = (connection.connection, known)
    return known


class prepared:
    """A function that builds a query from int, str, UUID and datetime arguments → the
    query's rows.

    The function is called with stand-ins, twice: a parameter that differs between the two is an
    argument's place. So its SQL must not depend on what the arguments are: None, or a condition
    left out, take a query of their own. Of list[int] the length is fixed: `prepared(build, ids=16)`
    takes 1 to 16 ids, the last one repeated. Raises TypeError for a function whose SQL depends on
    its arguments, or that makes no use of one.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]], **lengths: int) -> None:
        self.build = build
        self.lengths = lengths
        self.kinds = inspect.get_annotations(build, eval_str=True)
        self.names = tuple(inspect.signature(build).parameters)
        self.statements: dict[str, Statement] = {}
        update_wrapper(self, build)

    def __call__(self, **arguments: Any) -> list[Any]:
        vendor = connections[DEFAULT_DB_ALIAS].vendor
        if vendor not in self.statements:
            self.statements[vendor] = self._statement()
        for name, length in self.lengths.items():
            given = arguments[name]
            padded = [*given, *given[-1:] * (length - len(given))]
            arguments |= _spread(name, padded)
        return self.statements[vendor].ask(arguments)

    def one(self, **arguments: Any) -> Any | None:
        """The first row, None where there is none."""
        found = self(**arguments)
        return found[0] if found else None

    def _statement(self) -> Statement:
        connection = connections[DEFAULT_DB_ALIAS]
        compiled = []
        for first in PROBES:
            probes = self._probes(first)
            rows = self.build(**probes)
            compiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
            sql, params = compiler.as_sql()
            for name in self.lengths:
                probes |= _spread(name, probes.pop(name))
            told = {name: _adapted(value, connection) for name, value in probes.items()}
            compiled.append((rows, compiler, sql, tuple(params), told))
        rows, compiler, sql, params, told = compiled[0]
        _, _, other_sql, other_params, other_told = compiled[1]
        places = _places((params, told), (other_params, other_told))
        unused = set(told) - {name for _, name in places}
        if sql != other_sql or unused:
            wrong = f"leaves out {', '.join(sorted(unused))}" if unused else "differs by argument"
            raise TypeError(f"{self.build.__qualname__} can't be prepared: its SQL {wrong}.")
        name = f"workbench_{sha256(sql.encode()).hexdigest()[:16]}"
        return Statement(name, rows, compiler, sql, params, places)

    def _probes(self, first: int) -> dict[str, Any]:
        numbers = count(first)
        return {
            name: list(islice(numbers, self.lengths[name]))
            if name in self.lengths
            else _probe(self.kinds[name], next(numbers))
            for name in self.names
        }


def _spread(name: str, values: Sequence[int]) -> dict[str, int]:
    return {f"{name} {place}": value for place, value in enumerate(values)}


def _probe(kind: type, number: int) -> Any:
    if kind is datetime:
        return DAY_ONE + timedelta(seconds=number)
    if kind is str:
        return f"probe {number}"
    if kind is UUID:
        return UUID(int=number)
    if kind is int:
        return number
    raise TypeError(f"A prepared query takes int, str, UUID and datetime, not {kind}.")


def insert(row: Model) -> int | None:
    """Insert a new row and give it its id; None, and nothing done, where it breaks a uniqueness.

    Unlike save() it leaves the transaction usable, and sends no signals.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    names, statement = _insertion(type(row))
    fields = [row._meta.get_field(name) for name in names]
    values = [each.get_db_prep_save(each.pre_save(row, add=True), connection) for each in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        made = cursor.fetchone()
    if made is not None:
        row.pk, row._state.adding, row._state.db = made[0], False, DEFAULT_DB_ALIAS
    return row.pk


@cache
def _insertion(model: type[Model]) -> tuple[tuple[str, ...], str]:
    """The fields that are written, and the SQL, which SQLite and PostgreSQL share."""
    key = model._meta.pk
    fields = [each for each in model._meta.concrete_fields if each != key and not each.generated]
    columns = ", ".join(f'"{each.column}"' for each in fields)
    marks = ", ".join(["%s"] * len(fields))
    return (
        tuple(each.name for each in fields),
        f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'
        f' ON CONFLICT DO NOTHING RETURNING "{key.column}"',
    )


def _places(
    one: tuple[Sequence[Any], dict[str, Any]], other: tuple[Sequence[Any], dict[str, Any]]
) -> tuple[tuple[int, str], ...]:
    """Where both lists of parameters hold the stand-in of the same argument."""
    (params, told), (other_params, other_told) = one, other
    return tuple(
        (place, name)
        for place, (here, there) in enumerate(zip(params, other_params))
        for name in told
        if type(here) is type(told[name]) and here == told[name] and there == other_told[name]
    )


def _adapted(value: Any, connection: Any) -> Any:
    """As a query's parameters hold it for this database."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value
