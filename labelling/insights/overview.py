"""Everything the lead's page shows, asked at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from labelling.models import Campaign

from .batch import Batch, current_batch
from .growth import ClassPixels, Tiles
from .learning import RoundRow, curve
from .people import PersonRow
from .queue_health import Counts
from .running import Running, running
from .tallies import tallies_of


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
    counted: datetime | None
    """When tiles, tasks, lanes, classes and people were counted; None: now."""


def overview(campaign: Campaign) -> Overview:
    """The state of `campaign`, in at most twelve queries, whatever its size."""
    tallies = tallies_of(campaign)
    return Overview(
        tiles=tallies.tiles,
        tasks=tallies.states,
        lanes=tallies.lanes,
        classes=tallies.classes,
        rounds=curve(campaign),
        running=running(campaign),
        batch=current_batch(campaign),
        people=tallies.people,
        counted=tallies.counted,
    )
