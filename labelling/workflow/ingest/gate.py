"""What the quality gate asks of what is stored: copies, ground shown twice, offset steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models import Window as Over
from django.db.models.functions import RowNumber

from labelling.imagery.fingerprint import head, unpacked
from labelling.imagery.grid import grid_of
from labelling.imagery.layout import Spot
from labelling.imagery.overlap import Sheet, covers
from labelling.imagery.quality import (
    FLAGS,
    NEAR_DUPLICATE,
    OFFSET_STEP,
    is_near,
    offset_step,
    own_flags,
)
from labelling.models import Scene, Tile
from labelling.workflow.ingest.rows import TileRow
from labelling.workflow.ingest.work import Work

EARLIER = 8
"""Tiles of a place that a new one is compared with: the newest."""
CANDIDATES = 500
"""Tiles without a grid that are looked at closer, at most."""
SAME_PASS = timedelta(minutes=10)
"""Products this close in time are of one pass: the next is 100 minutes away."""
NEIGHBOUR = 3.0
"""Degrees of latitude within which another MGRS tile may overlap; of longitude, at the equator."""


@dataclass(frozen=True)
class Earlier:
    """A tile that is stored."""

    pk: int
    place: str
    taken: datetime | None
    bands: list[str]
    fingerprint: bytes
    dark: Mapping[str, int]


@dataclass(frozen=True)
class Shown:
    """Ground that another product of the same pass shows already."""

    share: float
    tile: int
    """Id of the tile that shows most of it."""


@dataclass(frozen=True)
class Around:
    """What the tiles of one product are compared with."""

    work: Work
    shown: Mapping[str, Shown] = field(default_factory=dict)
    """{place: …}, of the places that are shown at all."""


def look_around(work: Work, spots: Sequence[Spot]) -> Around:
    """Which of the product's tiles other products of the pass show already. Two queries."""
    product = work.product
    if not product.mgrs or product.place is None or product.taken is None:
        return Around(work)
    sheets, ids = _sheets(work)
    if not sheets:
        return Around(work)
    found = covers(product.place, [spot.window for spot in spots], sheets)
    shown = {
        spot.place: Shown(found[spot.window].share, ids[found[spot.window].most])
        for spot in spots
        if spot.window in found
    }
    return Around(work, shown)


def judge(rows: Sequence[TileRow], around: Around) -> None:
    """Note on each new tile of a row what the gate measured and what is amiss."""
    fresh = [row for row in rows if row.measures]
    earlier = _earlier(around.work, fresh) if fresh else {}
    for row in fresh:
        _judge(row, around, earlier.get(row.spot.place, []))


def _judge(row: TileRow, around: Around, earlier: Sequence[Earlier]) -> None:
    work, found = around.work, row.measures
    assert found is not None
    dark = {band: value for band, value in zip(work.match.bands, found.dark) if value}
    step = offset_step(dark, [each.dark for each in earlier], work.job.gate)
    shown = around.shown.get(row.spot.place)
    row.duplicate_of = _twin(row, work, earlier)
    flags = own_flags(found, work.job.gate)
    row.quality = {"negative": found.negative, "dark": dark}
    if shown is not None:
        row.quality["shown"] = round(shown.share, 3)
        if shown.share >= work.job.gate.covered:
            row.duplicate_of = row.duplicate_of or shown.tile
    if step is not None:
        row.quality["step"] = step
        flags.append(OFFSET_STEP)
    if row.duplicate_of is not None:
        flags.append(NEAR_DUPLICATE)
    row.quality["flags"] = [flag for flag in FLAGS if flag in flags]


def _twin(row: TileRow, work: Work, earlier: Sequence[Earlier]) -> int | None:
    """The first stored tile that looks the same: of another date of the place, or of no grid."""
    assert row.measures is not None
    others = [each for each in earlier if each.taken != work.product.taken]
    if not work.product.mgrs:
        others += _alike(row, work)
    same = [each for each in others if each.bands == list(work.match.bands)]
    means = [unpacked(each.fingerprint) for each in same]
    near = is_near(row.measures.means, means, work.job.gate)
    return min((each.pk for each, holds in zip(same, near) if holds), default=None)


