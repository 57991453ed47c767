"""A product's tiles as a worker made them, told in JSON: what recording them needs to know."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelling.errors import BadInput
from labelling.imagery.fingerprint import CELLS
from labelling.imagery.products.product import Angles
from labelling.imagery.quality import Measures

FORMAT = "cloudmask-made/1"


@dataclass(frozen=True)
class Made:
    """A tile that was cut and measured; its raster and its thumbnail are stored."""

    sha256: str
    measures: Measures
    figures: bytes
    """Its spectral features, packed."""
    sun: Angles | None = None
    view: Angles | None = None
    """At its centre."""

    def as_json(self) -> dict[str, Any]:
        found = self.measures
        return {
            "sha256": self.sha256,
            "valid_share": float(found.valid_share),
            "saturated_share": float(found.saturated_share),
            "negative": int(found.negative),
            "dark": [int(each) for each in found.dark],
            "flat": bool(found.flat),
            "means": found.means.tolist(),
            "figures": base64.b64encode(self.figures).decode(),
            "sun": _told(self.sun),
            "view": _told(self.view),
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Made:
        means = np.asarray(told["means"], np.uint16).reshape(-1, CELLS, CELLS)
        measures = Measures(
            valid_share=told["valid_share"],
            saturated_share=told["saturated_share"],
            negative=told["negative"],
            dark=tuple(told["dark"]),
            flat=told["flat"],
            means=means,
        )
        figures = base64.b64decode(told["figures"])
        return cls(told["sha256"], measures, figures, _angles(told["sun"]), _angles(told["view"]))


@dataclass(frozen=True)
class Prepared:
    """What a worker made of one product, and of which files and bands it made it."""

    product: str
    """Its id."""
    content: str
    """Of the product's files, see `imagery.content`."""
    bands: Sequence[str]
    stretch: Mapping[str, Sequence[int]]
    """Of its thumbnails."""
    tiles: Mapping[str, Made | None]
    """{place: its tile; None without data}."""
    blobs: Sequence[str] = ()
    """Keys of the rasters and thumbnails that were not there before."""

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "product": self.product,
            "content": self.content,
            "bands": list(self.bands),
            "stretch": {band: list(ends) for band, ends in self.stretch.items()},
            "blobs": list(self.blobs),
            "tiles": {place: made and made.as_json() for place, made in self.tiles.items()},
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Prepared:
        """The inverse of `as_json`. Raises BadInput where another version of the code told it."""
        if told.get("format") != FORMAT:
            raise BadInput(f"Tiles of format {told.get('format')!r} can't be recorded.")
        tiles = {place: each and Made.of(each) for place, each in told["tiles"].items()}
        facts = (told["product"], told["content"], told["bands"], told["stretch"])
        return cls(*facts, tiles, told["blobs"])


def _told(angles: Angles | None) -> list[float] | None:
    return None if angles is None else [float(angles.zenith), float(angles.azimuth)]


def _angles(told: Sequence[float] | None) -> Angles | None:
    return None if told is None else Angles(*told)
