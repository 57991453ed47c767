"""Bring existing masks in: layers beside the stored tiles of a product.

Blobs first, then the rows of a mask in one transaction; what fails leaves neither behind. The same
mask again changes nothing, and a refused mask doesn't keep the others out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, Conflict, LostLease, NotFound, StorageAway, WorkbenchError
from labelling.imagery.layout import Spot, lay_out
from labelling.imagery.masks.reading import MaskFile, MaskReader, reading_mask
from labelling.imagery.masks.sidefiles import Pattern, masks_of
from labelling.imagery.products.product import Product
from labelling.models import Campaign, Layer, Scene, Tile, record
from labelling.workflow.masking.layers import (
    Name,
    class_shares,
    data_of,
    only_where,
    put,
    save,
    sha256_of,
)
from labelling.workflow.orphans import taken_back_on_failure


@dataclass(frozen=True)
class Wanted:
    """What masks are looked for beside the usual ones, and how they are read."""

    patterns: tuple[Pattern, ...] = ()
    """For the sources they name they stand instead of the usual ones."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """{source: 0…1} where a probability is cut otherwise than by default."""
    tool: str = ""
    """Version of the masker that made the files, where it is known."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.+-]{0,40}", self.tool):
            raise BadInput(
                f"The masker's version is {self.tool!r}.",
                field="tool_version",
                help="Give at most 40 letters, digits, points, plus or minus signs.",
            )


USUAL = Wanted()


@dataclass
class MaskReport:
    """What became of one mask of a product."""

    file: str
    source: str = ""
    version: str = ""
    state: str = "known"
    """ok: new layers · known: all of them were here · refused."""
    reason: str = ""
    field: str = ""
    help: str = ""
    tiles_new: int = 0
    tiles_known: int = 0

    def line(self) -> str:
        """One line for a person."""
        if self.state == "refused":
            return f"{self.file}: refused: {self.reason} {self.help}".rstrip()
        return (
            f"{self.file}: {self.source} {self.version}: {self.tiles_new} new layers, "
            f"{self.tiles_known} known"
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Bringing:
    """How masks come in."""

    blobs: Blobs
    now: datetime
    wanted: Wanted = USUAL
    dry_run: bool = False
    beat: Callable[[], None] = lambda: None
    """Called with each tile."""


@dataclass(frozen=True, kw_only=True)
class Work(Bringing):
    """The masks of one product on their way in."""

    product: Product
    tiles: list[tuple[Spot, Tile]]
    """Those that are stored."""


def bring_masks(product: Product, campaign: Campaign, how: Bringing) -> list[MaskReport]:
    """Store the masks inside and beside `product` as layers of its tiles of the campaign's size.

    Each mask that can't be used is told in its report, with nothing of it left behind.
    Raises NotFound when no tile of the product is stored, StorageAway when storage can't be
    written; masks that came in before stay.
    """
    work = Work(product=product, tiles=_stored(product, campaign), **vars(how))
    reports = [_bring(found, work) for found in masks_of(product, how.wanted.patterns)]
    news = [each for each in reports if each.tiles_new]
    if news and not how.dry_run:
        masks = [f"{each.source} {each.version}" for each in news]
        scene = Scene.objects.get(product_id=product.product_id)
        record("imported", scene, campaign=campaign, who=None, now=how.now, masks=masks)
    return reports


def _stored(product: Product, campaign: Campaign) -> list[tuple[Spot, Tile]]:
    """The product's spots whose tiles are stored, and those tiles. Two queries."""
    scene = Scene.objects.filter(product_id=product.product_id).first()
    spots = lay_out(product, size=campaign.tile_size) if scene else []
    tiles = Tile.objects.filter(
        acquisition__place__key__in=[spot.place for spot in spots],
        acquisition__taken=product.taken,
        level=product.level,
        baseline=product.baseline,
    ).select_related("acquisition__place")
    # A tile may have come with another file of the same pixels: once the ingest of this one is
    # through, they are known to be the same. Until then only its own tiles are.
    ready = scene is not None and scene.state == Scene.State.READY
    own = [tile for tile in tiles if ready or tile.scene_id == scene.pk]
    by_place = {tile.acquisition.place.key: tile for tile in own}
    found = [(spot, by_place[spot.place]) for spot in spots if spot.place in by_place]
    if not found:
        raise NotFound(
            f"{product.name}: no tile of {product.product_id} with {campaign.tile_size} pixels is "
            "stored.",
            field="path",
            help="Ingest the product first.",
        )
    return found


def refusal(file: str, error: WorkbenchError) -> MaskReport:
    """The report of a mask, or of a product with masks, that can't be used."""
    reason = str(error).removeprefix(f"{file}: ")
    return MaskReport(file, state="refused", reason=reason, field=error.field, help=error.help)


def _bring(found: MaskFile | BadInput, work: Work) -> MaskReport:
    if isinstance(found, BadInput):
        return refusal(work.product.name, found)
    try:
        return _bring_file(found, work)
    except (StorageAway, LostLease):
        raise
    except WorkbenchError as error:
        refused = refusal(found.name, error)
        refused.source = found.source.layer
        return refused


def _bring_file(file: MaskFile, work: Work) -> MaskReport:
    """Raises RasterRejected or Conflict, with nothing left behind."""
    source, threshold = file.source, work.wanted.thresholds.get(file.source.name)
    version = source.layer_version(threshold=threshold, tool=work.wanted.tool)
    name = Name(source.layer, version, source.provides)
    with (
        taken_back_on_failure(work.blobs) as written,
        reading_mask(file, work.product, threshold=threshold) as mask,
    ):
        rows = list(_layers(mask, name, work, written))
        if rows and not work.dry_run:
            _save(rows, file, work)
    return MaskReport(
        file.name,
        name.source,
        version,
        state="ok" if rows else "known",
        tiles_new=len(rows),
        tiles_known=len(work.tiles) - len(rows),
    )


def _layers(mask: MaskReader, name: Name, work: Work, written: list[str]) -> Iterator[Layer]:
    """Rows of the layers that are new, their blobs stored."""
    known = _known(name, work)
    for spot, tile in work.tiles:
        work.beat()
        data = data_of(work.blobs, tile)
        codes = only_where(data, mask.tile(spot.window))
        if tile.pk in known:
            _check_same(known[tile.pk], codes, mask.file.name)
            continue
        classes = class_shares(codes, data)
        if work.dry_run:
            yield Layer(tile=tile, classes=classes)
            continue
        written.append(name.key(tile))
        yield put(work.blobs, tile, name, codes, classes=classes, place=spot.georeference)


def _known(name: Name, work: Work) -> dict[int, Layer]:
    """{tile: its layer of this name}. One query."""
    layers = Layer.objects.filter(
        tile__in=[tile for _, tile in work.tiles], source=name.source, version=name.version
    )
    return {layer.tile_id: layer for layer in layers}


def _check_same(known: Layer, codes: NDArray[np.uint8], file: str) -> None:
    if known.sha256 != sha256_of(codes):
        raise Conflict(
            f"{file}: {known.source} {known.version} is stored already, with other codes.",
            field="version",
            help="Name the masker's version with --tool-version to keep both.",
        )


def _save(rows: Sequence[Layer], file: MaskFile, work: Work) -> None:
    try:
        with transaction.atomic():
            save(rows, now=work.now)
    except IntegrityError as error:
        raise Conflict(
            f"{file.name}: another import stored the same layers meanwhile.",
            help="Run it again: what is known is left as it is.",
        ) from error
