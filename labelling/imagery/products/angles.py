"""Sun and view angles over a granule, from the 5 km grids of its metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.grid import STEP
from labelling.imagery.products.product import Angles
from labelling.imagery.products.safe_xml import Metadata

HIGHEST = {"zenith": 180.0, "azimuth": 360.0}
"""Degrees; the least is 0."""
Nodes = NDArray[np.float64]  # (rows, columns) in degrees, NaN where nothing was seen


@dataclass(frozen=True, eq=False)
class AngleGrid:
    """Angles at nodes, the first at the upper-left corner of the product's grid."""

    zenith: Nodes
    azimuth: Nodes
    step: tuple[float, float]
    """(rows, columns) in pixels of the product's grid from node to node."""

    def at(self, row: float, column: float) -> Angles | None:
        """Bilinear between the nodes around, azimuth on the circle.

        Nodes without a value are left out; None where none is left, or off the grid.
        """
        down, right = row / self.step[0], column / self.step[1]
        height, width = self.zenith.shape
        if not (0 <= down <= height - 1 and 0 <= right <= width - 1):
            return None
        # The last cell also holds its far edge.
        top, left = min(int(down), max(height - 2, 0)), min(int(right), max(width - 2, 0))
        cell = np.s_[top : top + 2, left : left + 2]
        zenith, azimuth = self.zenith[cell], self.azimuth[cell]
        rows, columns = zenith.shape
        weights = np.outer(_weights(down - top, rows), _weights(right - left, columns))
        return _mean(zenith, azimuth, weights)


@dataclass(frozen=True, eq=False)
class TileAngles:
    """The angle field of one granule."""

    suns: AngleGrid
    views: AngleGrid | None
    """Mean over bands and detectors; None when the metadata hold none."""

    def sun(self, *, row: float, column: float) -> Angles | None:
        return self.suns.at(row, column)

    def view(self, *, row: float, column: float) -> Angles | None:
        return self.views.at(row, column) if self.views else None


def tile_angles(tile: Metadata) -> TileAngles:
    """The grids of MTD_TL.xml. Raises RasterRejected when there is none of the sun, or one is odd.

    At a node, zeniths of the bands and detectors that saw it are averaged, and azimuths as
    directions.
    """
    sun = [_grid(tile, each) for each in tile.every("Sun_Angles_Grid")]
    if not sun:
        raise tile.refused("has no <Sun_Angles_Grid>", field="Sun_Angles_Grid")
    views = [_grid(tile, each) for each in tile.every("Viewing_Incidence_Angles_Grids")]
    shapes = {(grid.zenith.shape, grid.step) for grid in views}
    if len(shapes) > 1:
        raise tile.refused("has view angles on different grids", field="Viewing_Incidence_Angles")
    return TileAngles(sun[0], _averaged(views) if views else None)


def mean_angles(tile: Metadata, tag: str) -> Angles | None:
    """Mean over all elements `tag` of MTD_TL.xml; None when there is none."""
    found = tile.every(tag)
    pairs = [_pair(tile, each, tag) for each in found]
    zenith, azimuth = (np.array([pair[part] for pair in pairs]) for part in (0, 1))
    return _mean(zenith, azimuth, np.ones(len(pairs)))


def _pair(tile: Metadata, element: Element, tag: str) -> tuple[float, float]:
    zenith, azimuth = (
        tile.as_number(element.findtext(f"{name}_ANGLE".upper()) or "", field=f"{tag}/{name}")
        for name in HIGHEST
    )
    if not (0 <= zenith <= HIGHEST["zenith"] and 0 <= azimuth <= HIGHEST["azimuth"]):
        raise tile.refused(f"has {tag} {zenith:g}, {azimuth:g} out of range", field=tag)
    return zenith, azimuth


def _grid(tile: Metadata, element: Element) -> AngleGrid:
    zenith, azimuth = (_nodes(tile, element, name) for name in ("Zenith", "Azimuth"))
    if zenith.shape != azimuth.shape:
        raise tile.refused("has zenith and azimuth on different grids", field=element.tag)
    steps = [
        tile.as_number(element.findtext(f"Zenith/{name}") or "", field=name) / STEP
        for name in ("ROW_STEP", "COL_STEP")
    ]
    if min(steps) <= 0:
        raise tile.refused("has angles less than a metre apart", field="ROW_STEP")
    return AngleGrid(zenith, azimuth, (steps[0], steps[1]))


def _nodes(tile: Metadata, element: Element, name: str) -> Nodes:
    rows = [(row.text or "").split() for row in element.findall(f"{name}/Values_List/VALUES")]
    try:
        nodes = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise tile.refused(f"has a damaged grid <{name}> of angles", field=element.tag) from error
    if nodes.ndim != 2 or not nodes.size:
        raise tile.refused(f"has an empty grid <{name}> of angles", field=element.tag)
    seen = nodes[~np.isnan(nodes)]
    if ((seen < 0) | (seen > HIGHEST[name.lower()])).any():
        raise tile.refused(f"has a grid <{name}> with angles out of range", field=element.tag)
    return nodes


def _averaged(grids: Iterable[AngleGrid]) -> AngleGrid:
    grids = list(grids)
    zenith = np.stack([grid.zenith for grid in grids])
    turn = np.deg2rad([grid.azimuth for grid in grids])
    seen = np.isfinite(zenith) & np.isfinite(turn)
    count = np.where(seen.any(axis=0), seen.sum(axis=0), np.nan)
    mean = np.where(seen, zenith, 0).sum(axis=0) / count
    east, north = (np.where(seen, part(turn), 0).sum(axis=0) / count for part in (np.sin, np.cos))
    return AngleGrid(mean, np.rad2deg(np.arctan2(east, north)) % 360, grids[0].step)


def _mean(zenith: Nodes, azimuth: Nodes, weights: Nodes) -> Angles | None:
    used = (weights > 0) & np.isfinite(zenith) & np.isfinite(azimuth)
    if not used.any():
        return None
    share, turn = weights[used] / weights[used].sum(), np.deg2rad(azimuth[used])
    east, north = float(share @ np.sin(turn)), float(share @ np.cos(turn))
    return Angles(
        zenith=float(share @ zenith[used]), azimuth=float(np.rad2deg(np.arctan2(east, north)) % 360)
    )


def _weights(along: float, nodes: int) -> Nodes:
    return np.array([1 - along, along][:nodes])
