"""Painted grids of sun and view angles, as a granule's metadata hold them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.painter.safe_header import SafeHeader

STEP = 5000
"""Metres between the grid's nodes."""
DETECTORS = (5, 6, 7)
"""Those that see the tile: three strips from west to east, each one node into the next."""
Nodes = NDArray[np.float64]


def sun_grids(header: SafeHeader) -> tuple[Nodes, Nodes]:
    """(zenith, azimuth) in degrees at the nodes; at the product's centre they are the header's."""
    south, east = _from_centre(header)
    zenith = header.sun.zenith - 0.043 * south - 0.0155 * east
    azimuth = (header.sun.azimuth + 0.02 * south + 0.06 * east) % 360
    return zenith, azimuth


def view_grids(header: SafeHeader, *, band: int, detector: int) -> tuple[Nodes, Nodes]:
    """(zenith, azimuth) in degrees of one band's detector, NaN where it didn't look.

    Zenith grows to the west, away from the orbit; odd and even detectors look ahead and back.
    """
    south, east = _from_centre(header)
    zenith = 5.0 - 0.1 * east + 0.02 * band + 0 * south
    ahead = 4.0 if detector % 2 else -4.0
    azimuth = 104.0 + ahead + 0.1 * band + 0.05 * south + 0 * east
    seen = _strip(east.shape[1], DETECTORS.index(detector))
    return np.where(seen, zenith, np.nan), np.where(seen, azimuth, np.nan)


def _from_centre(header: SafeHeader) -> tuple[Nodes, Nodes]:
    """(rows, columns) of the nodes, counted in nodes southward and eastward from the centre."""
    reach = header.size * 10 / STEP
    along = np.arange(int(np.ceil(reach)) + 1) - reach / 2
    south, east = np.meshgrid(along, along, indexing="ij")
    return south, east


def _strip(columns: int, number: int) -> NDArray[np.bool_]:
    first, last = (columns * edge // len(DETECTORS) for edge in (number, number + 1))
    column = np.arange(columns)
    return (column >= first) & (column <= last)
