"""What every export format is given: a tile's pixels, what is said of it, and the legend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.files import Georeference
from labelling.imagery.labelfile import UNLABELLED, UNSURE

UNSURE_COLOUR, UNLABELLED_COLOUR = "#9aa0a6", "#000000"
Label = NDArray[np.uint8]
"""(height, width): class codes, 254 unsure, 255 not labelled."""
Bands = NDArray[np.uint16]
"""(bands, height, width): reflectance × 10 000, 0 no data, 65535 saturated."""


@dataclass(frozen=True)
class ClassMark:
    code: int
    name: str
    colour: str
    """`#rrggbb`."""


@dataclass(frozen=True)
class Legend:
    """What holds for all tiles of an export."""

    snapshot: str
    """Its hash."""
    campaign: str
    """Its slug."""
    frozen: datetime
    classes: tuple[ClassMark, ...]
    bands: tuple[str, ...]
    synthetic: bool
    """Whether any tile was painted by us."""
    licences: tuple[str, ...] = ()

    @property
    def names(self) -> dict[int, str]:
        """Code → name, with the two codes that are no class."""
        marks = {each.code: each.name for each in self.classes}
        return {**marks, UNSURE: "unsure", UNLABELLED: "not labelled"}

    @property
    def colours(self) -> dict[int, tuple[int, int, int]]:
        """Code → (red, green, blue), with the two codes that are no class."""
        told = {each.code: each.colour for each in self.classes}
        told |= {UNSURE: UNSURE_COLOUR, UNLABELLED: UNLABELLED_COLOUR}
        return {code: rgb(colour) for code, colour in told.items()}


@dataclass(frozen=True)
class Subject:
    """A tile as files speak of it."""

    name: str
    """Stem of its files; no two tiles of an export share one."""
    number: int
    """1, 2, … over the whole export."""
    key: str
    """`<place>/<datetime>-<level>-<baseline>`."""
    place: str
    product: str
    split: str
    source: str
    licence: str
    trust: float
    taken: datetime | None = None
    ground: Georeference | None = None
    satellite: str = ""
    level: str = ""
    baseline: str = ""
    mgrs: str = ""
    """Only where the tile lies on that MGRS tile's grid."""
    sun_azimuth: float | None = None
    sun_zenith: float | None = None
    synthetic: bool = False


@dataclass(frozen=True)
class Pixels:
    label: Label
    bands: Bands | None = None
    """None: they are not exported."""
    provenance: Label | None = None
    """(height, width) how each pixel of the label came about; None: not exported."""


@dataclass(frozen=True)
class Piece:
    """What one tile becomes."""

    files: Mapping[str, bytes]
    """By name inside the shard's folder."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """What its shard has to know of it."""
    trace: Mapping[str, Any] = field(default_factory=dict)
    """What the end of the export has to know of it."""


@dataclass(frozen=True)
class Closing:
    """What the end of an export is made from."""

    folder: Path
    shards: Sequence[str]
    """Names of the shards' folders, in order."""
    traces: Callable[[], Iterator[Mapping[str, Any]]]
    """Of all tiles, in order, each with its `shard`."""
    legend: Legend


def no_shard_files(notes: Sequence[Mapping[str, Any]], legend: Legend) -> Mapping[str, bytes]:
    """Of a format whose tiles each stand alone."""
    return {}


def no_closing_files(closing: Closing) -> Iterable[tuple[str, Iterable[bytes]]]:
    """Of a format that needs nothing above its shards."""
    return ()


def anything_goes(legend: Legend, *, with_bands: bool) -> None:
    """Of a format that can hold whatever a snapshot does."""


@dataclass(frozen=True)
class Form:
    """An export format."""

    name: str
    title: str
    tile: Callable[[Subject, Pixels, Legend], Piece]
    read: Callable[[Path, str, Legend], Pixels]
    """The inverse of `tile`, from a shard's folder and a tile's name."""
    shard: Callable[[Sequence[Mapping[str, Any]], Legend], Mapping[str, bytes]] = no_shard_files
    close: Callable[[Closing], Iterable[tuple[str, Iterable[bytes]]]] = no_closing_files
    """Files above the shards, each in pieces."""
    check: Callable[..., None] = anything_goes
    """(legend, *, with_bands): raises BadInput for what the format can't hold."""
    holds_provenance: bool = False
    subtile_names: bool = False
    """Whether files are named as cm-vsm names sub-tiles."""


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as numbers, 0…255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def as_json(told: Any) -> bytes:
    """JSON that is the same for the same content."""
    return (json.dumps(told, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def counted(label: Label) -> dict[int, int]:
    """Code → pixels, of the codes that occur."""
    counts = np.bincount(label.ravel(), minlength=256)
    return {int(code): int(counts[code]) for code in np.flatnonzero(counts)}
