"""Where the shadows of a stored tile's clouds should fall."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from labelling.adapters.blobs import Blobs
from labelling.imagery.files import Georeference
from labelling.imagery.ground import ground_at
from labelling.imagery.products.product import Angles
from labelling.imagery.shadows import (
    LOWEST_SUN,
    ShadowOffset,
    meridian_convergence,
    shadow_offsets,
)
from labelling.models import Tile

UTM = re.compile(r"EPSG:32[67](\d\d)")


@dataclass(frozen=True)
class ExpectedShadow:
    """Offsets from cloud to shadow in the tile's pixels."""

    parallax: bool = False
    """Whether the satellite's slant is taken into account."""
    offsets: list[ShadowOffset] = field(default_factory=list)
    """Empty: the sun's place or the tile's isn't known, or the sun is too low to say."""


def expected_shadow(tile: Tile, *, blobs: Blobs) -> ExpectedShadow:
    """For clouds 1 to 10 km up. The tile has scene, acquisition and place loaded.

    Reads the raster's header for a tile off the fixed grid; raises RasterRejected when it can't.
    """
    sun = _angles(tile.sun_zenith, tile.sun_azimuth)
    view = _angles(tile.view_zenith, tile.view_azimuth)
    place = tile.acquisition.place
    if sun is None or sun.zenith > LOWEST_SUN or place.longitude is None:
        return ExpectedShadow()
    ground = ground_at(place.key, blobs.raster(tile.raster))
    zone = _north_up_zone(ground) if ground else None
    if ground is None or zone is None:
        return ExpectedShadow()
    # A painted scene's sun stands where it does from the grid's north, not from the true one.
    bearing = (
        0.0
        if tile.scene.synthetic
        else meridian_convergence(longitude=place.longitude, latitude=place.latitude, zone=zone)
    )
    offsets = shadow_offsets(sun, view=view, step=ground.transform[0], convergence=bearing)
    return ExpectedShadow(parallax=view is not None, offsets=offsets)


def _angles(zenith: float | None, azimuth: float | None) -> Angles | None:
    return None if zenith is None or azimuth is None else Angles(zenith, azimuth)


def _north_up_zone(ground: Georeference) -> int | None:
    """The UTM zone of a raster that lies north up with square pixels; None for any other."""
    a, b, _, d, e, _ = ground.transform
    found = UTM.fullmatch(ground.crs)
    return int(found[1]) if found and (b, d) == (0, 0) and a == -e > 0 else None
