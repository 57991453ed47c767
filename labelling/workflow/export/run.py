"""Export a snapshot: shard after shard into a folder, from where an earlier try stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labelling.adapters.beside import sha256_of
from labelling.adapters.blobs import Blobs
from labelling.errors import NotFound
from labelling.imagery.exports.outgoing import Closing, as_json
from labelling.workflow.export.folder import LIST, Files, Folder, remove, writing
from labelling.workflow.export.order import SHARD, Contents, Order, contents_of
from labelling.workflow.export.papers import papers
from labelling.workflow.export.shards import (
    Loading,
    Parcel,
    annotation_rasters,
    write_shard,
)
from labelling.workflow.export.subjects import file_names, subjects


def nothing(tiles: int) -> None:
    """Of an export that nobody watches."""


@dataclass(frozen=True)
class Report:
    """What an export came to."""

    tiles: int
    files: int
    bytes: int
    shards_new: int
    """Written now; the others were there from an earlier try, and are whole."""
    sha256: str
    """Of `export.json`, which names every file's hash: equal exports have equal ones."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Work:
    """One export under way."""

    order: Order
    contents: Contents
    folder: Folder
    blobs: Blobs
    threads: int
    tell: Callable[[int], None]
    names: Sequence[str]
    """Stems of the tiles' files, in order."""

    @property
    def numbers(self) -> range:
        """Of all shards."""
        return range(self.contents.shards)


def work_of(
    order: Order, out: Path, *, blobs: Blobs, threads: int = 0, tell: Callable[[int], None]
) -> Work:
    """Raises BadInput for what the format can't hold; NotFound for a manifest that is gone."""
    contents = contents_of(order.snapshot, blobs=blobs)
    order.form.check(contents.legend, with_bands=order.with_bands)
    names = file_names(contents.samples, subtiles=order.form.subtile_names)
    return Work(order, contents, Folder(out), blobs, threads or os.cpu_count() or 1, tell, names)


def export(
    order: Order,
    out: Path,
    *,
    blobs: Blobs,
    threads: int = 0,
    tell: Callable[[int], None] = nothing,
) -> Report:
    """Write `order` into the folder `out`; `tell(n)` is called after each `n` tiles more,
    and with 0 while files of an earlier try are compared.

    `threads` 0: one a core. A folder in which this very export was begun is gone on with, one in
    which it is finished is compared with its list, file by file. Whatever `tell` raises ends the
    export; what is finished stays for the next try.
    Raises BadInput for what the format can't hold, for damaged chips and for a disk that can't be
    written; NotFound for what storage has lost; Conflict for a folder with anything else in it.
    """
    work = work_of(order, out, blobs=blobs, threads=threads, tell=tell)
    with work.folder.held(order.as_json()):
        return still_whole(work) or finished(work, write_shards(work))


def still_whole(work: Work) -> Report | None:
    """What is finished and as it was; None where there is something to do."""
    listing = work.folder.listing()
    if listing is None:
        return None
    if work.folder.wrong(listing["files"], lambda: work.tell(0)):
        # Shards are made anew from the order; the list that is no longer true goes first.
        with writing(work.folder.path):
            work.folder.begin(work.order.as_json())
            remove(work.folder.path / LIST)
        return None
    work.tell(listing["tiles"])
    return reported(work.folder.path)


def write_shards(work: Work) -> int:
    """Write those shards that aren't there and whole; how many."""
    new = 0
    for number in work.numbers:
        known = work.folder.noted(name_of(number))
        if known and not work.folder.wrong(known["files"], lambda: work.tell(0)):
            work.tell(tiles_in(work, number))
            continue
        make_shard(work, number)
        new += 1
    return new


def make_shard(work: Work, number: int, *, ready: Callable[[], None] = lambda: None) -> None:
    """Write one shard and note what is in it; `ready` is asked before it appears in the folder."""
    span = slice(number * SHARD, (number + 1) * SHARD)
    samples, names = work.contents.samples[span], work.names[span]
    write_one(work, number, parcels(work, samples, names, first=span.start + 1), ready)


def tiles_in(work: Work, number: int) -> int:
    return min(SHARD, len(work.contents.samples) - number * SHARD)


def name_of(number: int) -> str:
    return f"shard-{number:05d}"


def parcels(
    work: Work, samples: Sequence[Mapping[str, Any]], names: Sequence[str], *, first: int
) -> list[Parcel]:
    about = subjects(samples, names, contents=work.contents, first=first, blobs=work.blobs)
    stored = annotation_rasters(samples) if work.order.with_provenance else [""] * len(samples)
    return [
        Parcel(subject, each["label"], each["bands"], raster)
        for subject, each, raster in zip(about, samples, stored)
    ]


def write_one(work: Work, number: int, tiles: list[Parcel], ready: Callable[[], None]) -> None:
    name = name_of(number)
    loading = Loading(work.order, work.contents.legend, work.blobs, tiles, work.threads)
    with writing(work.folder.path), work.folder.shard(name) as draft:
        written = write_shard(loading, draft, lambda: work.tell(1))
        ready()
    files = {f"{name}/{file}": told for each in written for file, told in each.files.items()}
    traces = [{**each.trace, "shard": name} for each in written if each.trace]
    with writing(work.folder.path):
        work.folder.note(name, {"files": dict(sorted(files.items())), "traces": traces})


def finished(work: Work, new: int) -> Report:
    """Write what stands above the shards, then the list of all files; the work's notes go."""
    files: Files = {}
    shards = [name_of(number) for number in work.numbers]
    with writing(work.folder.path):
        for name in shards:
            files |= noted(work, name)["files"]
        for name, pieces in above(work, shards):
            files[name] = work.folder.put(name, pieces)
        told = {
            "order": work.order.as_json(),
            "tiles": len(work.contents.samples),
            "files": dict(sorted(files.items())),
        }
        work.folder.put(LIST, [as_json(told)])
        remove(work.folder.work)
    return reported(work.folder.path, new=new)


def above(work: Work, shards: list[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The files above the shards: the format's own, then what is for people."""
    closing = Closing(work.folder.path, shards, lambda: traces_of(work), work.contents.legend)
    yield from work.order.form.close(closing)
    yield from papers(work.order, work.contents, traces_of(work))


def noted(work: Work, name: str) -> dict[str, Any]:
    told = work.folder.noted(name)
    if told is None:
        raise OSError(f"the note of {name} is gone: somebody else is changing the folder")
    return told


def traces_of(work: Work) -> Iterator[Mapping[str, Any]]:
    """Of all tiles, in order; a shard's at a time is in memory."""
    for number in work.numbers:
        yield from noted(work, name_of(number))["traces"]


def reported(path: Path, *, new: int = 0) -> Report:
    """What the list of a finished export in the folder `path` says."""
    listing = Folder(path).listing()
    if listing is None:
        raise NotFound(f"{path} has no finished export.", field="out")
    return Report(
        tiles=listing["tiles"],
        files=len(listing["files"]),
        bytes=sum(each["bytes"] for each in listing["files"].values()),
        shards_new=new,
        sha256=sha256_of(path / LIST),
    )
