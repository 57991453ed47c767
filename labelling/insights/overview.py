"""Everything the lead's page shows, asked at once."""

from __future__ import annotations

from dataclasses import dataclass

from labelling.models import Campaign

from .batch import Batch, current_batch
from .growth import ClassPixels, Tiles, classes, tiles
from .learning import RoundRow, curve
from .people import PersonRow, people
from .queue_health import Counts, queue_health
from .running import Running, running


@dataclass(frozen=True)
class Overview:
    tiles: Tiles
    tasks: Counts
    lanes: dict[str, Counts]
    classes: list[ClassPixels]
    rounds: list[RoundRow]
    running: Running | None
    batch: Batch | None
    people: list[PersonRow]


def overview(campaign: Campaign) -> Overview:
    """The state of `campaign`, in at most eleven queries, whatever its size."""
    queue = queue_health(campaign)
    return Overview(
        tiles=tiles(campaign),
        tasks=queue.states,
        lanes=queue.lanes,
        classes=classes(campaign),
        rounds=curve(campaign),
        running=running(campaign),
        batch=current_batch(campaign),
        people=people(campaign),
    )
