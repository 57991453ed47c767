"""Which of a product's tiles a campaign may not serve, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labelling.imagery.quality import NEAR_DUPLICATE
from labelling.imagery.split import DEFAULT_SHARES
from labelling.models import Campaign, CampaignTile, Installation
from labelling.workflow.ingest.rows import TileRow, split_in

SPLIT_BORDER = "split border"
"""Fence of a tile that may show ground of another split."""


def fence(rows: Sequence[TileRow], campaign: Campaign, installation: Installation) -> None:
    """Note on each tile that is new to the campaign why it may not be served. Up to one query."""
    new = [row for row in rows if row.enrol]
    served = _served([_twin(row) for row in new], campaign)
    for row in new:
        row.fence = _reason(row, served, installation)


def as_it_would_be() -> Installation:
    """The installation's split as it is, or would be after a first ingest; nothing is frozen."""
    return Installation.objects.first() or Installation(split_shares=DEFAULT_SHARES)


def _reason(row: TileRow, served: set[int], installation: Installation) -> str:
    splits = {split_in(installation, ground) for ground in row.spot.touched}
    if splits - {split_in(installation, row.spot.ground)}:
        return SPLIT_BORDER
    flags = [
        flag
        for flag in _quality(row).get("flags", [])
        if flag != NEAR_DUPLICATE or _twin(row) in served
    ]
    return flags[0] if flags else ""


def _served(twins: Sequence[int | None], campaign: Campaign) -> set[int]:
    """Those of the tiles that the campaign may serve: one of two that show the same is enough."""
    known = {twin for twin in twins if twin is not None}
    if not known:
        return set()
    enrolled = CampaignTile.objects.filter(campaign=campaign, tile__in=known, fence="")
    return set(enrolled.values_list("tile_id", flat=True))


def _twin(row: TileRow) -> int | None:
    return row.known.near_duplicate_of_id if row.known else row.duplicate_of


def _quality(row: TileRow) -> dict[str, Any]:
    return row.known.quality if row.known else row.quality
