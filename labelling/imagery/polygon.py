"""GeoJSON areas: whether one makes sense, and whether a place lies in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from labelling.errors import BadInput

Ring = Sequence[Sequence[float]]
"""Positions [longitude, latitude], degrees in WGS 84, the first again at the end."""


def checked_area(given: Any, *, field: str) -> dict[str, Any]:
    """The GeoJSON Polygon or MultiPolygon in `given`, a Feature's geometry taken out of it.

    Raises BadInput naming `field` for anything else, for a ring that isn't closed or has fewer than
    four positions, for a position that isn't on Earth, and for an edge over the antimeridian.
    """
    area = given.get("geometry") if _is(given, "Feature") else given
    if not (_is(area, "Polygon") or _is(area, "MultiPolygon")):
        raise _refused(field, f"is {_short(given)}, not a GeoJSON Polygon or MultiPolygon")
    parts = [area.get("coordinates")] if _is(area, "Polygon") else area.get("coordinates")
    if not _is_list(parts) or not all(_is_list(part) for part in parts):
        raise _refused(field, "has no coordinates")
    for part in parts:
        for ring in part:
            _check_ring(ring, field)
    return {"type": area["type"], "coordinates": area["coordinates"]}


def contains(area: dict[str, Any], *, longitude: float, latitude: float) -> bool:
    """Whether a place (degrees) lies in an area that `checked_area` let pass; holes are outside.

    Each ring crossed on the way east turns inside into outside (even-odd rule). An edge belongs to
    one of two areas that share it, so neighbouring areas never both hold a place.
    """
    parts = [area["coordinates"]] if area["type"] == "Polygon" else area["coordinates"]
    return any(sum(_inside(ring, longitude, latitude) for ring in part) % 2 == 1 for part in parts)


def _inside(ring: Ring, x: float, y: float) -> bool:
    inside = False
    for (x1, y1, *_), (x2, y2, *_) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def _check_ring(ring: Any, field: str) -> None:
    if not _is_list(ring) or len(ring) < 4:
        raise _refused(field, f"has a ring that is too short: {_short(ring)}")
    for position in ring:
        if not _is_place(position):
            raise _refused(field, f"has {_short(position)}, not [longitude, latitude] in degrees")
    if list(ring[0]) != list(ring[-1]):
        raise _refused(field, f"has a ring that isn't closed: {_short(ring)}")
    for (before, *_), (after, *_) in pairwise(ring):
        if abs(after - before) > 180:
            raise _refused(
                field,
                f"crosses the antimeridian between longitudes {before:g} and {after:g}",
                "Cut it there into the two parts of a MultiPolygon.",
            )


def _is_place(position: Any) -> bool:
    numbers = _is_list(position) and len(position) >= 2 and all(map(_is_number, position))
    return bool(numbers and abs(position[0]) <= 180 and abs(position[1]) <= 90)


def _is_number(value: Any) -> bool:
    # Not isfinite, which fails on a whole number too large for a float.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and value.get("type") == kind


def _short(value: Any) -> str:
    text = repr(value.get("type", "without a type") if isinstance(value, dict) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _refused(field: str, reason: str, help: str = "") -> BadInput:
    return BadInput(
        f"The {field} {reason}.",
        field=field,
        help=help or "Draw it in WGS 84 as in https://geojson.org, longitude first.",
    )
