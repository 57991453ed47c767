"""A lead's own choice: tiles that somebody is to label, whatever the ranking says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from labelling.errors import BadInput, Conflict, NotFound
from labelling.models import Campaign, Place, Task, Tile, record
from labelling.workflow.pool import REPLACEABLE, in_flight, labelled, servable_tiles

MOST_PICKS = 200


@transaction.atomic
def pick(
    *,
    campaign: Campaign,
    tiles: Sequence[UUID],
    why: str,
    who: User | None,
    now: datetime,
) -> list[Task]:
    """One open task a tile in the lane of picks, all or none; a round's open task is closed for it.

    Raises BadInput (tiles, why), NotFound for a tile that the campaign hasn't or doesn't serve, and
    Conflict for one that is labelled or in work.
    """
    _check(tiles, why)
    found = {tile.uuid: tile for tile in _named(campaign, tiles)}
    for name in tiles:
        _check_tile(campaign, found.get(name), name)
    moments = [found[name].acquisition_id for name in tiles]
    older = Task.objects.of(campaign).filter(REPLACEABLE, acquisition__in=moments)
    older.update(state=Task.State.SUPERSEDED)
    copies = next_copies(campaign, moments)
    tasks = [_task(campaign, found[name], copies, why, now) for name in tiles]
    try:
        with transaction.atomic():
            Task.objects.bulk_create(tasks)
    except IntegrityError:
        raise Conflict(
            "One of the tiles has been picked just now.", field="tiles", help="Pick the others."
        ) from None
    for task in tasks:
        record("created", task, campaign=campaign, who=who, now=now, lane=task.lane, why=why)
    return tasks


def _named(campaign: Campaign, tiles: Sequence[UUID]) -> QuerySet[Tile]:
    here = servable_tiles(campaign).filter(uuid__in=tiles)
    return here.select_related("acquisition__place").annotate(
        has_label=labelled(campaign), has_task=in_flight(campaign)
    )


def _check(tiles: Sequence[UUID], why: str) -> None:
    if not 1 <= len(tiles) <= MOST_PICKS:
        raise BadInput(f"Pick 1 to {MOST_PICKS} tiles, not {len(tiles)}.", field="tiles")
    twice = next((name for name in tiles if list(tiles).count(name) > 1), None)
    if twice:
        raise BadInput(f"Tile {twice} is named twice.", field="tiles")
    check_why(why)


def check_why(why: str) -> None:
    """Raises BadInput for a reason that a task can't keep."""
    longest = Task._meta.get_field("cause").max_length or 0
    if len(why) > longest or not why.isprintable():
        raise BadInput(f"The reason has at most {longest} characters.", field="why")


def _check_tile(campaign: Campaign, tile: Any, name: UUID) -> None:
    if tile is None:
        raise NotFound(
            f"Tile {name} isn't one that {campaign.slug} serves.",
            field="tiles",
            help="`tiles show` says whether it is enrolled, in scope and unfenced. Of several "
            "rasters of an acquisition the one that is served can be picked.",
        )
    if tile.acquisition.place.split != Place.Split.POOL:
        raise BadInput(
            f"Tile {name} lies in the {tile.acquisition.place.split} split.",
            field="tiles",
            help="What is measured there stands on a random sample: `queue reference` draws one.",
        )
    if tile.has_label:
        raise Conflict(f"Tile {name} has a label already.", field="tiles", help="Review that one.")
    if tile.has_task:
        raise Conflict(
            f"Tile {name} has a task already that is under way or waits.",
            field="tiles",
            help="`tiles show` says which.",
        )


def next_copies(campaign: Campaign, moments: Sequence[int] | None = None) -> dict[int, int]:
    """{acquisition: number of its next pick}; an earlier one was closed unlabelled. Without
    `moments`, of all that were ever picked."""
    picked = Task.objects.of(campaign).filter(lane=Task.Lane.PICK)
    if moments is not None:
        picked = picked.filter(acquisition__in=moments)
    last = picked.order_by().values("acquisition").annotate(last=Max("copy"))
    return {row["acquisition"]: row["last"] + 1 for row in last}


def _task(campaign: Campaign, tile: Tile, copies: dict[int, int], why: str, now: datetime) -> Task:
    return Task(
        campaign=campaign,
        acquisition_id=tile.acquisition_id,
        tile=tile,
        lane=Task.Lane.PICK,
        copy=copies.get(tile.acquisition_id, 0),
        cause=why,
        created=now,
    )
