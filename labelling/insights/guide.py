"""Worked examples for people who label: where classes meet on gold tiles no longer served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet

from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound
from labelling.imagery.deciding import Border, borders, window
from labelling.imagery.tilefile import read_label, read_tile
from labelling.models import (
    Agreement,
    Annotation,
    Campaign,
    CampaignTile,
    Gold,
    Place,
    Task,
    Tile,
)

NEWEST = 12
"""Gold tiles that examples are taken from."""
SIDE = 128
"""Pixels a side of what an example shows."""


@dataclass(frozen=True)
class Example:
    """Two classes that meet on a gold tile."""

    tile: Tile
    """With scene, acquisition and place loaded."""
    annotation: Annotation
    guide: str
    """The lead's words."""
    border: Border
    window: tuple[int, int, int, int]
    """Top, left, bottom, right: where most of the border lies."""
    mistaken: int
    """Pixels of the tile in which people took one of the two for the other."""


@dataclass(frozen=True)
class Seen:
    """What a gold label and its tile say of themselves."""

    borders: tuple[Border, ...]
    windows: dict[tuple[int, int], tuple[int, int, int, int]]


def examples(campaign: Campaign, *, blobs: Blobs) -> list[Example]:
    """One example for each two classes that meet on the campaign's retired gold tiles: of the tile
    on which people mixed the two up most, then of the newest. Those mixed up most come first.

    Only gold that `_open_to_all` lets through. Four queries.
    Reads the rasters of at most NEWEST tiles once a process. Raises NotFound for a lost one.
    """
    retired = _open_to_all(campaign).filter(annotation__schema=campaign.schema_id)
    related = ("annotation__acquisition", "acquisition")
    gold = list(retired.select_related(*related).order_by("-pk")[:NEWEST])
    tiles, mistakes = _tiles(campaign, gold), _mistakes(campaign, gold)
    best: dict[tuple[int, int], Example] = {}
    for each in gold:
        if tile := tiles.get(each.acquisition_id):
            for example in _of(each, tile, mistakes.get(each.annotation_id, {}), blobs):
                known = best.get(example.border.pair)
                if known is None or example.mistaken > known.mistaken:
                    best[example.border.pair] = example
    return sorted(best.values(), key=lambda each: (-each.mistaken, -each.border.pixels))


def guide_label(campaign: Campaign, annotation: str) -> Annotation:
    """A gold label that anybody of the campaign may see. One query. Raises NotFound."""
    retired = _open_to_all(campaign).filter(annotation__uuid=annotation)
    found = retired.select_related("annotation").first()
    if found is None:
        raise NotFound(f"{annotation} is no label of the guide.", field="annotation")
    return found.annotation


def _open_to_all(campaign: Campaign) -> QuerySet[Gold]:
    """Gold whose label may be told: retired, waiting for nobody and in nobody's hands in any lane
    (who opened the guide meanwhile would copy it), and of no test place."""
    served = Task.objects.filter(
        campaign=OuterRef("campaign"),
        acquisition=OuterRef("acquisition"),
        state__in=(Task.State.OPEN, Task.State.RESERVED),
    )
    retired = Gold.objects.filter(~Exists(served), campaign=campaign, active=False)
    return retired.exclude(acquisition__place__split=Place.Split.TEST)


def _of(
    gold: Gold, tile: Tile, mistakes: dict[tuple[int, int], int], blobs: Blobs
) -> Iterator[Example]:
    label = gold.annotation
    seen = _seen(
        blobs.raster(tile.raster), blobs.raster(label.raster), (tile.sha256, label.sha256),
        tuple(tile.bands),
    )  # fmt: skip
    for border in seen.borders:
        yield Example(
            tile=tile,
            annotation=label,
            guide=gold.guide,
            border=border,
            window=seen.windows[border.pair],
            mistaken=mistakes.get(border.pair, 0),
        )


@lru_cache(maxsize=256)
def _seen(raster: str, label: str, content: tuple[str, str], bands: tuple[str, ...]) -> Seen:
    # `content` names the pixels: the same path with others is read anew.
    codes, _ = read_label(label)
    found = borders(codes, read_tile(raster, bands), bands)
    return Seen(tuple(found), {each.pair: window(codes, each.pair, SIDE) for each in found})


def _tiles(campaign: Campaign, gold: Sequence[Gold]) -> dict[int, Tile]:
    """{acquisition: a tile of the campaign}."""
    there = CampaignTile.objects.filter(
        campaign=campaign, tile__acquisition__in=[each.acquisition_id for each in gold]
    )
    rows = there.select_related("tile__scene", "tile__acquisition__place").order_by("-tile")
    return {row.tile.acquisition_id: row.tile for row in rows}


def _mistakes(campaign: Campaign, gold: Sequence[Gold]) -> dict[int, dict[tuple[int, int], int]]:
    """{gold annotation: {two classes: pixels in which people took one for the other}}."""
    codes = campaign.schema.codes if campaign.schema else []
    found: dict[int, dict[tuple[int, int], int]] = {}
    rows = Agreement.objects.filter(
        campaign=campaign,
        kind=Agreement.Kind.GOLD,
        first__in=[each.annotation_id for each in gold],
    )
    for first, confusion in rows.values_list("first", "confusion"):
        counts = np.asarray(confusion)
        both = counts + counts.T
        pairs = found.setdefault(first, {})
        for row, low in enumerate(codes):
            for column in range(row + 1, len(codes)):
                pair = (min(low, codes[column]), max(low, codes[column]))
                pairs[pair] = pairs.get(pair, 0) + int(both[row, column])
    return found
