"""A lead's picks by a filter: what the map or the catalogue shows, sent in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from labelling.errors import BadInput, Conflict
from labelling.insights.catalogue import enrolled
from labelling.insights.cover import about
from labelling.insights.filters import conditions
from labelling.models import Campaign, Event, Place, Task, Tile, record
from labelling.workflow.pick_plan import HAS_LABEL, HAS_TASK, NOT_POOL, NOT_SERVED
from labelling.workflow.picks import check_why, next_copies
from labelling.workflow.pool import REPLACEABLE, in_flight, labelled, servable_tiles

MOST_AT_ONCE = 100_000
"""Tiles sent by one filter: so many rows are written while, with SQLite, nobody else writes."""
CHUNK = 2000
"""Rows of one statement."""


@dataclass(frozen=True)
class FilteredPlan:
    fit: int
    """Tiles that could be sent at this moment."""
    left_out: dict[str, int]
    """{why: tiles}, the most common reason first."""


def plan_filtered(campaign: Campaign, *, wanted: Mapping[str, str]) -> FilteredPlan:
    """What sending all tiles that fit the filters (insights/filters.py) would come to. Writes
    nothing; three queries.

    Raises BadInput naming a filter that makes no sense.
    """
    among = _among(campaign, wanted)
    # Tiles are counted for each verdict, not fetched: there may be 10⁵ of them.
    kinds = (
        _served(campaign, among)
        .order_by()
        .values_list("acquisition__place__split", "has_label", "has_task")
        .annotate(n=Count("pk"))
    )
    left: Counter[str] = Counter()
    for split, has_label, has_task, n in kinds:
        left[_verdict(split, has_label=has_label, has_task=has_task)] += n
    left[NOT_SERVED] = among.count() - left.total()
    fit = left.pop("", 0)
    return FilteredPlan(fit, dict((+left).most_common()))


@transaction.atomic
def pick_filtered(
    *,
    campaign: Campaign,
    wanted: Mapping[str, str],
    expected: int,
    why: str,
    who: User | None,
    now: datetime,
) -> int:
    """One open task in the lane of picks for each tile that fits the filters and may be sent, all
    or none; how many. A round's open task is closed for it. One event tells of all of them.

    `expected` is the number that the plan said. Raises BadInput (a filter, why, more than
    MOST_AT_ONCE) and Conflict where another number fits by now, or none.
    """
    check_why(why)
    tiles = _sendable(campaign, wanted)
    if len(tiles) > MOST_AT_ONCE:
        raise BadInput(
            f"{len(tiles)} tiles are more than {MOST_AT_ONCE} at once.",
            field="filters",
            help="Narrow the filters down.",
        )
    if len(tiles) != expected or not tiles:
        raise Conflict(
            f"{len(tiles)} tiles fit by now, not {expected}.",
            field="expected",
            help="Look at the plan again.",
        )
    superseded = _supersede(campaign, [moment for _, moment in tiles])
    _open(campaign, tiles, why=why, now=now)
    record(
        Event.Verb.CREATED,
        campaign,
        campaign=campaign,
        who=who,
        now=now,
        lane=Task.Lane.PICK.value,
        tasks=len(tiles),
        superseded=superseded,
        filters=dict(wanted),
        why=why,
    )
    return len(tiles)


def _among(campaign: Campaign, wanted: Mapping[str, str]) -> QuerySet[Any, Any]:
    """Ids of the tiles that fit the filters."""
    found = enrolled(campaign).filter(*conditions(wanted, about(campaign)))
    return found.order_by().values("tile")


def _served(campaign: Campaign, among: QuerySet[Any, Any]) -> QuerySet[Tile]:
    here = servable_tiles(campaign).filter(pk__in=among)
    return here.annotate(has_label=labelled(campaign), has_task=in_flight(campaign))


def _verdict(split: str, *, has_label: bool, has_task: bool) -> str:
    """Why such tiles can't go; empty: they can."""
    if split != Place.Split.POOL:
        return NOT_POOL
    if has_label:
        return HAS_LABEL
    return HAS_TASK if has_task else ""


def _sendable(campaign: Campaign, wanted: Mapping[str, str]) -> list[tuple[int, int]]:
    """(tile, acquisition) of those that may go, in the order of their ids."""
    rows = _served(campaign, _among(campaign, wanted)).values_list(
        "pk", "acquisition_id", "acquisition__place__split", "has_label", "has_task"
    )
    # Judged here: asked for those without label and task in order, SQLite looks each tile up.
    return sorted(
        (tile, moment)
        for tile, moment, split, has_label, has_task in rows.order_by()
        if not _verdict(split, has_label=has_label, has_task=has_task)
    )


def _supersede(campaign: Campaign, moments: Sequence[int]) -> int:
    older = Task.objects.of(campaign).filter(REPLACEABLE)
    return sum(
        older.filter(acquisition__in=moments[at : at + CHUNK]).update(state=Task.State.SUPERSEDED)
        for at in range(0, len(moments), CHUNK)
    )


def _open(campaign: Campaign, tiles: Sequence[tuple[int, int]], *, why: str, now: datetime) -> None:
    copies = next_copies(campaign)
    tasks = (
        Task(
            campaign=campaign,
            acquisition_id=moment,
            tile_id=tile,
            lane=Task.Lane.PICK,
            copy=copies.get(moment, 0),
            cause=why,
            created=now,
        )
        for tile, moment in tiles
    )
    try:
        with transaction.atomic():
            Task.objects.bulk_create(tasks, batch_size=CHUNK)
    except IntegrityError:
        raise Conflict(
            "One of the tiles has been picked just now.",
            field="filters",
            help="Look at the plan again.",
        ) from None
