"""Bring another raster in as a layer beside tiles: radar backscatter, a terrain model.

One tile at a time, so that it can be killed and gone on: a tile that has the layer is passed over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound, StorageAway
from labelling.imagery.extras import extra_on, planes_in, write_extra
from labelling.imagery.files import Georeference
from labelling.imagery.ground import ground_at
from labelling.imagery.masks.sources import ALL
from labelling.models import Campaign, Event, Layer, Scene, Tile, record
from labelling.workflow.masking.layers import Name, save
from labelling.workflow.orphans import taken_back_on_failure

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
PAGE = 200
"""Tiles fetched at a time."""


@dataclass(frozen=True)
class Extra:
    """A raster, and the tiles that it is to lie beside."""

    path: Path
    name: str
    """What a feature set calls it, as `extra:NAME`."""
    version: str
    product: str = ""
    """Only the tiles of this product; empty: of every date, as suits a terrain model."""

    def __post_init__(self) -> None:
        for field_name, word in (("name", self.name), ("version", self.version)):
            if not NAME.fullmatch(word):
                raise BadInput(
                    f"The {field_name} is {word!r}.",
                    field=field_name,
                    help="Give small letters, digits, _ . or -, such as s1.",
                )
        if self.name in {source.layer for source in ALL}:
            raise BadInput(
                f"{self.name} is the name of a rule mask.",
                field="name",
                help="Give the raster another name; masks come in by `manage.py masks import`.",
            )

    @property
    def layer(self) -> Name:
        return Name(self.name, self.version, ())


@dataclass
class ExtraReport:
    """What became of the campaign's tiles."""

    file: str
    name: str
    version: str
    planes: int
    tiles_new: int = 0
    tiles_known: int = 0
    tiles_beyond: int = 0
    """Where the raster has no data, or that don't say where they lie."""
    dry_run: bool = False
    bands: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Work:
    """A raster on its way in."""

    extra: Extra
    report: ExtraReport
    blobs: Blobs
    now: datetime


def bring_extra(
    extra: Extra,
    *,
    campaign: Campaign,
    blobs: Blobs,
    now: datetime,
    dry_run: bool = False,
    tell: Callable[[], None] = lambda: None,
) -> ExtraReport:
    """Give each tile that the raster reaches its part of it, on the tile's grid, bilinear.

    `tell` is called after each tile. Raises NotFound for a product without tiles in the campaign,
    RasterRejected for a raster that can't be used, BadInput where an older version has another
    number of planes, StorageAway when storage can't be written; layers made before stay.
    """
    planes = planes_in(extra.path)
    _check_planes(extra, planes, campaign, blobs)
    names = [f"{extra.name} {number}" for number in range(planes)]
    report = ExtraReport(
        extra.path.name, extra.name, extra.version, planes, dry_run=dry_run, bands=names
    )
    tiles = tiles_for(extra, campaign)
    waiting = tiles.filter(
        ~Exists(Layer.objects.filter(tile=OuterRef("pk"), source=extra.name, version=extra.version))
    )
    report.tiles_known = tiles.count() - waiting.count()
    work = Work(extra, report, blobs, now)
    for tile in _each(waiting):
        _bring(tile, work)
        tell()
    if report.tiles_new and not dry_run:
        record(
            Event.Verb.IMPORTED, campaign, campaign=campaign, who=None, now=now,
            extra=f"{extra.name} {extra.version}", tiles=report.tiles_new,
        )  # fmt: skip
    return report


def tiles_for(extra: Extra, campaign: Campaign) -> QuerySet[Tile]:
    """The campaign's tiles that the raster is for, wherever they lie. Raises NotFound."""
    tiles = Tile.objects.filter(enrolments__campaign=campaign)
    if extra.product:
        tiles = tiles.filter(scene__in=Scene.objects.filter(product_id=extra.product))
        if not tiles.exists():
            raise NotFound(
                f"Campaign {campaign.slug} has no tile of product {extra.product}.",
                field="product",
                help="`manage.py tiles` lists what was ingested.",
            )
    return tiles.select_related("acquisition__place").order_by("pk")


def _check_planes(extra: Extra, planes: int, campaign: Campaign, blobs: Blobs) -> None:
    older = Layer.objects.filter(source=extra.name, tile__enrolments__campaign=campaign).first()
    if older is not None and (had := planes_in(blobs.raster(older.raster))) != planes:
        raise BadInput(
            f"{extra.path.name} has {planes} planes, {extra.name} {older.version} has {had}: a "
            "network can't see both.",
            field="name",
            help="Bring it in under another name.",
        )


def _each(tiles: QuerySet[Tile]) -> Iterator[Tile]:
    """Page by page: rows are written meanwhile, and memory stays flat."""
    last = 0
    while page := list(tiles.filter(pk__gt=last)[:PAGE]):
        yield from page
        last = page[-1].pk


def _bring(tile: Tile, work: Work) -> None:
    report = work.report
    ground = ground_at(tile.acquisition.place.key, work.blobs.raster(tile.raster))
    planes = None if ground is None else extra_on(work.extra.path, ground, size=tile.height)
    if ground is None or planes is None or np.isnan(planes).all():
        report.tiles_beyond += 1
        return
    try:
        if not report.dry_run:
            _keep(tile, work, planes, ground)
    except IntegrityError:
        report.tiles_known += 1  # another import was faster: it is the same
        return
    report.tiles_new += 1


def _keep(tile: Tile, work: Work, planes: NDArray[np.float32], ground: Georeference) -> None:
    """The blob, then its row, or neither."""
    key, names = work.extra.layer.key(tile), work.report.bands
    with taken_back_on_failure(work.blobs) as written, transaction.atomic():
        written.append(key)
        try:
            work.blobs.write_with(
                key, lambda path: write_extra(path, planes, names=names, place=ground)
            )
        except OSError as error:
            raise StorageAway(
                f"{key}: storage can't be written: {error.strerror}.",
                field="storage",
                help="Make room, and run this again: it goes on from the layers that are stored.",
            ) from error
        row = Layer(
            tile=tile,
            source=work.extra.name,
            version=work.extra.version,
            raster=key,
            sha256=hashlib.sha256(np.ascontiguousarray(planes[0]).data).hexdigest(),
        )
        save([row], now=work.now)
