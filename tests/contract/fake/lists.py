"""Lists as the server gives them: its filters, its order, its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.contract.fake.http import BadRequest, Crash, NotHere

SMALLEST, LARGEST = 10, 1000
Row = Mapping[str, Any]


def listed(
    rows: Sequence[Row], query: Mapping[str, str], *, path: str, known: Sequence[str]
) -> dict[str, Any]:
    """One page of the rows. `known` are the parameters and terms that filter; others are ignored
    as parameters, and refused in `filter`."""
    found = [row for row in rows if _plain(row, query, known)]
    if "filter" in query:
        rule = _rule(query["filter"])
        found = [row for row in found if _holds(rule, row, known)]
    for key in reversed(query.get("sort", "-id").split(",")):
        name = key.lstrip("-")
        if found and name in found[0]:
            found.sort(key=lambda row, by=name: row[by], reverse=key.startswith("-"))
    return _page(found, query, path)


def _plain(row: Row, query: Mapping[str, str], known: Sequence[str]) -> bool:
    return all(str(_term(row, name)) == query[name] for name in known if name in query)


def _term(row: Row, name: str) -> Any:
    value = row.get(name)
    return value["username"] if name in ("assignee", "owner") and value else value


def _rule(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRequest([f"filter: can't parse filter expression: {error}"]) from error


COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "in": lambda a, b: a in b,
}


def _holds(rule: Any, row: Row, known: Sequence[str]) -> bool:
    ((sign, terms),) = rule.items()
    if sign in ("and", "or"):
        every = [_holds(each, row, known) for each in terms]
        return all(every) if sign == "and" else any(every)
    if sign == "!":
        return not _holds(terms, row, known)
    name, wanted = terms[0]["var"], terms[1]
    if name not in (*known, "id", "updated_date"):
        raise BadRequest([f"filter: term '{name}' is not supported"])
    value = _term(row, name)
    if name == "updated_date":
        try:
            value, wanted = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
        except ValueError as error:
            raise Crash from error
    return COMPARED[sign](value, wanted)


def _page(rows: Sequence[Row], query: Mapping[str, str], path: str) -> dict[str, Any]:
    size = min(int(query.get("page_size", 0)) or SMALLEST, LARGEST)
    number = int(query.get("page", 1))
    last = max(1, -(-len(rows) // size))
    if not 1 <= number <= last:
        raise NotHere("Invalid page.")
    first = (number - 1) * size
    return {
        "count": len(rows),
        "next": _link(path, query, number + 1) if number < last else None,
        "previous": _link(path, query, number - 1) if number > 1 else None,
        "results": rows[first : first + size],
    }


def _link(path: str, query: Mapping[str, str], number: int) -> str:
    rest = {name: value for name, value in query.items() if name != "page"}
    pages = {"page": str(number)} if number > 1 else {}
    words = urlencode(sorted((rest | pages).items()))
    return f"{path}?{words}" if words else path
