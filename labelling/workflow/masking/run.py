"""Run a masker over a campaign's tiles: one tile at a time, so that it can be killed and gone on.

Each tile's layers are stored and recorded before the next one is read; a tile that has them is
passed over.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import StorageAway, WorkbenchError
from labelling.imagery.files import Georeference
from labelling.imagery.masks.maskers import Masker, Shot
from labelling.imagery.masks.tables import CANNOT_SAY
from labelling.imagery.masks.tileread import bands_at, codes_at, place_at
from labelling.models import Campaign, Layer, Tile, record
from labelling.workflow.masking.layers import (
    Name,
    class_shares,
    only_where,
    put,
    save,
)
from labelling.workflow.orphans import taken_back_on_failure

PAGE = 200
"""Tiles fetched at a time."""


@dataclass(frozen=True)
class Order:
    """What is to be run, and on what."""

    masker: Masker
    campaign: Campaign
    blobs: Blobs
    threads: int
    threshold: float | None = None
    level: str = ""
    """Taken for the level of tiles that don't say theirs."""
    limit: int | None = None
    """Tiles to run at most."""
    dry_run: bool = False


@dataclass
class RunReport:
    """What became of the campaign's tiles."""

    masker: str
    versions: list[str]
    """Of the layers, the best first."""
    tiles_waiting: int = 0
    """Without such a layer when the run began; of these at most the limit are run."""
    tiles_new: int = 0
    tiles_cut: int = 0
    """Of the new ones, those cut from a probability that was stored."""
    tiles_known: int = 0
    seconds: float = 0.0
    """Spent in the masker itself, without reading and storing."""
    pixels: int = 0
    """That it looked at in those seconds."""
    peak_mib: float = 0.0
    """Of this process, the masker included."""
    cannot_run: dict[str, list[str]] = field(default_factory=dict)
    """{bands or level: keys of tiles that the masker can't run on}."""
    refused: dict[str, str] = field(default_factory=dict)
    """{key of a tile: why its raster couldn't be used}."""

    @property
    def left_out(self) -> int:
        return sum(map(len, self.cannot_run.values())) + len(self.refused)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Sight:
    """A masker's answer for one tile."""

    codes: NDArray[np.uint8]
    """The source's codes (height, width), 255 where there is no data."""
    place: Georeference | None
    seconds: float | None
    """How long the masker ran; None: it didn't, the codes are a stored probability."""

    @property
    def fresh(self) -> bool:
        return self.seconds is not None


Tell = Callable[[RunReport], None]
"""Called after each tile."""


def run_masker(order: Order, *, now: datetime, tell: Tell = lambda report: None) -> RunReport:
    """Give each tile of the campaign that the masker can run on its layer.

    A tile whose raster can't be read is told in the report and the rest goes on. Raises BadInput
    when the masker isn't installed, or for a threshold that it doesn't have; StorageAway when
    storage can't be written.
    """
    release = order.masker.release()
    report = RunReport(order.masker.name, _versions(order, release))
    tiles = _waiting(order, report.versions)
    report.tiles_waiting = tiles.count()
    report.tiles_known = order.campaign.enrolments.count() - report.tiles_waiting
    for tile in _each(tiles):
        if order.limit is not None and report.tiles_new >= order.limit:
            break
        _run(tile, order, release, report, now)
        tell(report)
    if report.tiles_new and not order.dry_run:
        record(
            "finished", order.campaign, campaign=order.campaign, who=None, now=now,
            masker=order.masker.name, versions=report.versions, tiles=report.tiles_new,
            seconds=round(report.seconds, 3), pixels=report.pixels, peak_mib=report.peak_mib,
        )  # fmt: skip
    return report


def _waiting(order: Order, versions: list[str]) -> QuerySet[Tile]:
    """The campaign's tiles without a layer of these versions, in the order of their rows."""
    layer = Layer.objects.filter(
        tile=OuterRef("pk"), source=order.masker.source.layer, version__in=versions
    )
    tiles = Tile.objects.filter(~Exists(layer), enrolments__campaign=order.campaign)
    return tiles.select_related("acquisition__place").order_by("pk")


def _versions(order: Order, release: str) -> list[str]:
    masker = order.masker
    return [
        masker.source.layer_version(
            threshold=order.threshold, tool=masker.tool(release, bands=len(roles))
        )
        for roles in masker.bands
    ]


def _each(tiles: QuerySet[Tile]) -> Iterator[Tile]:
    """Page by page: rows are written meanwhile, and memory stays flat."""
    last = 0
    while page := list(tiles.filter(pk__gt=last)[:PAGE]):
        yield from page
        last = page[-1].pk


def _run(tile: Tile, order: Order, release: str, report: RunReport, now: datetime) -> None:
    masker = order.masker
    bands = masker.bands_of([name for name in tile.bands if name not in tile.missing])
    level = tile.level or order.level
    if bands is None or level not in masker.levels:
        report.cannot_run.setdefault("level" if bands else "bands", []).append(tile.key)
        return
    tool = masker.tool(release, bands=len(bands))
    try:
        sight = None if order.dry_run else _mask(tile, order, tool, dict(bands), level, now)
    except StorageAway:
        raise
    except WorkbenchError as error:
        report.refused[tile.key] = str(error)
        return
    except IntegrityError:
        # Another run gave this tile its layers meanwhile: they are the same.
        report.tiles_known += 1
        return
    report.tiles_new += 1
    if sight is None:
        return
    report.tiles_cut += not sight.fresh
    if sight.seconds is not None:
        report.seconds += sight.seconds
        report.pixels += sight.codes.size
        report.peak_mib = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _mask(
    tile: Tile, order: Order, tool: str, bands: dict[str, str], level: str, now: datetime
) -> Sight:
    """Store the tile's layers; what they were made from."""
    source = order.masker.source
    share = Name(f"{source.layer}_probability", tool, ())
    version = source.layer_version(threshold=order.threshold, tool=tool)
    sight = (_stored(tile, share, order) if order.masker.probability else None) or _seen(
        tile, order, bands, level
    )
    data = sight.codes != CANNOT_SAY
    table = source.table(order.threshold)
    classes = table.translate(sight.codes, name=tile.key, nodata=CANNOT_SAY)
    planes = [(Name(source.layer, version, source.provides), classes, class_shares(classes, data))]
    if order.masker.probability and sight.fresh:
        planes.append((share, sight.codes, {}))
    with taken_back_on_failure(order.blobs) as written, transaction.atomic():
        written += [name.key(tile) for name, _, _ in planes]
        save(
            [
                put(order.blobs, tile, name, codes, classes=shares, place=sight.place)
                for name, codes, shares in planes
            ],
            now=now,
        )
    return sight


def _seen(tile: Tile, order: Order, bands: dict[str, str], level: str) -> Sight:
    """The tile through the masker. Raises RasterRejected."""
    pixels, data, place = bands_at(order.blobs.raster(tile.raster), tuple(bands.values()))
    began = time.perf_counter()
    codes = order.masker.run(Shot(pixels, tuple(bands), level), order.threads)
    return Sight(only_where(data, codes), place, seconds=time.perf_counter() - began)


def _stored(tile: Tile, share: Name, order: Order) -> Sight | None:
    """The probability that an earlier run kept, if any."""
    layer = Layer.objects.filter(tile=tile, source=share.source, version=share.version).first()
    if layer is None:
        return None
    raster = order.blobs.raster(layer.raster)
    return Sight(codes_at(raster), place_at(raster), seconds=None)
