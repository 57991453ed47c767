"""What a reader of labelled sets hands over, whatever form the set comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.files import Georeference
from labelling.imagery.labelsets.tables import ClassTable, NameTable


@dataclass(frozen=True)
class Choices:
    """What a lead says about one import beyond the files themselves."""

    background: str = ""
    """Of what nobody drew on: `clear` or `unlabelled`; empty: not said."""
    classes: Mapping[str, int] = field(default_factory=dict)
    """Source name or code → our code, above the set's own table."""
    campaign: Mapping[str, int] = field(default_factory=dict)
    """Names of the campaign's classes → codes."""
    priority: Mapping[int, int] = field(default_factory=dict)
    """Code → the campaign's overlap priority; empty: the source's own order holds."""
    baseline_offset: int | None = None
    """RADIO_ADD_OFFSET or BOA_ADD_OFFSET of files that don't tell their processing baseline."""
    level: str = ""
    """L1C or L2A where a set holds both; empty: L1C."""
    skip_shapes: bool = False
    """Leave out shapes without an area rather than refuse their image."""
    scene_places: bool = False
    """Take no ground from numbers in names: each file is a place of its own."""
    bands: tuple[str, ...] = ()
    tile_size: int = 512
    """Both are the campaign's."""


@dataclass(frozen=True)
class Picture:
    """Imagery that came with a label."""

    product_id: str
    pixels: NDArray[np.uint16]
    """(bands, height, width) reflectance × 10 000, 0 no data, 65535 saturated."""
    bands: tuple[str, ...]
    """Names in the workbench's words."""
    taken: datetime | None = None
    satellite: str = ""
    level: str = ""
    baseline: str = ""
    mgrs: str = ""
    """Empty: the picture doesn't lie on an MGRS tile's 10 m grid, or doesn't say so."""
    place: Georeference | None = None


@dataclass(frozen=True)
class MaskPlane:
    """Another masker's mask that came with a label."""

    source: str
    version: str
    provides: tuple[int, ...]
    """Classes that it can tell apart at all."""
    codes: NDArray[np.uint8]
    """(height, width) on the label's pixels: our classes, 255 cannot say."""


@dataclass(frozen=True)
class Target:
    """Which stored tiles a label without imagery belongs to."""

    names: tuple[str, ...] = ()
    """Any of them: a tile's key or uuid, a product's or scene's name, an image file's name."""
    place: Georeference | None = None
    """Of the label, where it covers a whole product; None: it has the tile's own pixels."""


@dataclass(frozen=True)
class Labelled:
    """A label, in our codes, with its imagery or with what says which tiles it is for."""

    label: NDArray[np.uint8]
    """(height, width)."""
    provenance: NDArray[np.uint8]
    """The same shape: 4 imported, 5 imported background, 0 where nothing is labelled."""
    table: str
    """Id of the class table it came through."""
    by_campaign: bool = False
    """Its classes were given by the campaign's own names, or by the lead."""
    picture: Picture | None = None
    target: Target | None = None
    masks: tuple[MaskPlane, ...] = ()
    author: str = ""
    kind: str = "full"
    """`full` or `scribble`."""
    trust: float = 1
    """Share of the set's trust that this label deserves."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Further facts to keep with the label."""
    notes: tuple[str, ...] = ()
    """What was left out, in words for a person."""


@dataclass(frozen=True)
class Item:
    """One label of a file, not read yet."""

    name: str
    """What the report calls it."""
    files: tuple[Path, ...]
    """What it is read from: their bytes tell whether it was imported before."""
    read: Callable[[], Labelled]
    part: str = ""
    """Which label of these files, where they hold several."""


def broken(name: str, error: BadInput) -> Item:
    """The item of a file that can't even be looked into: reading it raises `error`."""

    def read() -> Labelled:
        raise error

    return Item(name, (), read)


Items = Callable[[Path, Choices], list[Item]]
"""The labels under a file or folder. Raises BadInput when it can't be looked into."""


@dataclass(frozen=True)
class LabelSet:
    """A form of labelled set, and what is said of labels that come from it."""

    format: str
    source: str
    """Annotation.source."""
    licence: str
    trust: float
    """0…1, the weight in training; `reason` tells why."""
    reason: str
    table: ClassTable | NameTable
    items: Items
    needs_background: bool = False
    """Whether the lead has to say what a pixel means that nobody drew on."""
