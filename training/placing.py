"""Planes beside the bands, cut, turned, resampled and lost as crops are."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.augment import turn, turned_azimuth
from training.planes import CANNOT_SAY, Plane, Planes
from training.warp import Warp


def turned(planes: Planes, way: int) -> Planes:
    """The planes of a tile laid down in one of augment's ways; the sun's azimuth goes along."""
    return {
        name: _sun_by(plane, way=way) if name == "sun" else turn(plane, way)
        for name, plane in planes.items()
    }


def cut(planes: Planes, rows: slice, columns: slice) -> Planes:
    """The planes of a window."""
    return {
        name: plane if name == "sun" else plane[..., rows, columns]
        for name, plane in planes.items()
    }


def warped(planes: Planes, warp: Warp, side: int) -> Planes:
    """The planes of a window that isn't cut along the pixels: bilinear, masks by the nearest.

    What leans on a value that isn't known isn't known.
    """
    return {
        name: _sun_by(plane, angle=warp.angle)
        if name == "sun"
        else _warped(name, plane, warp, side)
        for name, plane in planes.items()
    }


def without_masks(planes: Planes, lost: Mapping[str, NDArray[np.bool_]]) -> Planes:
    """A batch in which the crops that lose a mask, (N,) by its name, have it no more.

    Masks are missing in the field, and a network that leans on one learns nothing else.
    """
    kept = dict(planes)
    for name, gone in lost.items():
        kept[name] = np.where(gone[:, None, None], np.uint8(CANNOT_SAY), planes[name])
    return kept


def _sun_by(sun: Plane, *, way: int = 0, angle: float = 0.0) -> Plane:
    azimuth = (turned_azimuth(float(sun[1]), way) + angle) % 360
    return np.array([sun[0], azimuth], dtype=np.float32)


def _warped(name: str, plane: Plane, warp: Warp, side: int) -> Plane:
    kind = name.partition(":")[0]
    if kind == "mask":
        return warp.nearest(plane, side, fill=CANNOT_SAY)
    known = np.isfinite(plane) if kind == "extra" else plane > 0
    sure = warp.between(known, side) > 1 - 1e-3
    values = warp.between(np.where(known, plane, 0), side)
    if kind == "extra":
        return np.where(sure, values, np.nan).astype(np.float32)
    return np.where(sure, np.rint(values), 0).astype(plane.dtype)
