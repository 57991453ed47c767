"""What a campaign's catalogue can be narrowed down by: one table for the API and the command."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Contains, GreaterThanOrEqual, LessThanOrEqual

from labelling.errors import BadInput
from labelling.models import Annotation, CampaignTile, Place, Score, Task

from .cover import About, class_share, cloud_share, model_share

Condition = Any
"""A Q, or an expression that is true or false, about a query of enrolments."""
NONE, ANY = "none", "any"
SEASONS = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "winter": (12, 1, 2)}
"""Months of the northern seasons."""


@dataclass(frozen=True)
class Filter:
    """One thing to filter by."""

    help: str
    read: Callable[[str], Any]
    """From what was typed; raises ValueError."""
    where: Callable[[Any, About], list[Condition]]
    """Conditions that all must hold."""
    choices: tuple[str, ...] = ()


def conditions(wanted: Mapping[str, str], asked: About) -> list[Condition]:
    """Conditions on a query of enrolments. Raises BadInput naming a filter that makes no sense."""
    found: list[Condition] = []
    for name, text in wanted.items():
        if name not in FILTERS:
            known = ", ".join(FILTERS)
            raise BadInput(f"There is no filter {name!r}.", field=name, help=f"There is: {known}.")
        each = FILTERS[name]
        try:
            if each.choices and text not in each.choices:
                raise ValueError(f"one of {', '.join(each.choices)}")
            found += each.where(each.read(text), asked)
        except ValueError as error:
            raise BadInput(
                f"{text!r} is no {name} to filter by.", field=name, help=f"Give {error}."
            ) from None
    return found


def _text(text: str) -> str:
    # PostgreSQL refuses to look for it.
    if "\0" in text:
        raise ValueError("text without null characters")
    return text


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValueError("an id such as 0b0e5d1c-…, as the catalogue has it") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("a number")
    return value


def _share(text: str) -> float:
    per_cent = _number(text)
    if not 0 <= per_cent <= 100:
        raise ValueError("per cent, from 0 to 100")
    return per_cent / 100


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
        if day.year == MAXYEAR:  # which may have no day after it
            raise ValueError
    except ValueError:
        raise ValueError("a day such as 2026-06-01") from None
    return datetime.combine(day, time(), tzinfo=UTC)


def _months(text: str) -> list[int]:
    numbers = [int(part) if part.isdecimal() else 0 for part in text.split(",")]
    if not all(1 <= number <= 12 for number in numbers):
        raise ValueError("months such as 4,5,6")
    return numbers


def _box(text: str) -> tuple[float, float, float, float]:
    parts = text.split(",")
    west, south, east, north = map(_number, parts) if len(parts) == 4 else (1, 1, 0, 0)
    if west > east or south > north:
        raise ValueError("west,south,east,north in degrees, not over the antimeridian")
    return west, south, east, north


def _class_range(text: str) -> tuple[str, float, float]:
    name, *ends = text.split(":")
    low, high = map(_share, ends) if len(ends) == 2 else (1.0, 0.0)
    if low > high:
        raise ValueError("a class and per cent, such as shadow:10:100")
    return name, low, high


def _place(text: str, asked: About) -> list[Condition]:
    return [Q(tile__acquisition__place__key__startswith=text)]


def _in_box(box: tuple[float, float, float, float], asked: About) -> list[Condition]:
    place = "tile__acquisition__place__"
    return [
        Q(**{f"{place}longitude__range": (box[0], box[2])}),
        Q(**{f"{place}latitude__range": (box[1], box[3])}),
    ]


def _in_season(season: str, asked: About) -> list[Condition]:
    return [Q(tile__acquisition__taken__month__in=SEASONS[season])]


def _with_task(asked: About, **what: Any) -> Exists:
    tasks = Task.objects.filter(
        campaign=asked.campaign, acquisition=OuterRef("tile__acquisition"), **what
    )
    return Exists(tasks)


def _state(state: str, asked: About) -> list[Condition]:
    return [~_with_task(asked) if state == NONE else _with_task(asked, state=state)]


def _label_source(source: str, asked: About) -> list[Condition]:
    labels = Annotation.objects.filter(
        schema=asked.campaign.schema_id, acquisition=OuterRef("tile__acquisition")
    )
    if source in (NONE, ANY):
        return [~Exists(labels) if source == NONE else Exists(labels)]
    return [Exists(labels.filter(source=source))]


def _scored(asked: About, **what: Any) -> list[Condition]:
    return [Exists(Score.objects.filter(round=asked.round, tile=OuterRef("tile"), **what))]


def _class_between(wanted: tuple[str, float, float], asked: About) -> list[Condition]:
    name, low, high = wanted
    share = class_share(asked, _code(name, asked))
    return [GreaterThanOrEqual(share, low), LessThanOrEqual(share, high)]


def _stratum(name: str, asked: About) -> list[Condition]:
    mine = _code(name, asked)
    others = [code for code in asked.names if code != mine]
    return [GreaterThanOrEqual(model_share(asked, mine), model_share(asked, c)) for c in others]


def _code(name: str, asked: About) -> int:
    for code, known in asked.names.items():
        if name in (known, str(code)):
            return code
    raise ValueError(f"one of the classes {', '.join(asked.names.values())}")


def _fence(reason: str, asked: About) -> list[Condition]:
    if reason in (NONE, ANY):
        return [Q(fence="") if reason == NONE else ~Q(fence="")]
    return [Q(fence=reason)]


def _flag(code: str, asked: About) -> list[Condition]:
    # As text, because SQLite can't ask whether a JSON list holds a value.
    flags = Cast(KeyTextTransform("flags", "tile__quality"), TextField())
    return [Contains(flags, f'"{code}"')]


def _near_duplicate(yes_no: str, asked: About) -> list[Condition]:
    return [Q(tile__near_duplicate_of__isnull=yes_no == "no")]


def _exact(column: str) -> Callable[[Any, About], list[Condition]]:
    return lambda value, asked: [Q(**{column: value})]


TAKEN, ZENITH = "tile__acquisition__taken", "tile__sun_zenith"
FILTERS: dict[str, Filter] = {
    "tile": Filter("a tile's id", _uuid, _exact("tile__uuid")),
    "place": Filter("place or its beginning, such as 35V or 35VLF/512/3", _text, _place),
    "bbox": Filter("west,south,east,north of tile centres, in degrees", _box, _in_box),
    "since": Filter("first day, UTC", _day, _exact(f"{TAKEN}__gte")),
    "until": Filter(
        "last day, UTC", lambda text: _day(text) + timedelta(days=1), _exact(f"{TAKEN}__lt")
    ),
    "months": Filter("months of any year, such as 4,5,6", _months, _exact(f"{TAKEN}__month__in")),
    "season": Filter("northern season of any year", str, _in_season, tuple(SEASONS)),
    "split": Filter(
        "pool, validation or test", str, _exact("tile__acquisition__place__split"),
        tuple(Place.Split.values),
    ),
    "state": Filter(
        "state of a task on the tile; none: no task", str, _state, (*Task.State.values, NONE)
    ),
    "lane": Filter(
        "lane of a task on the tile", str, lambda lane, asked: [_with_task(asked, lane=lane)],
        tuple(Task.Lane.values),
    ),
    "sun_min": Filter(
        "least elevation of the sun, degrees", lambda text: 90 - _number(text),
        _exact(f"{ZENITH}__lte"),
    ),
    "sun_max": Filter(
        "greatest elevation of the sun, degrees", lambda text: 90 - _number(text),
        _exact(f"{ZENITH}__gte"),
    ),
    "cloud_min": Filter(
        "least cloud, per cent", _share,
        lambda least, asked: [GreaterThanOrEqual(cloud_share(asked), least)],
    ),
    "cloud_max": Filter(
        "most cloud, per cent", _share,
        lambda most, asked: [LessThanOrEqual(cloud_share(asked), most)],
    ),
    "class": Filter("class:least:most in per cent, as shadow:5:100", _class_range, _class_between),
    "stratum": Filter("class that the newest model saw most of", str, _stratum),
    "slice": Filter(
        "why the newest round picked it: informative, control, random", _text,
        lambda name, asked: _scored(asked, slice=name),
    ),
    "score_min": Filter(
        "least score in the newest round", _number,
        lambda least, asked: _scored(asked, score__gte=least),
    ),
    "score_max": Filter(
        "greatest score in the newest round", _number,
        lambda most, asked: _scored(asked, score__lte=most),
    ),
    "scope": Filter("in, out or unknown", str, _exact("scope"), tuple(CampaignTile.Scope.values)),
    "fence": Filter("reason of the fence, any or none", _text, _fence),
    "flag": Filter("code of the quality gate", _text, _flag),
    "near_duplicate": Filter("yes or no", str, _near_duplicate, ("yes", "no")),
    "valid_min": Filter("least valid pixels, per cent", _share, _exact("tile__valid_share__gte")),
    "scene": Filter("product", _text, _exact("tile__scene__product_id")),
    "satellite": Filter("such as S2A", _text, _exact("tile__scene__satellite")),
    "level": Filter("such as L1C", _text, _exact("tile__level")),
    "label": Filter("where its label comes from, any or none", _text, _label_source),
}  # fmt: skip
