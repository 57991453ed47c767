"""Which tiles a campaign is about: a rule of place, months and land, tested tile by tile.

A tile is out of scope when one condition fails; unknown when none fails but one can't be tested;
else in scope. Tiles out of scope are kept, counted and not served. Labels are never touched.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput
from labelling.imagery.files import Georeference
from labelling.imagery.ground import ground_at, ground_of
from labelling.imagery.land import land_share
from labelling.imagery.polygon import checked_area, contains
from labelling.models import Campaign, CampaignTile, Tile, record

Rule = dict[str, Any]
"""{polygon, months, land_share, allow_unknown}, as in Campaign.scope; empty: no condition."""
Scope = CampaignTile.Scope

PRESETS: dict[str, Rule] = {
    "northern-europe": {
        "polygon": {
            "type": "Polygon",
            "coordinates": [
                [
                    [-25.0, 63.0], [-11.0, 51.0], [-6.0, 47.8], [16.0, 47.8], [24.0, 49.0],
                    [32.0, 51.0], [32.0, 71.5], [12.0, 71.5], [-12.0, 67.5], [-25.0, 67.5],
                    [-25.0, 63.0],
                ]
            ],
        },
        "months": [4, 5, 6, 7, 8, 9, 10],
        "land_share": 0.5,
        "allow_unknown": True,
    }
}  # fmt: skip
"""Rules offered by name. Northern Europe: from the northern foot of the Alps to the North Cape and
from Iceland to 32 degrees east, April to October, at least half of the tile land."""

CHUNK = 500
"""Enrolments changed by one statement."""


def judge(
    campaign: Campaign, *, ground: Georeference | None, size: int, taken: datetime | None
) -> str:
    """`in`, `out` or `unknown` (of CampaignTile.Scope) for a tile of `size` by `size` pixels.

    `ground` is the tile's own georeference, `taken` its moment (UTC); None: not known. The polygon
    is asked about the tile's centre, so that of two areas that share an edge one has the tile; the
    month is that of the UTC date; the land share is taken over the whole tile.
    Raises RasterRejected for ground that is not on Earth.
    """
    return verdict(campaign.scope, ground=ground, size=size, taken=taken)


def verdict(rule: Rule, *, ground: Georeference | None, size: int, taken: datetime | None) -> str:
    """As `judge`, for a rule that `checked_rule` let pass."""
    unknown = False
    for name, holds in CONDITIONS.items():
        if name in rule:
            answer = holds(rule[name], ground, size, taken)
            if answer is False:
                return Scope.OUT.value
            unknown = unknown or answer is None
    return Scope.UNKNOWN.value if unknown else Scope.IN.value


def checked_rule(given: Any) -> Rule:
    """The rule, its polygon taken out of a GeoJSON Feature and its months sorted.

    Raises BadInput naming the entry (`scope.months`, …) that is unknown or can't be used.
    """
    if not isinstance(given, dict):
        raise BadInput(
            f"A scope is a JSON object, not {type(given).__name__}.",
            field="scope",
            help='Write it as in {"months": [4, 5], "land_share": 0.5}.',
        )
    for name in given:
        if name not in CHECKS:
            raise BadInput(
                f"A scope has no {name!r}.",
                field=f"scope.{name}",
                help=f"It may have {', '.join(CHECKS)}.",
            )
    return {name: check(given[name]) for name, check in CHECKS.items() if name in given}


def counts(campaign: Campaign) -> dict[str, int]:
    """{in, out, unknown}: the campaign's tiles. One query."""
    enrolled = CampaignTile.objects.filter(campaign=campaign)
    found = enrolled.order_by("scope").values_list("scope").annotate(n=Count("pk"))
    return _every_scope(Counter(dict(found)))


def preview(campaign: Campaign, rule: Rule, *, blobs: Blobs) -> dict[str, int]:
    """{in, out, unknown, moved} that `change_scope` would come to. Writes nothing."""
    verdicts = list(_verdicts(campaign, rule, blobs))
    return _told(verdicts)


