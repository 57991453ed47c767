"""Counts that take seconds in a campaign of a million tiles: made now and then, and kept.

In a small campaign they are counted for each page, as it was asked for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from labelling.models import Campaign, CampaignTile

from .growth import ClassPixels, Tiles, classes, tiles
from .people import PersonRow, people
from .queue_health import Counts, LaneCounts, lane_counts, queue_health
from .spread import Spread, spread

LARGE = 50_000
"""Tiles from which on a page would be slow."""
FRESH = timedelta(minutes=2)
"""Counts are made again when they are older."""


@dataclass(frozen=True)
class Tallies:
    tiles: Tiles
    states: Counts
    lanes: dict[str, Counts]
    classes: list[ClassPixels]
    people: list[PersonRow]
    counted: datetime | None
    """None: now."""


def tallies_of(campaign: Campaign) -> Tallies:
    """As they were kept, or counted now; then it causes six queries."""
    kept = campaign.tallies
    if not kept:
        return _counted(campaign)
    return Tallies(
        tiles=Tiles(**{**kept["tiles"], "target": campaign.targets.get("tiles")}),
        states=kept["states"],
        lanes=kept["lanes"],
        classes=[ClassPixels(**each) for each in kept["classes"]],
        people=[PersonRow(**each) for each in kept["people"]],
        counted=datetime.fromisoformat(kept["counted"]),
    )


def lane_counts_of(campaign: Campaign, *, now: datetime) -> list[LaneCounts]:
    """As they were kept, or counted now; then it causes three queries."""
    kept = campaign.tallies
    if not kept:
        return lane_counts(campaign, now=now)
    return [LaneCounts.read(each) for each in kept["queue"]]


def spread_of(campaign: Campaign) -> Spread:
    """As it was kept, or counted now; then it causes two queries."""
    kept = campaign.tallies.get("spread")
    return Spread.read(kept) if kept else spread(campaign)


def keep_tallies(campaign: Campaign, *, now: datetime) -> bool:
    """Count a large campaign again if its counts are old; whether it did.

    A campaign that is small (again) forgets what was kept.
    """
    enrolled = CampaignTile.objects.filter(campaign=campaign).values_list("pk", flat=True)
    if not enrolled.order_by("pk")[LARGE : LARGE + 1]:
        return bool(campaign.tallies) and _write(campaign, {})
    kept = campaign.tallies
    if kept and now - datetime.fromisoformat(kept["counted"]) < FRESH:
        return False
    counted = {name: _plain(value) for name, value in vars(_counted(campaign)).items()}
    queue = [each.told() for each in lane_counts(campaign, now=now)]
    more = {"spread": spread(campaign).told(), "clouds": kept.get("clouds", {})}
    return _write(campaign, {**counted, **more, "queue": queue, "counted": now.isoformat()})


def _counted(campaign: Campaign) -> Tallies:
    queue = queue_health(campaign)
    return Tallies(
        tiles=tiles(campaign),
        states=queue.states,
        lanes=queue.lanes,
        classes=classes(campaign),
        people=people(campaign),
        counted=None,
    )


def _plain(value: Any) -> Any:
    """As JSON takes it."""
    if isinstance(value, list):
        return [asdict(each) for each in value]
    return asdict(value) if isinstance(value, Tiles) else value


def _write(campaign: Campaign, tallies: dict[str, Any]) -> bool:
    campaign.tallies = tallies
    return Campaign.objects.filter(pk=campaign.pk).update(tallies=tallies) == 1
