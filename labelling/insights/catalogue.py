"""The tiles of a campaign, filtered, ordered and paged: for leads and reviewers, who see it all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, FilteredRelation, Q, QuerySet

from labelling.errors import BadInput, NotFound
from labelling.models import Annotation, Campaign, CampaignTile, Score, Task, Tile

from .cover import About, Cover, about, cloud_share, covers
from .filters import conditions
from .paging import Order, page

LARGEST_PAGE = 200
ELEVATION = "sun"
"""Sorts by the sun's elevation: the column holds the zenith, so its order is turned round."""


@dataclass(frozen=True)
class TaskOnTile:
    lane: str
    state: str
    round_no: int


@dataclass(frozen=True)
class Row:
    """A tile as the catalogue shows it."""

    id: UUID
    key: str
    place: str
    datetime: datetime | None
    longitude: float | None
    latitude: float | None
    """Degrees, of the tile's centre."""
    scene: str
    """Product id."""
    satellite: str
    level: str
    baseline: str
    split: str
    scope: str
    fence: str
    flags: list[str]
    """Codes of what the quality gate found."""
    near_duplicate: bool
    valid_share: float
    saturated_share: float
    """0…1 of the pixels."""
    sun_elevation: float | None
    sun_azimuth: float | None
    """Degrees."""
    cloud: float | None
    """0…1 of the pixels with a class, semi-transparent cloud included; by `cover`."""
    cover: str
    """Where `cloud` and `classes` come from: label, model, mask, product; empty: not known."""
    classes: dict[str, float]
    """{class name: 0…1}; empty when the product is all there is."""
    label: str
    """Source of the newest label; empty: none."""
    tasks: list[TaskOnTile]
    score: float | None
    slice: str
    why: str
    """In the newest finished round."""
    synthetic: bool


@dataclass(frozen=True)
class Page:
    results: list[Row]
    cursor: str | None
    """Where the next page begins; None: this is the last."""


def catalogue(
    campaign: Campaign,
    *,
    wanted: Mapping[str, str] | None = None,
    sort: str = "id",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """One page of the campaign's tiles; `wanted` is {filter: text}, as filters.FILTERS names them.

    `sort` is a key of SORTS, with "-" before it for the other way round; tiles without the value
    come last. At most eight queries, however many tiles. Raises BadInput naming the filter, sort,
    limit or cursor that makes no sense.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput(f"A page has 1 to {LARGEST_PAGE} tiles, not {limit}.", field="limit")
    asked = about(campaign)
    rows = enrolled(campaign).filter(*conditions(wanted or {}, asked)).alias(scored=_in(asked))
    found, after = page(rows, _order(sort, asked), cursor=cursor, limit=limit)
    return Page(_shown(found, asked), after)


def tile_row(campaign: Campaign, name: str) -> Row:
    """One tile by its key or UUID. At most eight queries. Raises NotFound."""
    try:
        found = list(enrolled(campaign).filter(tile__uuid=UUID(name)))
    except ValueError:
        place = name.rpartition("/")[0]
        there = enrolled(campaign).filter(tile__acquisition__place__key=place)
        found = [row for row in there if row.tile.key == name]
    if not found:
        raise NotFound(
            f"Campaign {campaign.slug} has no tile {name!r}.",
            field="key",
            help="A key is <place>/<datetime>-<level>-<baseline>; `tiles list` shows them.",
        )
    return _shown(found[:1], about(campaign))[0]


def fences(campaign: Campaign) -> dict[str, int]:
    """{reason: tiles} of the campaign's fenced tiles, the most common first. One query."""
    fenced = CampaignTile.objects.filter(campaign=campaign).exclude(fence="")
    counted = fenced.values_list("fence").annotate(n=Count("pk")).order_by("fence")
    return dict(Counter(dict(counted)).most_common())


def enrolled(campaign: Campaign) -> QuerySet[CampaignTile]:
    related = ("tile__acquisition__place", "tile__scene")
    return CampaignTile.objects.filter(campaign=campaign).select_related(*related)


def _in(asked: About) -> FilteredRelation:
    """The tile's score in the newest finished round, by a join: its index is in order of score."""
    return FilteredRelation("tile__scores", condition=Q(tile__scores__round=asked.round))


SORTS = {
    "id": lambda asked: None,
    "place": lambda asked: F("tile__acquisition__place__key"),
    "taken": lambda asked: F("tile__acquisition__taken"),
    ELEVATION: lambda asked: F("tile__sun_zenith"),
    "cloud": cloud_share,
    "valid": lambda asked: F("tile__valid_share"),
    "score": lambda asked: F("scored__score"),
}


def _order(sort: str, asked: About) -> Order:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise BadInput(
            f"Tiles can't be ordered by {sort!r}.",
            field="sort",
            help=f"Order by {', '.join(SORTS)}, with - before it for the other way round.",
        )
    descending = sort.startswith("-") != (name == ELEVATION)
    return Order(sort, SORTS[name](asked), id="tile_id", descending=descending)


def _shown(rows: Sequence[CampaignTile], asked: About) -> list[Row]:
    """Six queries, however many rows."""
    tiles = [row.tile for row in rows]
    moments = {tile.acquisition_id for tile in tiles}
    known, tasks = covers(asked, tiles), defaultdict(list)
    for each in Task.objects.filter(campaign=asked.campaign, acquisition__in=moments):
        tasks[each.acquisition_id].append(TaskOnTile(each.lane, each.state, each.round_no))
    labels = Annotation.objects.filter(schema=asked.campaign.schema_id, acquisition__in=moments)
    sources = dict(labels.order_by("n").values_list("acquisition", "source"))
    scores = {
        each.tile_id: each for each in Score.objects.filter(round=asked.round, tile__in=tiles)
    }
    return [
        Row(
            **_of_tile(row.tile),
            **_of_cover(known[row.tile_id], asked),
            **_of_score(scores.get(row.tile_id)),
            scope=row.scope,
            fence=row.fence,
            label=sources.get(row.tile.acquisition_id, ""),
            tasks=tasks[row.tile.acquisition_id],
        )
        for row in rows
    ]


def _of_tile(tile: Tile) -> dict[str, Any]:
    place, scene = tile.acquisition.place, tile.scene
    return {
        "id": tile.uuid,
        "key": tile.key,
        "place": place.key,
        "datetime": tile.acquisition.taken,
        "longitude": place.longitude,
        "latitude": place.latitude,
        "scene": scene.product_id,
        "satellite": scene.satellite,
        "level": tile.level,
        "baseline": tile.baseline,
        "split": place.split,
        "flags": tile.quality.get("flags", []),
        "near_duplicate": tile.near_duplicate_of_id is not None,
        "valid_share": tile.valid_share,
        "saturated_share": tile.saturated_share,
        "sun_elevation": None if tile.sun_zenith is None else 90 - tile.sun_zenith,
        "sun_azimuth": tile.sun_azimuth,
        "synthetic": scene.synthetic,
    }


def _of_cover(cover: Cover, asked: About) -> dict[str, Any]:
    return {
        "cloud": cover.share(asked.cloudy),
        "cover": cover.source,
        "classes": {asked.names[code]: share for code, share in cover.classes.items()},
    }


def _of_score(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"score": None, "slice": "", "why": ""}
    return {"score": score.score, "slice": score.slice, "why": score.why}
