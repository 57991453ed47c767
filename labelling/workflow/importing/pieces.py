"""A label cut to the tiles it is for; tiles that come with it are ingested on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, LabelRejected
from labelling.imagery.files import Georeference
from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.labelsets.labelled import Labelled, MaskPlane, Picture
from labelling.imagery.labelsets.sampling import sampled
from labelling.imagery.layout import Spot, lay_out
from labelling.imagery.masks.tables import CANNOT_SAY
from labelling.imagery.masks.tileread import place_at
from labelling.imagery.products.stack import inspect_stack
from labelling.imagery.tilefile import write_tile
from labelling.models import Campaign, Tile
from labelling.workflow.importing.targets import tiles_for
from labelling.workflow.ingest.products import ingest_stack
from labelling.workflow.masking.layers import data_of
from labelling.workflow.planes import Planes

PICTURE = "picture.tif"
"""What a label's imagery is called on its way in."""


@dataclass(frozen=True)
class Piece:
    """A label's part on one tile."""

    planes: Planes
    tile: Tile | None
    """None: the tile isn't stored, because nothing is to be written."""
    masks: tuple[MaskPlane, ...] = ()
    """Other masks, cut likewise."""
    place: Georeference | None = None


@dataclass(frozen=True)
class Desk:
    """Where an import works."""

    campaign: Campaign
    blobs: Blobs
    now: datetime
    matches: Mapping[str, str]
    """Image name → tile, as the lead says."""
    dry_run: bool = False


def pieces_of(labelled: Labelled, desk: Desk) -> tuple[list[Piece], int]:
    """The label's parts, those without a labelled pixel left out, and how many tiles are new.

    Raises BadInput when imagery or label can't be used, Conflict when its tiles are stored already
    with other pixels.
    """
    if labelled.picture is not None:
        pieces, new = _with_picture(labelled, labelled.picture, desk)
    else:
        pieces, new = list(_on_targets(labelled, desk)), 0
    return [piece for piece in pieces if (piece.planes.label != UNLABELLED).any()], new


def _with_picture(labelled: Labelled, picture: Picture, desk: Desk) -> tuple[list[Piece], int]:
    with tempfile.TemporaryDirectory() as folder:
        stack = _written(Path(folder), picture)
        spots = lay_out(inspect_stack(stack), size=desk.campaign.tile_size)
        tiles = [_tile_at(spot, picture) for spot in spots]
        new = sum(tile is None for tile in tiles)
        if not desk.dry_run:
            report = ingest_stack(stack, campaign=desk.campaign, now=desk.now, blobs=desk.blobs)
            tiles, new = [_tile_at(spot, picture) for spot in spots], report.tiles_new
    pieces = [
        _cut(labelled, spot, tile)
        for spot, tile in zip(spots, tiles)
        if tile is not None or desk.dry_run
    ]
    return pieces, new


def _written(folder: Path, picture: Picture) -> Path:
    """The picture as a stack that says what is known of it."""
    stack = folder / PICTURE
    tags = {
        "PRODUCT_ID": picture.product_id,
        "DATETIME": picture.taken.isoformat() if picture.taken else "",
        "SATELLITE": picture.satellite,
        "LEVEL": picture.level,
        "BASELINE": picture.baseline,
        "MGRS": picture.mgrs,
    }
    kept = {name: value for name, value in tags.items() if value}
    write_tile(stack, picture.pixels, bands=picture.bands, place=picture.place, tags=kept)
    return stack


def _tile_at(spot: Spot, picture: Picture) -> Tile | None:
    return (
        Tile.objects.filter(
            acquisition__place__key=spot.place,
            acquisition__taken=picture.taken,
            level=picture.level,
            baseline=picture.baseline,
        )
        .select_related("acquisition__place", "scene")
        .first()
    )


def _cut(labelled: Labelled, spot: Spot, tile: Tile | None) -> Piece:
    window = spot.window
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)

    def part(plane: NDArray[np.uint8], fill: int) -> NDArray[np.uint8]:
        return window.place(plane[rows, columns], fill=fill)

    planes = Planes(part(labelled.label, UNLABELLED), part(labelled.provenance, 0))
    masks = tuple(
        MaskPlane(each.source, each.version, each.provides, part(each.codes, CANNOT_SAY))
        for each in labelled.masks
    )
    return Piece(planes, tile, masks, spot.georeference)


def _on_targets(labelled: Labelled, desk: Desk) -> Iterator[Piece]:
    target = labelled.target
    if target is None:
        raise BadInput("A label has neither imagery nor a tile's name.", field="image")
    tiles = tiles_for(target, desk.campaign, matches=desk.matches)
    seen: set[int] = set()
    for tile in tiles:
        # A label belongs to the acquisition: one of its tiles is enough to put it down.
        if tile.acquisition_id not in seen:
            seen.add(tile.acquisition_id)
            yield _on_tile(labelled, tile, desk)


def _on_tile(labelled: Labelled, tile: Tile, desk: Desk) -> Piece:
    size = (tile.height, tile.width)
    label, provenance = labelled.label, labelled.provenance
    place = place_at(desk.blobs.raster(tile.raster))
    map_place = labelled.target.place if labelled.target else None
    if map_place is not None:
        if place is None:
            raise LabelRejected(f"{tile.key} has no georeference.", field="georeference")
        label = sampled(label, map_place, onto=place, size=size, outside=UNLABELLED)
        provenance = sampled(provenance, map_place, onto=place, size=size, outside=0)
    elif label.shape != size:
        raise LabelRejected(
            f"{label.shape[0]} by {label.shape[1]} pixels, but {tile.key} has {size[0]} by "
            f"{size[1]}.",
            field="size",
        )
    data = data_of(desk.blobs, tile)
    label = np.where(data, label, UNLABELLED).astype(np.uint8)
    return Piece(Planes(label, np.where(data, provenance, 0).astype(np.uint8)), tile, (), place)
