"""Pictures of stored tiles, made once: the same bands under the same stretch are one blob."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from labelling.adapters.blobs import Blobs
from labelling.imagery.composites import png
from labelling.imagery.tilefile import read_tile
from labelling.models import Tile

UNSTRETCHED = (0, 10_000)
"""Shown as black and white in a band whose scene has no stretch: reflectance 0 and 1."""
DRAWN = 1
"""Version of how pictures are drawn: a change of it makes every picture anew."""


@dataclass(frozen=True)
class Picture:
    """A picture that may not have been made yet."""

    tile: Tile
    """With its scene loaded."""
    shown: tuple[str, str, str]
    """Bands shown as red, green and blue."""

    @property
    def stretch(self) -> dict[str, Sequence[int]]:
        """One for the whole scene, never the tile's own: that would hide thin cloud."""
        known = self.tile.scene.stretch
        return {band: known.get(band, UNSTRETCHED) for band in self.shown}

    @property
    def hash(self) -> str:
        """Of all that decides its pixels; a picture's ETag."""
        parts = [DRAWN, self.tile.sha256, self.shown, self.stretch, self.tile.scene.synthetic]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def key(self) -> str:
        return f"thumbs/composites/{self.hash[:2]}/{self.hash}.png"


def picture_of(tile: Tile, shown: Sequence[str]) -> Picture:
    """The tile in three of its bands; it has its scene loaded."""
    red, green, blue = shown
    return Picture(tile, (red, green, blue))


def drawn(picture: Picture, *, blobs: Blobs) -> bytes:
    """The PNG, from storage if it was made before. Raises NotFound for a lost raster,
    RasterRejected for one that can't be read.
    """
    if blobs.exists(picture.key):
        return blobs.read(picture.key)
    bands = list(dict.fromkeys(picture.shown))
    pixels = read_tile(blobs.raster(picture.tile.raster), bands)
    caption = "synthetic" if picture.tile.scene.synthetic else ""
    made = png(pixels, bands, shown=picture.shown, stretch=picture.stretch, caption=caption)
    blobs.write(picture.key, made)
    return made
