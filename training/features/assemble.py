"""From normalised bands and what lies beside them to a network's input.

Fitting and predicting both come through here, so they can't differ. N crops or tiles, B bands,
R channels besides the bands' roots, C channels in all, H and W in pixels.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.features.indices import INDICES
from training.features.layout import MASK_CLASSES, Layout
from training.features.sun import sun_channels

FULL = 10_000.0
"""Stored value of reflectance 1."""
FURTHEST = 10.0
"""Deviations from the mean beyond which a value is cut: no single speckle drowns the rest."""

Batched = Mapping[str, NDArray[Any]]
"""Planes by name, each with N in front; what is not known is marked so in the plane."""


class Roots(Protocol):
    """How the bands' square roots are normalised."""

    @property
    def mean(self) -> tuple[float, ...]: ...  # (B,)
    @property
    def deviation(self) -> tuple[float, ...]: ...  # (B,)


Part = tuple[Tensor, Tensor]
"""Channels (N, c, H, W) float32, and where they are known, bool, broadcastable to them."""


class Assembler:
    """Makes inputs of one layout on one device."""

    def __init__(self, layout: Layout, roots: Roots, device: torch.device) -> None:
        self.layout, self.device = layout, device
        self.root_mean = self._column(roots.mean)
        self.root_deviation = self._column(roots.deviation)
        self.mean = self._column(layout.mean)
        self.factor = 1 / self._column(layout.deviation)

    def __call__(self, roots: Tensor, present: NDArray[np.bool_], planes: Batched) -> Tensor:
        """(N, C, H, W) float32, not yet 0 where there is no data.

        roots (N, B, H, W) float32: normalised square roots, augmented; `present` (N, B): bands
        that are there and not blinded. Indices and reflectances are those of the augmented roots.
        """
        if self.layout.plain:
            return roots
        reflectance = (roots * self.root_deviation + self.root_mean).clamp_min(0).square() / FULL
        rest = self._normalised(rest_of(self.layout, reflectance, present, planes))
        return torch.cat([roots, rest], dim=1) if self.layout.features.sqrt else rest

    def _normalised(self, parts: list[Part]) -> Tensor:
        values = torch.cat([part for part, _ in parts], dim=1)
        known = torch.cat([where.expand_as(part) for part, where in parts], dim=1)
        values = values.sub_(self.mean).mul_(self.factor).clamp_(-FURTHEST, FURTHEST)
        return values.masked_fill_(~known, 0)

    def _column(self, values: Any) -> Tensor:
        """(c,) -> (1, c, 1, 1) float32 on the device."""
        column = torch.from_numpy(np.asarray(values, dtype=np.float32)).to(self.device)
        return column[None, :, None, None]


def rest_of(
    layout: Layout, reflectance: Tensor, present: NDArray[np.bool_], planes: Batched
) -> list[Part]:
    """The R channels before normalisation, in the layout's order.

    reflectance (N, B, H, W), never negative; present (N, B).
    """
    there = torch.from_numpy(present)[:, :, None, None].to(reflectance.device)
    return [
        *_of_the_bands(layout, reflectance, there),
        *_of_the_planes(layout, reflectance, there, planes),
    ]


def _of_the_bands(layout: Layout, reflectance: Tensor, there: Tensor) -> Iterator[Part]:
    """`there` (N, B, 1, 1): bands that are present."""
    if layout.features.bands:
        yield reflectance, there
    where = {band: place for place, band in enumerate(layout.bands)}
    for name in layout.features.indices:
        index = INDICES[name]
        places = [where[band] for band in index.needs]
        bands = {band: reflectance[:, where[band]] for band in index.needs}
        yield index.of(bands)[:, None], there[:, places].all(dim=1, keepdim=True)


def _of_the_planes(
    layout: Layout, reflectance: Tensor, there: Tensor, planes: Batched
) -> Iterator[Part]:
    features = layout.features
    if features.sun:
        yield _sun(planes["sun"], reflectance)
    if features.clear:
        yield from _clear(planes["clear"], reflectance, there)
    for name in features.masks:
        yield _one_hot(planes[f"mask:{name}"], reflectance)
    for name in features.extra:
        yield from _extra(planes[f"extra:{name}"], reflectance)


def _sun(angles: NDArray[np.float32], like: Tensor) -> Part:
    channels = torch.from_numpy(sun_channels(angles)).to(like.device)
    spread = channels[:, :, None, None].expand(-1, -1, *like.shape[-2:])
    return spread, torch.ones_like(spread[:, :1], dtype=torch.bool)


def _clear(stored: NDArray[np.uint16], reflectance: Tensor, there: Tensor) -> list[Part]:
    """Differences where both dates know the band, and where the other date has data at all."""
    other = _tensor(stored, reflectance.device).to(torch.float32) / FULL
    seen = other > 0  # (N, B, H, W)
    known = seen.any(dim=1, keepdim=True)
    return [(reflectance - other, seen & there), (known.float(), torch.ones_like(known))]


def _one_hot(codes: NDArray[np.uint8], like: Tensor) -> Part:
    """(N, H, W) -> a channel a class; "cannot say" is 0 in all of them."""
    classes = torch.arange(len(MASK_CLASSES), dtype=torch.uint8, device=like.device)
    channels = _tensor(codes, like.device)[:, None] == classes[None, :, None, None]
    return channels.float(), torch.ones_like(channels)


def _extra(values: NDArray[np.float32], like: Tensor) -> list[Part]:
    """(N, P, H, W), NaN where missing: the planes, and where all of them are known."""
    planes = _tensor(values, like.device)
    known = torch.isfinite(planes).all(dim=1, keepdim=True)
    return [(planes.nan_to_num(0), known), (known.float(), torch.ones_like(known))]


def _tensor(array: NDArray[Any], device: torch.device) -> Tensor:
    # torch wants memory it may write to; a read-only map or a turned view is copied.
    return torch.from_numpy(np.require(array, requirements=("C", "W"))).to(device)
