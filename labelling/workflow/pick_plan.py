"""What sending tiles to the lane of picks would come to: which may go, and why the others not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from labelling.errors import BadInput
from labelling.models import Campaign, Place, Tile
from labelling.workflow.pool import in_flight, labelled, servable_tiles

MOST = 5000
"""Tiles of one question."""
CHUNK = 500
NOT_SERVED = "not served: fenced, out of scope, or another raster of its date is"
NOT_POOL = "in validation or test, where figures stand on a random sample"
HAS_LABEL = "labelled already"
HAS_TASK = "waiting or in work already"


@dataclass(frozen=True)
class PickPlan:
    fit: list[UUID]
    """Those that `pick` would take at this moment, one of each acquisition, in the order asked."""
    left_out: dict[str, int]
    """{why: tiles}"""


def plan_picks(campaign: Campaign, tiles: Sequence[UUID]) -> PickPlan:
    """Which of the tiles can be sent. Writes nothing. Raises BadInput (tiles) for none or too many.

    A query for each CHUNK tiles.
    """
    asked = list(dict.fromkeys(tiles))
    if not 1 <= len(asked) <= MOST:
        raise BadInput(
            f"Ask about 1 to {MOST} tiles, not {len(asked)}.",
            field="tiles",
            help="Narrow the filters down, or draw a smaller lasso.",
        )
    verdicts: dict[UUID, str] = {}
    for start in range(0, len(asked), CHUNK):
        some = _asked(campaign, asked[start : start + CHUNK])
        verdicts |= {tile.uuid: _verdict(tile) for tile in some}
    left = Counter(verdicts.get(name, NOT_SERVED) for name in asked)
    fit = [name for name in asked if verdicts.get(name) == ""]
    return PickPlan(fit, {why: n for why, n in left.most_common() if why})


def _asked(campaign: Campaign, tiles: Sequence[UUID]) -> QuerySet[Tile]:
    here = servable_tiles(campaign).filter(uuid__in=tiles)
    return here.select_related("acquisition__place").annotate(
        has_label=labelled(campaign), has_task=in_flight(campaign)
    )


def _verdict(tile: Tile) -> str:
    """Why it can't go; empty: it can."""
    if tile.acquisition.place.split != Place.Split.POOL:
        return NOT_POOL
    if tile.has_label:
        return HAS_LABEL
    return HAS_TASK if tile.has_task else ""
