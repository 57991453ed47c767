"""One shard of an export: its tiles' chips read, written and hashed by several threads."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import BadInput, NotFound, StorageAway
from labelling.imagery.exports.outgoing import Legend, Piece, Pixels, Subject
from labelling.imagery.files import environment
from labelling.imagery.tilefile import read_label
from labelling.models import Annotation
from labelling.workflow.export.folder import Files, writing
from labelling.workflow.export.order import Order

AHEAD = 4
"""Tiles that wait for each thread: what isn't begun is given up at once when one fails."""


@dataclass(frozen=True)
class Parcel:
    """A tile on its way to its files."""

    subject: Subject
    label: str
    """Hash of the chip, as that of `bands`."""
    bands: str
    annotation: str = ""
    """Blob key of the stored label with its provenance; empty: not asked for."""


@dataclass(frozen=True)
class Written:
    files: Files
    note: Mapping[str, Any]
    """For the shard."""
    trace: Mapping[str, Any]
    """For the end of the export; empty: not a tile."""


@dataclass(frozen=True)
class Loading:
    """A shard's tiles and where they go."""

    order: Order
    legend: Legend
    blobs: Blobs
    parcels: Sequence[Parcel]
    threads: int


def write_shard(loading: Loading, draft: Path, tell: Callable[[], None]) -> list[Written]:
    """Write all tiles into the folder `draft`, in order; `tell()` is called after each.

    Raises NotFound naming the tile whose chip storage has lost, BadInput where one is damaged or
    the disk is full.
    """
    done: list[Written] = []
    with ThreadPoolExecutor(loading.threads) as pool:
        try:
            for each in in_turn(pool, loading, draft):
                done.append(each)
                tell()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    own = loading.order.form.shard([each.note for each in done], loading.legend)
    return [*done, Written(kept(own, draft), {}, {})]


def in_turn(pool: ThreadPoolExecutor, loading: Loading, draft: Path) -> Iterator[Written]:
    waiting: list[Future[Written]] = []
    for parcel in loading.parcels:
        waiting.append(pool.submit(write_tile, loading, parcel, draft))
        if len(waiting) > AHEAD * loading.threads:
            yield waiting.pop(0).result()
    for rest in waiting:
        yield rest.result()


def write_tile(loading: Loading, parcel: Parcel, draft: Path) -> Written:
    order = loading.order
    pixels = Pixels(
        label=chip(parcel.label, parcel.subject.key, loading.blobs),
        bands=chip(parcel.bands, parcel.subject.key, loading.blobs) if order.with_bands else None,
        provenance=provenance(parcel, loading.blobs) if parcel.annotation else None,
    )
    with environment(""):
        piece: Piece = order.form.tile(parcel.subject, pixels, loading.legend)
    trace = {**piece.trace, "tile": told_of(parcel, piece)}
    return Written(kept(piece.files, draft), piece.note, trace)


def told_of(parcel: Parcel, piece: Piece) -> dict[str, Any]:
    """The tile's line in the table of the export."""
    subject = parcel.subject
    return {
        "key": subject.key,
        "files": sorted(piece.files),
        "name": subject.name,
        "split": subject.split,
        "product": subject.product,
        "source": subject.source,
        "licence": subject.licence,
        "trust": subject.trust,
        "synthetic": subject.synthetic,
        "label": parcel.label,
    }


def kept(files: Mapping[str, bytes], draft: Path) -> Files:
    """Write files into a folder; their hashes and sizes."""
    told: Files = {}
    for name, content in files.items():
        if (draft / name).exists():
            raise BadInput(f"Two tiles would be written to {name}.", field="snapshot")
        with writing(draft.parent):
            (draft / name).write_bytes(content)
        told[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return told


def chip(digest: str, key: str, blobs: Blobs) -> NDArray[Any]:
    """The array of a chip, its bytes compared with its hash."""
    try:
        content = blobs.local(f"chips/{digest}.npy").read_bytes()
    except OSError as error:
        raise StorageAway(f"Storage can't be read: {error.strerror or error}.") from error
    except NotFound as lost:
        raise NotFound(
            f"Tile {key}: storage has lost its chip {digest[:12]}.",
            field="chips",
            help=f"Bring chips/{digest}.npy back from a backup, then export again.",
        ) from lost
    if hashlib.sha256(content).hexdigest() != digest:
        raise BadInput(
            f"Tile {key}: its chip {digest[:12]} is damaged.",
            field="chips",
            help=f"Bring chips/{digest}.npy back from a backup, then export again.",
        )
    return np.load(io.BytesIO(content), allow_pickle=False)


def provenance(parcel: Parcel, blobs: Blobs) -> NDArray[np.uint8]:
    """(height, width) of the label's stored raster."""
    return read_label(blobs.raster(parcel.annotation))[1]


def annotation_rasters(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Blob keys of the samples' stored labels. One query. Raises NotFound for one that is gone."""
    ids = [each.get("annotation") for each in samples]
    found = {
        str(uuid): raster
        for uuid, raster in Annotation.objects.filter(
            uuid__in=[each for each in ids if each]
        ).values_list("uuid", "raster")
    }
    for each, id in zip(samples, ids):
        if id not in found:
            raise NotFound(
                f"Tile {each['key']}: the label it was frozen from isn't here, so nobody can tell "
                "the provenance of its pixels.",
                field="with_provenance",
                help="Export without --with-provenance.",
            )
    return [found[str(id)] for id in ids]
