"""Open tasks that no round picked: reference tiles, gold, a lead's own choice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from labelling.errors import Conflict
from labelling.models import Campaign, Task, Tile, record

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def open_lane(
    *, campaign: Campaign, tiles: Iterable[Tile], lane: str, by: User | None, now: datetime
) -> list[Task]:
    """One open task a tile in `lane`, all or none.

    Raises Conflict when one of the tiles has its task in this lane already.
    """
    tasks = [
        Task(
            campaign=campaign,
            acquisition_id=tile.acquisition_id,
            tile=tile,
            lane=lane,
            created=now,
        )
        for tile in tiles
    ]
    try:
        with transaction.atomic():
            Task.objects.bulk_create(tasks)
            record("created", campaign, campaign=campaign, who=by, now=now, lane=lane)
    except IntegrityError:
        raise Conflict(f"A tile has its {lane} task already.", field="tiles") from None
    return tasks
