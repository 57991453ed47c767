"""Pages by key: where a page ends is remembered, not how many rows came before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from labelling.errors import BadInput


@dataclass(frozen=True)
class Order:
    """How rows are ordered: by a value, those without it last, ties by id the same way round."""

    name: str
    """As it was asked for; every cursor carries it."""
    value: Combinable | None
    """None: by id alone."""
    id: str = "pk"
    """Column of the id."""
    descending: bool = False


def page(
    rows: QuerySet[Any], order: Order, *, cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """At most `limit` rows from `cursor` on, and the cursor of the next page, None at the end.

    Rows have `sort`, the value ordered by. At most two queries: one for the rows with a value, one
    for those without. Rows that come or go meanwhile neither repeat nor hide others.
    Raises BadInput for a cursor that isn't from a page in this order.
    """
    start = _start(cursor, order)
    if order.value is None:
        found = list(_from(rows.annotate(sort=F(order.id)), order, start)[: limit + 1])
    else:
        found = _both(rows.annotate(sort=order.value), order, start, limit + 1)
    more = len(found) > limit
    return found[:limit], _cursor(found[limit - 1], order) if more else None


def _both(rows: QuerySet[Any], order: Order, start: list[Any] | None, limit: int) -> list[Any]:
    """Rows with a value, then rows without."""
    found: list[Any] = []
    if start is None or start[0] is not None:
        # No NULLS LAST: an index is walked backwards only for the database's own place of nulls.
        found = list(_from(rows.filter(sort__isnull=False), order, start)[:limit])
        start = None
    if len(found) < limit:
        by_id = Order(order.name, None, order.id, order.descending)
        rest = _from(rows.filter(sort__isnull=True), by_id, start)
        found += list(rest[: limit - len(found)])
    return found


def _from(rows: QuerySet[Any], order: Order, start: list[Any] | None) -> QuerySet[Any]:
    sign, beyond = ("-", "lt") if order.descending else ("", "gt")
    columns = [order.id] if order.value is None else ["sort", order.id]
    ordered = rows.order_by(*(f"{sign}{column}" for column in columns))
    if start is None:
        return ordered
    value, id = start
    if order.value is None:
        return ordered.filter(**{f"{order.id}__{beyond}": id})
    tie = Q(sort=value, **{f"{order.id}__{beyond}": id})
    # The first condition says nothing new, but lets the database begin in the middle of an index.
    return ordered.filter(Q(**{f"sort__{beyond}e": value}), Q(**{f"sort__{beyond}": value}) | tie)


def _cursor(row: Model, order: Order) -> str:
    value = None if order.value is None else row.sort
    if isinstance(value, datetime):
        value = {"time": value.isoformat()}
    return signing.dumps([order.name, value, getattr(row, order.id)])


def _start(cursor: str | None, order: Order) -> list[Any] | None:
    """[value, id] of the last row of the page before. Only what we signed gets to the database."""
    if cursor is None:
        return None
    try:
        name, value, id = signing.loads(cursor)
    except signing.BadSignature:
        name, value, id = "", None, None
    if name != order.name:
        raise BadInput(
            f"{cursor[:60]!r} is no cursor of a page in this order.",
            field="cursor",
            help="Take the cursor from the page before, and keep the order.",
        )
    return [datetime.fromisoformat(value["time"]) if isinstance(value, dict) else value, id]
