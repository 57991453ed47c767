"""What may stand in a manifest: each key read, checked, and refused by its name."""

from typing import Any

import numpy as np

from training.errors import BadSnapshot

PLANES: dict[str, np.dtype[Any]] = {
    "clear": np.dtype(np.uint16),
    "mask": np.dtype(np.uint8),
    "extra": np.dtype(np.float32),
}
"""Kinds of planes beside the bands, and the type of their chips."""


def entries(manifest: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = manifest.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadSnapshot(f"{key} must be a list of objects in manifest.json.", field=key)
    return entries


def band_names(manifest: dict[str, Any]) -> tuple[str, ...]:
    names = manifest.get("bands")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise BadSnapshot("bands must be a list of names in manifest.json.", field="bands")
    return tuple(names)


def text(entry: dict[str, Any], key: str) -> str:
    if not isinstance(value := entry.get(key), str) or not value:
        raise BadSnapshot(f"{key} must be a text in manifest.json, not {value!r}.", field=key)
    return value


def whole(entry: dict[str, Any], key: str, *, low: int = 1) -> int:
    if type(value := entry.get(key)) is not int or value < low:
        raise BadSnapshot(f"{key} must be an integer of at least {low}, not {value!r}.", field=key)
    return value


def share(entry: dict[str, Any], key: str) -> float:
    value = entry.get(key)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadSnapshot(f"{key} must be a number from 0 to 1, not {value!r}.", field=key)
    return float(value)


def month(entry: dict[str, Any]) -> int | None:
    month = entry.get("month")
    if month is not None and (type(month) is not int or not 1 <= month <= 12):
        raise BadSnapshot(f"month must be 1 … 12 or null, not {month!r}.", field="month")
    return month


def degrees(entry: dict[str, Any], key: str, *, most: float) -> float | None:
    if (value := entry.get(key)) is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadSnapshot(f"{key} must be 0 … {most:g} degrees or null: {value!r}.", field=key)
    return float(value)


def planes(entry: dict[str, Any]) -> dict[str, str]:
    planes = entry.get("planes", {})
    if not isinstance(planes, dict) or not all(map(_is_plane, planes.items())):
        raise BadSnapshot(
            "planes must name files as clear, mask:NAME or extra:NAME, each with its hash, not "
            f"{planes!r}.",
            field="planes",
        )
    return planes


def _is_plane(item: tuple[str, Any]) -> bool:
    kind, colon, name = item[0].partition(":")
    right = not colon if kind == "clear" else bool(kind in PLANES and name)
    return right and isinstance(item[1], str) and bool(item[1])
