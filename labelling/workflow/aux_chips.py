"""What lies beside a tile's bands, for networks that see it: a clear date, rule masks, extras.

Planes go by the trainer's names: `clear`, `mask:NAME`, `extra:NAME`, and `sun` for the two angles.
A tile that lacks one has no entry for it; the network knows what that means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from labelling.adapters.blobs import Blobs
from labelling.errors import RasterRejected
from labelling.imagery.extras import read_plane
from labelling.insights.reference import clear_references
from labelling.models import Campaign, Layer, Model, Tile

PLAIN = "sqrt"
"""What a network sees unless the campaign asks for more."""
AT_ONCE = 200
"""Tiles asked about in one go."""


@dataclass(frozen=True)
class Beside:
    """What there is beside one tile."""

    tile: Tile
    clear: Tile | None
    layers: dict[str, Layer]
    """By plane."""

    @property
    def rasters(self) -> dict[str, str]:
        """{plane: blob key}"""
        clear = {"clear": self.clear.raster} if self.clear else {}
        return clear | {name: layer.raster for name, layer in self.layers.items()}

    @property
    def sources(self) -> dict[str, str]:
        """{plane: which tile or which layer's version}"""
        clear = {"clear": self.clear.key} if self.clear else {}
        return clear | {name: layer.version for name, layer in self.layers.items()}

    @property
    def contents(self) -> dict[str, str]:
        """{plane: a hash of its pixels, "" where it isn't known}"""
        return {name: _content(self, name) for name in self.rasters}

    def told(self) -> dict[str, Any]:
        """What a request for scoring or a pre-label says of it; rasters are blob keys."""
        angles = [self.tile.sun_zenith, self.tile.sun_azimuth]
        return {"planes": self.rasters, "sun": None if None in angles else angles}


def planes_of(features: str) -> tuple[str, ...]:
    """The planes that a feature set is made of; what is no feature set is the trainer's to refuse.

    The web can't load the trainer, whose `FeatureSet.planes` this is; a test holds them together.
    """
    planes: list[str] = []
    for term in features.split("+"):
        kind, _, names = term.strip().partition(":")
        if kind in ("sun", "clear"):
            planes.append(kind)
        if kind in ("masks", "extra"):
            single = kind.removesuffix("s")
            planes += [f"{single}:{name.strip()}" for name in names.split(",")]
    return tuple(planes)


def wanted_by(training: Mapping[str, Any]) -> tuple[str, ...]:
    """The planes that a model trained by these settings sees."""
    return planes_of(str(training.get("features", PLAIN)))


def seen_by(model: Model | None) -> tuple[str, ...]:
    """The planes that a model was trained with; none for a model from before there were any."""
    features = model.card.get("features") if model else None
    return planes_of(features["set"] if features else PLAIN)


def beside_tiles(
    tiles: Sequence[int], planes: Sequence[str], *, campaign: Campaign
) -> dict[int, Beside]:
    """{tile id: what there is}, of tiles given by their ids; empty where no plane is wanted.

    A layer is the one brought in last of its source. Seven queries for every AT_ONCE tiles.
    """
    found: dict[int, Beside] = {}
    for first in range(0, len(tiles) if planes else 0, AT_ONCE):
        page = Tile.objects.filter(pk__in=tiles[first : first + AT_ONCE])
        for each in _of_page(list(page.select_related("acquisition")), planes, campaign):
            found[each.tile.pk] = each
    return found


def _of_page(tiles: list[Tile], planes: Sequence[str], campaign: Campaign) -> Iterator[Beside]:
    clear = clear_references(tiles, campaign=campaign) if "clear" in planes else {}
    layers = _layers(tiles, planes)
    for tile in tiles:
        reference = clear.get(tile.pk)
        yield Beside(tile, reference.tile if reference else None, layers[tile.pk])


def _layers(tiles: list[Tile], planes: Sequence[str]) -> dict[int, dict[str, Layer]]:
    """{tile id: {plane: layer}}; a mask tells classes, an extra tells none. One query."""
    names = {name for plane in planes if (name := plane.partition(":")[2])}
    found: dict[int, dict[str, Layer]] = {tile.pk: {} for tile in tiles}
    stored = (
        Layer.objects.filter(tile__in=tiles, source__in=names) if names else Layer.objects.none()
    )
    for layer in stored.order_by("pk"):
        plane = f"{'mask' if layer.provides else 'extra'}:{layer.source}"
        if plane in planes:
            found[layer.tile_id][plane] = layer  # the last one stays
    return found


Keep = Callable[[NDArray[Any]], str]
"""Stores an array as a chip; its hash."""


def plane_chips(there: Beside, bands: list[str], blobs: Blobs, keep: Keep) -> dict[str, str]:
    """{plane: hash of its chip}; what was made before isn't read again.

    Raises RasterRejected for a layer that isn't on the tile's grid.
    """
    return {name: _noted(there, name, bands, blobs, keep) for name in there.rasters}


def _noted(there: Beside, name: str, bands: list[str], blobs: Blobs, keep: Keep) -> str:
    """The chip's hash, from the note beside the chips where it was made before."""
    said = "\n".join([name, there.rasters[name], *bands, _content(there, name)])
    note = f"chips/made/{hashlib.sha256(said.encode()).hexdigest()}"
    if blobs.exists(note):
        digest = blobs.read(note).decode()
        if blobs.exists(f"chips/{digest}.npy"):
            return digest
    digest = keep(_pixels(there, name, bands, blobs))
    blobs.write(note, digest.encode())
    return digest


def _content(there: Beside, name: str) -> str:
    """A hash of the pixels, as far as it is known."""
    layer = there.layers.get(name)
    if layer is not None:
        return layer.sha256
    assert there.clear is not None
    return there.clear.sha256


def _pixels(there: Beside, name: str, bands: list[str], blobs: Blobs) -> NDArray[Any]:
    pixels = read_plane(name, blobs.raster(there.rasters[name]), bands)
    height, width = there.tile.height, there.tile.width
    if pixels.shape[-2:] != (height, width):
        raise RasterRejected(
            f"{there.rasters[name]} has {pixels.shape[-2]} by {pixels.shape[-1]} pixels, its tile "
            f"{height} by {width}.",
            field=name,
            help="Bring the layer in again, on the tile's grid.",
        )
    return pixels
