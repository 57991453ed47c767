"""Which masks a campaign's tiles have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count

from labelling.models import Campaign, Layer


@dataclass(frozen=True)
class Coverage:
    """How many of a campaign's tiles have one layer."""

    campaign: str
    source: str
    version: str
    provides: list[int]
    """Classes it can tell; empty for what is no mask."""
    tiles: int
    of: int
    """Tiles of the campaign."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def coverage(campaign: Campaign) -> list[Coverage]:
    """Every layer that tiles of the campaign have, by source and version. A query for each."""
    layers = Layer.objects.filter(tile__enrolments__campaign=campaign)
    of = campaign.enrolments.count()
    counts = layers.values("source", "version").annotate(tiles=Count("pk"))
    found = []
    for row in counts.order_by("source", "version"):
        one = layers.filter(source=row["source"], version=row["version"]).values("provides")
        provides = one.first()["provides"]
        found.append(
            Coverage(campaign.slug, row["source"], row["version"], provides, row["tiles"], of)
        )
    return found
