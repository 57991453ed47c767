"""The clearest other date of a tile's place: what the ground looks like under the cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from labelling.models import Campaign, Tile

from .cover import About, Cover, about, covers

WITHIN = timedelta(days=45)
"""Longer, and the ground itself has changed."""


@dataclass(frozen=True)
class Reference:
    """Another date of the same place."""

    tile: Tile
    """With scene, acquisition and place loaded."""
    days: int
    """After the tile it is for; negative: before it."""
    clear: float
    """0…1 of the tile's pixels that have data and are neither cloud nor shadow."""


def clear_reference(tile: Tile, *, campaign: Campaign) -> Reference | None:
    """The clearest acquisition of the tile's place up to 45 days away; None when there is none.

    The tile has acquisition and place loaded. Five queries.
    """
    return clear_references([tile], campaign=campaign).get(tile.pk)


def clear_references(tiles: Sequence[Tile], *, campaign: Campaign) -> dict[int, Reference]:
    """{tile id: the clearest acquisition of its place up to 45 days away}, of those that have one.

    Clear is what has data and is neither cloud nor its shadow, by the best source that cover.py
    knows; dates that no source tells about are left out, as are the tile's own acquisition and its
    near-duplicates. Of an acquisition the tile's own level is taken before another. Ties go to the
    nearest date, then to the older tile. The tiles have their acquisition loaded. Five queries,
    however many tiles.
    """
    dated = [tile for tile in tiles if tile.acquisition.taken is not None]
    if not dated:
        return {}
    asked = about(campaign)
    there = _tiles_there(dated, campaign)
    known = covers(asked, [each for at in there.values() for each in at])
    found = {}
    for tile in dated:
        others = [each for each in there[tile.acquisition.place_id] if _may_stand(each, tile)]
        dates = _known(_preferred(others, tile), known, asked, tile)
        if (clearest := min(dates, key=_rank, default=None)) is not None:
            found[tile.pk] = clearest
    return found


def _tiles_there(tiles: Sequence[Tile], campaign: Campaign) -> dict[int, list[Tile]]:
    """{place: the campaign's tiles of it} within 45 days of any of these."""
    moments = [tile.acquisition.taken for tile in tiles]
    places = {tile.acquisition.place_id for tile in tiles}
    found: dict[int, list[Tile]] = {place: [] for place in places}
    there = Tile.objects.filter(
        enrolments__campaign=campaign,
        acquisition__place__in=places,
        acquisition__taken__range=(min(moments) - WITHIN, max(moments) + WITHIN),
    )
    for each in there.select_related("scene", "acquisition__place"):
        found[each.acquisition.place_id].append(each)
    return found


def _may_stand(other: Tile, tile: Tile) -> bool:
    """Whether `other` is another date, near enough and no copy."""
    twins = tile.near_duplicate_of_id is not None and tile.near_duplicate_of_id in (
        other.pk,
        other.near_duplicate_of_id,
    )
    return (
        other.acquisition_id != tile.acquisition_id
        and abs(other.acquisition.taken - tile.acquisition.taken) <= WITHIN
        and other.height == tile.height
        and other.near_duplicate_of_id != tile.pk
        and not twins
    )


def _preferred(others: Iterable[Tile], tile: Tile) -> list[Tile]:
    """The preferred tile of each acquisition first."""
    return sorted(others, key=lambda each: (each.level != tile.level, each.level, each.pk))


def _known(
    candidates: Iterable[Tile], known: Mapping[int, Cover], asked: About, tile: Tile
) -> Iterable[Reference]:
    """One reference of each acquisition whose cover is known."""
    seen = set()
    for each in candidates:
        obscured = known[each.pk].share(asked.obscured)
        if each.acquisition_id in seen or obscured is None:
            continue
        seen.add(each.acquisition_id)
        days = (each.acquisition.taken - tile.acquisition.taken) / timedelta(days=1)
        yield Reference(each, round(days), each.valid_share * (1 - obscured))


def _rank(each: Reference) -> tuple[float, int, int]:
    return -each.clear, abs(each.days), each.tile.pk
