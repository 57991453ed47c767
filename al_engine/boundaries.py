"""Where predicted classes meet: mixed pixels, wobbling labels, the parallax of high clouds."""

from typing import Any

from array_api_compat import array_namespace

from al_engine.prediction import Array


def near_boundary(labels: Array, radius: int) -> Array:
    """1 where another class is within `radius` pixels, diagonals included, else 0; uint8 (H, W).

    labels: uint8 (H, W). A window holds two classes exactly when its largest and smallest labels
    differ, and both are found by shifting rows, then columns.
    """
    xp = array_namespace(labels)
    largest = _widened(xp.maximum, _widened(xp.maximum, labels, radius, axis=0), radius, axis=1)
    smallest = _widened(xp.minimum, _widened(xp.minimum, labels, radius, axis=0), radius, axis=1)
    return xp.clip(largest - smallest, 0, 1)


def _widened(extreme: Any, plane: Array, radius: int, *, axis: int) -> Array:
    """The extreme over 2 · radius + 1 neighbours along one axis, fewer at the borders."""
    out = plane + 0  # a copy
    length = plane.shape[axis]
    for shift in range(1, min(radius, length - 1) + 1):
        later, earlier = slice(shift, length), slice(0, length - shift)
        after = (later, slice(None)) if axis == 0 else (slice(None), later)
        before = (earlier, slice(None)) if axis == 0 else (slice(None), earlier)
        out[after] = extreme(out[after], plane[before])
        out[before] = extreme(out[before], plane[after])
    return out
