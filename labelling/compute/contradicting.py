"""What another mask says of each pixel, in the channels of the model that ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelling.compute.comparing.rivals import channels_of
from labelling.compute.inputs import read_input
from labelling.imagery.masks.tileread import codes_at
from training.errors import BadTile
from training.evaluation.scheme import NOTHING, Collapse, Scheme
from training.predict import Ensemble, load, predict_codes

Codes = NDArray[np.uint8]
"""(height, width) channels of the ranking model, 255 where the other mask can't say."""


@dataclass(frozen=True)
class Opponent:
    """The mask, or the model, that a model is held against; neither: nothing is compared."""

    scheme: Scheme
    """Of the model that ranks."""
    bands: Sequence[str]
    collapse: Collapse | None = None
    """Onto the classes that the mask can tell."""
    model: Ensemble | None = None

    @classmethod
    def of(
        cls, ranker: Ensemble, bands: Sequence[str], provides: Sequence[int], before: Path | None
    ) -> Opponent:
        """Raises BadTile for a mask that tells none of the model's classes, BadModel."""
        scheme = Scheme.of(ranker.classes)
        if before is not None:
            return cls(scheme, bands, model=load(before))
        if not provides:
            return cls(scheme, bands)
        try:
            return cls(scheme, bands, collapse=Collapse.onto(scheme, provides))
        except ValueError as problem:
            raise BadTile(
                f"The mask to hold the model against tells none of its classes: {problem}",
                field="mask",
            ) from None

    @property
    def merged(self) -> tuple[int, ...]:
        """(K,) equal for classes that the mask can't tell apart; empty: it knows them all."""
        return self.collapse.table if self.collapse else ()

    def codes(self, tile: Mapping[str, Any]) -> Codes | None:
        """Of a listed tile; None where there is nothing to compare it with. Raises BadTile for a
        mask that isn't on the tile's grid, RasterRejected."""
        if self.model is not None:
            given = read_input(tile, self.bands, self.model.layout)
            return self._channels(predict_codes(self.model, given))
        if self.collapse is None or "codes" not in tile:
            return None
        kept = [self.scheme.codes.index(code) for code in self.collapse.merged.codes]
        lookup = np.full(256, NOTHING, dtype=np.uint8)
        lookup[: len(kept)] = kept
        channels: Codes = lookup[channels_of(codes_at(tile["codes"]), self.collapse)]
        return channels

    def _channels(self, codes: Codes) -> Codes:
        lookup = np.full(256, NOTHING, dtype=np.uint8)
        lookup[list(self.scheme.codes)] = np.arange(self.scheme.size)
        channels: Codes = lookup[codes]
        return channels