@transaction.atomic
def change_scope(
    campaign: Campaign, rule: Rule, *, who: User | None, now: datetime, blobs: Blobs
) -> dict[str, int]:
    """Give the campaign another rule and judge all its tiles by it; {in, out, unknown, moved}.

    All or nothing. Tasks and labels stay as they are: a task whose tile is out of scope now isn't
    served, and is again when its tile comes back. Raises BadInput for a rule that can't be used.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    before, after = locked.scope, checked_rule(rule)
    verdicts = list(_verdicts(locked, after, blobs))
    for scope in Scope.values:
        moved = [pk for pk, was, is_now in verdicts if was != is_now == scope]
        for start in range(0, len(moved), CHUNK):
            CampaignTile.objects.filter(pk__in=moved[start : start + CHUNK]).update(scope=scope)
    Campaign.objects.filter(pk=locked.pk).update(scope=after)
    campaign.scope = after
    told = _told(verdicts)
    record(
        "changed", campaign, campaign=campaign, who=who, now=now, before=_hash(before),
        after=_hash(after), what="scope", rule=after, **{f"tiles_{k}": n for k, n in told.items()},
    )  # fmt: skip
    return told


def _verdicts(campaign: Campaign, rule: Rule, blobs: Blobs) -> Iterator[tuple[int, str, str]]:
    """(enrolment, scope so far, scope by `rule`) of each tile, those of one place together."""
    enrolled = CampaignTile.objects.filter(campaign=campaign).select_related(
        "tile__acquisition__place"
    )
    for each in enrolled.order_by("tile__acquisition__place_id", "pk").iterator(chunk_size=2000):
        tile = each.tile
        ground = _ground(tile, blobs) if {"polygon", "land_share"} & set(rule) else None
        taken = tile.acquisition.taken
        yield each.pk, each.scope, verdict(rule, ground=ground, size=tile.height, taken=taken)


def _ground(tile: Tile, blobs: Blobs) -> Georeference | None:
    place = tile.acquisition.place
    if place.longitude is None:
        return ground_of(place.key)
    return ground_at(place.key, blobs.raster(tile.raster))


def _told(verdicts: list[tuple[int, str, str]]) -> dict[str, int]:
    found = _every_scope(Counter(is_now for _, _, is_now in verdicts))
    return found | {"moved": sum(was != is_now for _, was, is_now in verdicts)}


def _every_scope(found: Counter[str]) -> dict[str, int]:
    return {scope: found[scope] for scope in Scope.values}


def _hash(rule: Rule) -> str:
    return hashlib.sha256(json.dumps(rule, sort_keys=True).encode()).hexdigest()


def _in_polygon(
    area: dict[str, Any], ground: Georeference | None, size: int, taken: datetime | None
) -> bool | None:
    if ground is None:
        return None
    ((longitude, latitude),) = ground.project("EPSG:4326", [(size / 2, size / 2)])
    return contains(area, longitude=longitude, latitude=latitude)


def _in_months(
    months: list[int], ground: Georeference | None, size: int, taken: datetime | None
) -> bool | None:
    return None if taken is None else taken.month in months


def _enough_land(
    least: float, ground: Georeference | None, size: int, taken: datetime | None
) -> bool | None:
    return None if ground is None else _land_share(ground, size) >= least


@lru_cache(maxsize=1024)
def _land_share(ground: Georeference, size: int) -> float:
    # A place comes back on every date; its share of land doesn't change.
    return land_share(ground, size=size)


CONDITIONS: dict[str, Callable[[Any, Georeference | None, int, datetime | None], bool | None]] = {
    "months": _in_months,
    "polygon": _in_polygon,
    "land_share": _enough_land,
}
"""The cheapest first; None: can't be told."""


def _checked_months(given: Any) -> list[int]:
    whole = isinstance(given, list) and all(type(month) is int for month in given)
    if not whole or not given or not all(1 <= month <= 12 for month in given):
        raise BadInput(
            f"The months of a scope are {given!r}.",
            field="scope.months",
            help="List numbers from 1 to 12, such as [4, 5, 6].",
        )
    return sorted(set(given))


def _checked_share(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise BadInput(
            f"The land share of a scope is {given!r}.",
            field="scope.land_share",
            help="Give the least share of a tile that must be land, from 0 to 1.",
        )
    return float(given)


def _checked_flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise BadInput(
            f"Whether a scope allows unknown tiles is {given!r}.",
            field="scope.allow_unknown",
            help="Say true or false.",
        )
    return given


CHECKS: dict[str, Callable[[Any], Any]] = {
    "polygon": lambda given: checked_area(given, field="scope.polygon"),
    "months": _checked_months,
    "land_share": _checked_share,
    "allow_unknown": _checked_flag,
}
