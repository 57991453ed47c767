"""The clearest other date of a tile's place: what the ground looks like under the cloud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from labelling.models import Campaign, Tile

from .cover import About, about, covers

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

    Clear is what has data and is neither cloud nor its shadow, by the best source that cover.py
    knows; dates that no source tells about are left out, as are the tile's own acquisition and its
    near-duplicates. Of an acquisition the tile's own level is taken before another. Ties go to the
    nearest date, then to the older tile. The tile has acquisition and place loaded. Six queries.
    """
    taken = tile.acquisition.taken
    if taken is None:
        return None
    asked = about(campaign)
    clearest: Reference | None = None
    for found in _known(_candidates(tile, campaign), asked, tile):
        if clearest is None or _rank(found) < _rank(clearest):
            clearest = found
    return clearest


def _candidates(tile: Tile, campaign: Campaign) -> Iterable[Tile]:
    """Tiles of other dates, the preferred one of each acquisition first."""
    taken = tile.acquisition.taken
    twin = Q(near_duplicate_of=tile) | Q(pk=tile.near_duplicate_of_id)
    if tile.near_duplicate_of_id:
        twin |= Q(near_duplicate_of=tile.near_duplicate_of_id)
    there = (
        Tile.objects.filter(
            enrolments__campaign=campaign,
            acquisition__place=tile.acquisition.place_id,
            acquisition__taken__range=(taken - WITHIN, taken + WITHIN),
            height=tile.height,
        )
        .exclude(acquisition=tile.acquisition_id)
        .exclude(pk__in=Tile.objects.filter(twin).values("pk"))
        .select_related("scene", "acquisition__place")
    )
    return sorted(there, key=lambda each: (each.level != tile.level, each.level, each.pk))


def _known(candidates: Iterable[Tile], asked: About, tile: Tile) -> Iterable[Reference]:
    """One reference of each acquisition whose cover is known."""
    ordered = list(candidates)
    known, seen = covers(asked, ordered), set()
    for each in ordered:
        obscured = known[each.pk].share(asked.obscured)
        if each.acquisition_id in seen or obscured is None:
            continue
        seen.add(each.acquisition_id)
        days = (each.acquisition.taken - tile.acquisition.taken) / timedelta(days=1)
        yield Reference(each, round(days), each.valid_share * (1 - obscured))


def _rank(each: Reference) -> tuple[float, int, int]:
    return -each.clear, abs(each.days), each.tile.pk
