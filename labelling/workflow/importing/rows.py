"""The rows an import writes: annotations of the labelled set, and the masks that came along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from labelling.adapters.blobs import Blobs
from labelling.errors import Conflict
from labelling.imagery.tilefile import write_label
from labelling.models import Annotation, ClassSchema, Layer, Tile, record
from labelling.workflow.importing.pieces import Desk, Piece
from labelling.workflow.masking.layers import Name, class_shares, data_of, only_where, put, save
from labelling.workflow.numbering import label_key
from labelling.workflow.orphans import taken_back_on_failure

TOOL = "import"


@dataclass(frozen=True)
class Facts:
    """What all labels of one item have in common."""

    source: str
    licence: str
    trust: float
    author: str
    kind: str
    origin: dict[str, Any]


@dataclass
class Outcome:
    """What became of an item's parts."""

    labels: int = 0
    changed: int = 0
    """Of those, newer versions of what this source had said before."""
    layers: int = 0
    theirs: list[str] = field(default_factory=list)
    """Acquisitions that the campaign's people labelled themselves."""
    pixels: Counter[str] = field(default_factory=Counter)


def keep(pieces: Sequence[Piece], facts: Facts, *, schema: ClassSchema, desk: Desk) -> Outcome:
    """Store an item's labels and layers, all of them or none; with a dry run, only count them.

    The label that its source has there already is known; another one is its next version. An
    acquisition that the campaign's people have labelled is left to them. Raises Conflict when
    somebody numbered a label alike meanwhile.
    """
    outcome = Outcome()
    try:
        with taken_back_on_failure(desk.blobs) as written, transaction.atomic():
            for piece in pieces:
                earlier = _earlier(piece, schema)
                if _is_new(piece, earlier, facts, outcome) and not desk.dry_run:
                    _keep_label(piece, earlier, facts, desk, written)
                if piece.tile is not None and not desk.dry_run:
                    outcome.layers += _keep_layers(piece, piece.tile, desk, written)
    except IntegrityError as error:
        raise Conflict(
            "Somebody labelled the same tile meanwhile.",
            help="Import it again: what is known is left as it is.",
        ) from error
    return outcome


@dataclass(frozen=True)
class Earlier:
    """What an acquisition was labelled with before, under one schema."""

    schema: ClassSchema
    labels: tuple[Annotation, ...] = ()
    """Oldest first."""


def _earlier(piece: Piece, schema: ClassSchema) -> Earlier:
    if piece.tile is None:
        return Earlier(schema)
    labels = Annotation.objects.filter(acquisition=piece.tile.acquisition_id, schema=schema)
    return Earlier(schema, tuple(labels.order_by("n")))


def _is_new(piece: Piece, earlier: Earlier, facts: Facts, outcome: Outcome) -> bool:
    """Whether the label is to be stored; the outcome is told."""
    own = [each for each in earlier.labels if each.source == facts.source]
    if own and own[-1].sha256 == piece.planes.sha256:
        return False
    if any(each.task_id for each in earlier.labels):
        outcome.theirs.append(str(piece.tile))
        return False
    outcome.labels += 1
    outcome.changed += bool(own)
    outcome.pixels.update(piece.planes.pixels)
    return True


def _keep_label(
    piece: Piece, earlier: Earlier, facts: Facts, desk: Desk, written: list[str]
) -> None:
    tile, planes = _stored(piece), piece.planes
    n = earlier.labels[-1].n + 1 if earlier.labels else 1
    key = label_key(tile.acquisition, n=n, sha256=planes.sha256)
    _write(
        desk.blobs, key, written,
        lambda path: write_label(path, planes.label, planes.provenance, place=piece.place),
    )  # fmt: skip
    own = [each for each in earlier.labels if each.source == facts.source]
    annotation = Annotation.objects.create(
        acquisition=tile.acquisition,
        schema=earlier.schema,
        n=n,
        author_name=facts.author[:120],
        tool=TOOL,
        source=facts.source,
        licence=facts.licence,
        trust=facts.trust,
        origin=facts.origin,
        parent=own[-1] if own else None,
        kind=facts.kind,
        raster=key,
        sha256=planes.sha256,
        pixels=planes.pixels,
        labelled_share=planes.labelled_share,
        created=desk.now,
    )
    record(
        "imported", annotation, campaign=desk.campaign, who=None, now=desk.now,
        after=planes.sha256, source=facts.source,
    )  # fmt: skip


def _keep_layers(piece: Piece, tile: Tile, desk: Desk, written: list[str]) -> int:
    """Store those of the piece's masks that the tile doesn't have; how many."""
    known = set(Layer.objects.filter(tile=tile).values_list("source", "version"))
    fresh = [each for each in piece.masks if (each.source, each.version) not in known]
    if not fresh:
        return 0
    data = data_of(desk.blobs, tile)
    rows = []
    for mask in fresh:
        name = Name(mask.source, mask.version, mask.provides)
        written.append(name.key(tile))
        codes = only_where(data, mask.codes)
        shares = class_shares(codes, data)
        rows.append(put(desk.blobs, tile, name, codes, classes=shares, place=piece.place))
    save(rows, now=desk.now)
    return len(rows)


def _stored(piece: Piece) -> Tile:
    if piece.tile is None:
        raise Conflict("The tile was not stored.", field="tile")
    return piece.tile


def _write(blobs: Blobs, key: str, written: list[str], writer: Any) -> None:
    if not blobs.exists(key):
        written.append(key)
    blobs.write_with(key, writer)
