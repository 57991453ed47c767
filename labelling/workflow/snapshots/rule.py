"""Which labels a snapshot takes: a rule that is written down with it, and can be asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from labelling.errors import BadInput
from labelling.models import Place, Review, Task
from labelling.models.annotation import TEACHING

UNREVIEWED = "unreviewed"
CHOICES: dict[str, tuple[str, ...]] = {
    "states": tuple(state.value for state in TEACHING),
    "lanes": tuple(Task.Lane.values),
    "splits": tuple(Place.Split.values),
    "verdicts": (*Review.Verdict.values, UNREVIEWED),
}
"""What the lists of a closed set may name."""
LONGEST = 80
"""Characters of a source's or a licence's name."""


@dataclass(frozen=True)
class Rule:
    """An empty list asks for nothing: all may come. Lists hold each word once, in order.

    States, lanes and verdicts ask about the team's own labels; an imported one has no task, and is
    chosen by its source, licence and trust.
    """

    schema: int | None = None
    """Version of the classes; None: the one in force when the snapshot is made."""
    states: tuple[str, ...] = ()
    """Of the label's task."""
    lanes: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    """The newest review of the label's task, or `unreviewed`."""
    sources: tuple[str, ...] = ()
    """`campaign` for the team's own."""
    licences: tuple[str, ...] = ()
    """As the import named them; the team's own labels have none: an empty text."""
    restricted: bool = True
    """Whether labels may come whose licence forbids commercial use or changed copies."""
    min_trust: float = 0.0
    """0…1."""
    splits: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """When the label was drawn or imported: from `since` on, before `until`; UTC."""

    def as_json(self) -> dict[str, Any]:
        """Every field, as `read_rule` takes it: two rules are the same when these are."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


DEFAULT = Rule()
"""What a round learns from."""


def read_rule(given: Any) -> Rule:
    """A rule from JSON; what isn't named is as in DEFAULT. Raises BadInput naming the field."""
    if not isinstance(given, Mapping):
        raise BadInput(f"A rule is an object of its fields, not {given!r}.", field="rule")
    if unknown := sorted(set(given) - set(READERS)):
        raise BadInput(
            f"A rule has no field {unknown[0]!r}.",
            field=f"rule.{unknown[0]}",
            help=f"It has {', '.join(READERS)}.",
        )
    rule = Rule(**{name: READERS[name](value, name) for name, value in given.items()})
    if rule.since and rule.until and rule.since >= rule.until:
        raise BadInput(
            f"No label is from {_plain(rule.since)} on and before {_plain(rule.until)}.",
            field="rule.until",
            help="Let until be later than since.",
        )
    return rule


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value


def _version(value: Any, name: str) -> int | None:
    if value is None or (type(value) is int and value >= 1):
        return value
    raise _wrong(name, value, "a version of the classes: 1, 2, …")


def _words(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _wrong(name, value, "a list of texts")
    known = CHOICES.get(name)
    for each in value:
        if known and each not in known:
            raise _wrong(name, each, f"one of {', '.join(known)}")
        if len(each) > LONGEST or not each.isprintable():
            raise _wrong(name, each[:LONGEST], f"a name of at most {LONGEST} characters")
    return tuple(sorted(set(value)))


def _yes_or_no(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong(name, value, "true or false")


def _share(value: Any, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise _wrong(name, value, "a number from 0 to 1")


def _moment(value: Any, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
        day = parse_date(value) if isinstance(value, str) and found is None else None
    except ValueError:  # such as 2026-02-30
        found = day = None
    if day is not None:
        found = datetime.combine(day, time())
    if found is None:
        raise _wrong(name, value, "a date such as 2026-06-01 or 2026-06-01T12:00:00Z")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


READERS: dict[str, Callable[[Any, str], Any]] = {
    "schema": _version,
    "states": _words,
    "lanes": _words,
    "verdicts": _words,
    "sources": _words,
    "licences": _words,
    "restricted": _yes_or_no,
    "min_trust": _share,
    "splits": _words,
    "since": _moment,
    "until": _moment,
}


def _wrong(name: str, value: Any, wanted: str) -> BadInput:
    return BadInput(f"{name} must be {wanted}, not {value!r}.", field=f"rule.{name}")
