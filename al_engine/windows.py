"""The windows of a tile that could be labelled, and what each is worth. Plain numpy."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from al_engine.errors import BadTile

Floats = NDArray[np.float64]
MOST_REGIONS = 253
"""A guide mask tells regions by number in uint8, and 254 and 255 mean unsure and not labelled."""
LEAST = {"window": 1, "stride": 1, "most": 1, "control": 0, "quota": 0, "dilation": 0}


@dataclass(frozen=True)
class RegionConfig:
    """How windows are chosen. Raises BadTile for a value out of range."""

    window: int = 64
    """Side of a window, pixels."""
    stride: int = 32
    """Distance between candidates, pixels."""
    distance: int = 64
    """Least distance of centres along rows or columns, pixels; at least `window`: none overlap."""
    budget: float = 0.12
    """Share of the valid pixels that the informative windows may cover together, in (0, 1]."""
    most: int = 20
    """Most informative windows."""
    control: int = 2
    """Windows drawn uniformly, beyond the budget."""
    quota: int = 2
    """Windows wanted of every class that is predicted for more than `rare` of the valid pixels."""
    rare: float = 0.003
    presence: float = 0.05
    """A window counts for a class from this share of its pixels on."""
    min_valid: float = 0.5
    """Windows with a smaller share of valid pixels are no candidates."""
    dilation: int = 8
    """Pixels around a window whose predicted classes count as its surroundings."""
    class_weights: tuple[float, ...] = ()
    """(K,) factor of a window by its commonest class; empty for ones."""

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise BadTile(
                    f"{name} must be at least {least}, not {getattr(self, name)}.", field=name
                )
        for name in ("budget", "rare", "presence", "min_valid"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadTile(
                    f"{name} must be between 0 and 1, not {getattr(self, name)}.", field=name
                )
        if self.distance < self.window:
            raise BadTile(
                f"distance must be at least the window, {self.window}, not {self.distance}.",
                field="distance",
            )
        if self.most + self.control > MOST_REGIONS:
            raise BadTile(f"At most {MOST_REGIONS} regions in a guide mask.", field="most")


DEFAULT = RegionConfig()


@dataclass(frozen=True, eq=False)
class Windows:
    """All candidates of a tile, one row each."""

    corners: NDArray[np.int64]
    """(w, 2) top, left."""
    scores: Floats
    """(w,) A(r)."""
    shares: Floats
    """(w, K) predicted class shares of the window's valid pixels."""
    valid: Floats
    """(w,) valid pixels."""


def candidates(
    uncertainty: NDArray[np.floating],
    predicted: NDArray[np.uint8],
    valid: NDArray[np.bool_],
    *,
    classes: int,
    config: RegionConfig = DEFAULT,
) -> Windows:
    """Score every window of the grid that has enough valid pixels; arguments as plan_regions."""
    corners = _corners(predicted.shape, config)
    integral = _integral(valid)
    corners = corners[_sums(integral, corners, config.window) >= _least(config)]
    valid_pixels = _sums(integral, corners, config.window)
    total = _integral(np.where(valid, uncertainty, 0.0))
    mean = _sums(total, corners, config.window) / valid_pixels
    planes = [_integral(valid & (predicted == c)) for c in range(classes)]
    counts = np.stack([_sums(plane, corners, config.window) for plane in planes], axis=1)
    around = np.stack(
        [_sums(plane, corners, config.window, grown=config.dilation) for plane in planes], axis=1
    )
    shares = counts / valid_pixels[:, None]
    weights = np.ones(classes) if not config.class_weights else np.array(config.class_weights)
    scores = mean * (0.5 + _entropy(around) / math.log(classes)) * weights[counts.argmax(axis=1)]
    return Windows(corners, scores, shares, valid_pixels)


def _least(config: RegionConfig) -> float:
    """Valid pixels that a candidate has at least; never none."""
    return max(1.0, config.min_valid * config.window**2)


def _corners(shape: tuple[int, ...], config: RegionConfig) -> NDArray[np.int64]:
    """(w, 2) every stride, and the last that fits."""
    axes = []
    for side in shape:
        last = side - config.window
        axes.append(np.unique([*range(0, last + 1, config.stride), last]))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def _integral(plane: NDArray[np.generic]) -> Floats:
    """(H + 1, W + 1) sums of everything above and to the left."""
    total: Floats = np.zeros((plane.shape[0] + 1, plane.shape[1] + 1))
    np.cumsum(np.cumsum(plane, axis=0, dtype=np.float64), axis=1, out=total[1:, 1:])
    return total


def _sums(integral: Floats, corners: NDArray[np.int64], window: int, *, grown: int = 0) -> Floats:
    """(w,) sum over each window, grown by some pixels as far as the tile goes."""
    height, width = integral.shape[0] - 1, integral.shape[1] - 1
    top, left = np.clip(corners - grown, 0, None).T
    bottom = np.minimum(corners[:, 0] + window + grown, height)
    right = np.minimum(corners[:, 1] + window + grown, width)
    return (
        integral[bottom, right]
        - integral[top, right]
        - integral[bottom, left]
        + integral[top, left]
    )


def _entropy(counts: Floats) -> Floats:
    """(w,) nats of each row's histogram."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
