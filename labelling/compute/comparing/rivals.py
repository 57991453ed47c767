"""Masks as they are judged: read from their layers, beside the model on the same pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.imagery.masks.tileread import codes_at
from training.errors import BadSnapshot
from training.evaluation.evidence import Evidence, Truth
from training.evaluation.scheme import NOTHING, Collapse, Scheme, stand_in
from training.snapshot import IGNORE, UNSURE

Channels = NDArray[np.uint8]


@dataclass(frozen=True)
class Mask:
    """A mask of the catalogue: one source, one version."""

    source: str
    version: str
    provides: tuple[int, ...]
    """Class codes that it can tell apart."""
    layers: Mapping[str, str]
    """{sample's key: what GDAL opens}; a sample that isn't here has no such layer."""
    cost: Mapping[str, Any] | None = None
    """What was measured when it was made; None: nothing was."""

    @property
    def name(self) -> str:
        return f"{self.source} {self.version}"

    def read(self, key: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """(H, W) class codes, NOTHING all over where the sample has no such layer."""
        if key not in self.layers:
            return np.full(shape, NOTHING, dtype=np.uint8)
        codes = codes_at(self.layers[key])
        if codes.shape != shape:
            raise BadSnapshot(
                f"{self.name} of {key} is {codes.shape}, the tile is {shape}.", field=self.name
            )
        return codes


@dataclass
class Rival:
    """A mask, and the model brought down to its classes, on the same pixels."""

    mask: Mask
    collapse: Collapse
    geometry: bool
    model: bool
    """Whether there is a model to set beside it."""
    own: Evidence = field(init=False)
    """The mask where it says something: the whole suite."""
    beside: Evidence = field(init=False)
    """The model on just these pixels."""
    everywhere: Evidence = field(init=False)
    """The mask on all labelled pixels; where it says nothing, it counts as wrong."""
    model_everywhere: Evidence = field(init=False)
    covered: int = 0
    """Samples that have its layer."""

    def __post_init__(self) -> None:
        scheme = self.collapse.merged
        self.own = Evidence(scheme, geometry=self.geometry)
        self.beside, self.everywhere, self.model_everywhere = (
            Evidence(scheme, geometry=False) for _ in range(3)
        )

    @classmethod
    def of(cls, mask: Mask, scheme: Scheme, *, geometry: bool, model: bool) -> Rival:
        """Raises BadSnapshot where it can't tell a single class of the campaign's."""
        try:
            collapse = Collapse.onto(scheme, mask.provides)
        except ValueError:
            raise BadSnapshot(
                f"{mask.name} tells none of the classes {', '.join(scheme.names)}: leave it out "
                "with --masks.",
                field=mask.name,
            ) from None
        return cls(mask, collapse, geometry, model)

    def judge(self, key: str, truth: Truth, predicted: Channels | None) -> None:
        """`truth` and the model's `predicted` in channels of the campaign's scheme."""
        said = channels_of(self.mask.read(key, truth.label.shape), self.collapse)
        self.covered += key in self.mask.layers
        merged = Truth(truth.scene, self.collapse(truth.label), truth.sun, truth.slices)
        silent = said == NOTHING
        heard = Truth(truth.scene, np.where(silent, IGNORE, merged.label), truth.sun, truth.slices)
        if not silent.all():
            self.own.add(heard, said)
        self.everywhere.add(merged, said)
        if predicted is not None:
            ours = self.collapse(predicted)
            if not silent.all():
                self.beside.add(heard, ours)
            self.model_everywhere.add(merged, ours)


def channels_of(codes: NDArray[np.uint8], collapse: Collapse) -> Channels:
    """A mask's class codes as channels of its merged scheme; a class that the campaign doesn't
    have counts as its nearest; 254 and 255 say nothing."""
    ours = collapse.merged.codes
    lookup = np.full(256, NOTHING, dtype=np.uint8)
    lookup[:UNSURE] = [ours.index(stand_in(code, ours)) for code in range(UNSURE)]
    channels: Channels = lookup[codes]
    return channels


def rivals_of(masks: Sequence[Mask], scheme: Scheme, *, geometry: bool, model: bool) -> list[Rival]:
    return [Rival.of(mask, scheme, geometry=geometry, model=model) for mask in masks]
