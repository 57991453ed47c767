"""Who did what to what, and when: the events of a campaign, filtered and paged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from labelling.errors import BadInput
from labelling.models import Campaign, Event

from .paging import Order, page

LARGEST_PAGE = 200
WORKBENCH = "-"
"""Stands for the workbench itself where a person is asked for."""
NAMES = ("uuid", "hash", "slug", "product_id", "key", "username", "version", "n")
"""Columns that name a row outside the database, the best first."""
NEWEST_FIRST = Order("-when", F("when"), descending=True)


@dataclass(frozen=True)
class Entry:
    """An event as leads read it."""

    id: int
    when: datetime
    who: str | None
    """Username; None: the workbench itself."""
    verb: str
    kind: str
    object: str
    """What names the row: its UUID, hash, slug, …; empty where it has no such name."""
    before: str
    after: str
    """Content hashes, where the thing has one."""
    detail: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Filters; empty: all. Times are UTC."""

    who: str = ""
    """Username, or `-` for the workbench itself."""
    verb: str = ""
    kind: str = ""
    object: str = ""
    """As Entry.object names it; goes with `kind`."""
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class Page:
    results: list[Entry]
    cursor: str | None
    """Where the next page begins; None: this is the last."""


def events(
    campaign: Campaign | None,
    *,
    wanted: Wanted = Wanted(),
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """One page of a campaign's events, the newest first; without a campaign those of all.

    At most two queries, and one for each kind of thing on the page. Raises BadInput (a filter,
    limit, cursor).
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} events, not {limit}.", field="limit")
    rows = Event.objects.filter(condition(wanted)).select_related("who")
    if campaign is not None:
        rows = rows.filter(campaign=campaign)
    found, after = page(rows, NEWEST_FIRST, cursor=cursor, limit=limit)
    names = names_of(found)
    return Page([entry(each, names) for each in found], after)


def entry(event: Event, names: dict[tuple[str, int], str]) -> Entry:
    return Entry(
        id=event.pk,
        when=event.when,
        who=event.who.username if event.who else None,
        verb=event.verb,
        kind=event.kind,
        object=names.get((event.kind, event.object_id), ""),
        before=event.before,
        after=event.after,
        detail=event.detail,
    )


def condition(wanted: Wanted) -> Q:
    asked = Q()
    if wanted.who:
        asked &= Q(who=None) if wanted.who == WORKBENCH else Q(who__username=wanted.who)
    if wanted.verb:
        asked &= Q(verb=known(wanted.verb, Event.Verb.values, field="verb"))
    if wanted.since:
        asked &= Q(when__gte=moment(wanted.since, field="since"))
    if wanted.until:
        asked &= Q(when__lt=moment(wanted.until, field="until"))
    return asked & about(wanted)


def about(wanted: Wanted) -> Q:
    """The condition on what the event is about."""
    if not wanted.kind:
        if wanted.object:
            raise BadInput("An object is asked for by its kind, too.", field="kind")
        return Q()
    asked = Q(kind=known(wanted.kind, sorted(KINDS), field="kind"))
    if wanted.object:
        asked &= Q(object_id__in=named(KINDS[wanted.kind], wanted.object))
    return asked


def named(model: type[models.Model], name: str) -> QuerySet[Any, Any]:
    """Ids of the rows of that name. Raises BadInput for a text that can't be such a name."""
    column = name_column(model)
    if column is None:
        raise BadInput(f"A {model._meta.model_name} has no name to ask for.", field="object")
    try:
        UUID(name) if column == "uuid" else model._meta.get_field(column).to_python(name)
    except (ValueError, ValidationError) as error:
        raise BadInput(
            f"{name[:70]!r} is no {column} of a {model._meta.model_name}.", field="object"
        ) from error
    return model._base_manager.filter(**{column: name}).values("pk")


def names_of(found: Sequence[Event]) -> dict[tuple[str, int], str]:
    """{(kind, id): name}, one query for each kind."""
    ids = defaultdict(set)
    for event in found:
        ids[event.kind].add(event.object_id)
    names: dict[tuple[str, int], str] = {}
    for kind, wanted in ids.items():
        model = KINDS.get(kind)
        column = name_column(model) if model else None
        if model is None or column is None:
            continue
        rows = model._base_manager.filter(pk__in=wanted).values_list("pk", column)
        names |= {(kind, pk): str(name) for pk, name in rows}
    return names


def name_column(model: type[models.Model]) -> str | None:
    for column in NAMES:
        try:
            model._meta.get_field(column)
        except FieldDoesNotExist:
            continue
        return column
    return "user__username" if model._meta.model_name == "membership" else None


def moment(text: str, *, field: str) -> datetime:
    """A time or the beginning of a day, UTC. Raises BadInput."""
    try:
        found, day = parse_datetime(text), parse_date(text)
    except ValueError:  # such as 2026-02-30
        found = day = None
    if found is None and day is not None:
        found = datetime.combine(day, time())
    if found is None:
        raise BadInput(
            f"{text[:40]!r} is no date such as 2026-06-01 or 2026-06-01T12:00:00Z.", field=field
        )
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def known(value: str, values: Sequence[str], *, field: str) -> str:
    if value not in values:
        raise BadInput(
            f"There is no {field} {value[:40]!r}.",
            field=field,
            help=f"There is {', '.join(values)}.",
        )
    return value


KINDS: dict[str, type[models.Model]] = {
    str(model._meta.model_name): model
    for model in apps.get_app_config("labelling").get_models(include_auto_created=False)
}
"""What an event can be about."""