def _earlier(work: Work, rows: Sequence[TileRow]) -> dict[str, list[Earlier]]:
    """{place: its newest tiles of this level, from other products}. One query."""
    newest = Over(
        RowNumber(),
        partition_by=F("acquisition__place"),
        order_by=[F("acquisition__taken").desc(), F("pk").desc()],
    )
    tiles = _of_others(work).filter(
        acquisition__place__key__in=[row.spot.place for row in rows], level=work.product.level
    )
    found: dict[str, list[Earlier]] = {}
    for each in _told(tiles.annotate(nth=newest).filter(nth__lte=EARLIER)):
        found.setdefault(each.place, []).append(each)
    return found


def _alike(row: TileRow, work: Work) -> list[Earlier]:
    """Tiles as bright as this one all in all: a copy under another name is among them."""
    assert row.measures is not None
    if not row.measures.means.size:
        return []
    mean, apart = float(row.measures.means.mean()), work.job.gate.mean_apart
    tiles = _of_others(work).filter(
        fingerprint__gte=head(mean - apart),
        fingerprint__lt=head(mean + apart + 1),
        height=row.spot.window.size,
    )
    return _told(tiles.order_by("pk")[:CANDIDATES])


def _of_others(work: Work) -> Any:
    return Tile.objects.exclude(scene__product_id=work.product.product_id)


def _told(tiles: Any) -> list[Earlier]:
    facts = ("pk", "acquisition__place__key", "acquisition__taken", "bands", "fingerprint")
    return [
        Earlier(pk, place, taken, bands, bytes(fingerprint), quality.get("dark", {}))
        for pk, place, taken, bands, fingerprint, quality in tiles.values_list(*facts, "quality")
    ]


def _sheets(work: Work) -> tuple[list[Sheet], dict[tuple[int, int, int], int]]:
    """Neighbouring products of the pass, and the ids of their tiles by sheet, row and column."""
    size = work.job.campaign.tile_size
    sheets: list[Sheet] = []
    ids: dict[tuple[int, int, int], int] = {}
    for mgrs, tiles in _neighbours(work).items():
        grid = grid_of(mgrs, size=size)
        shares: dict[tuple[int, int], float] = {}
        for pk, key, share in tiles:
            _, stored, row, column = key.split("/")
            if int(stored) == size:
                shares[int(row), int(column)] = share
                ids[len(sheets), int(row), int(column)] = pk
        sheets.append(Sheet(grid, shares))
    return sheets, ids


def _neighbours(work: Work) -> dict[str, list[tuple[int, str, float]]]:
    """{MGRS tile: (id, place, valid share) of its tiles}, of products of the pass close by."""
    product = work.product
    assert product.taken is not None
    scenes = Scene.objects.filter(
        taken__range=(product.taken - SAME_PASS, product.taken + SAME_PASS),
        satellite=product.satellite,
    ).exclude(mgrs__in=("", product.mgrs))
    own = Sheet(grid_of(product.mgrs, size=work.job.campaign.tile_size), {}).centre
    close = [pk for pk, mgrs in scenes.values_list("pk", "mgrs") if _is_close(own, _centre(mgrs))]
    tiles = Tile.objects.filter(scene__in=close).order_by("pk")
    found: dict[str, list[tuple[int, str, float]]] = {}
    facts = ("scene__mgrs", "pk", "acquisition__place__key", "valid_share")
    for mgrs, pk, key, share in tiles.values_list(*facts):
        if key.startswith(f"{mgrs}/"):
            found.setdefault(mgrs, []).append((pk, key, share))
    return found


def _centre(mgrs: str) -> tuple[float, float]:
    return Sheet(grid_of(mgrs, size=512), {}).centre


def _is_close(here: tuple[float, float], there: tuple[float, float]) -> bool:
    """Both (longitude, latitude); near the poles degrees of longitude say nothing."""
    across = abs((here[0] - there[0] + 180) % 360 - 180)
    shrunk = max(0.05, 1 - (max(abs(here[1]), abs(there[1])) / 90) ** 2)
    return abs(here[1] - there[1]) <= NEIGHBOUR and across * shrunk <= NEIGHBOUR
