"""Which channels of a label are cloud, which are shadow, and what is as good as clear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.snapshot import IGNORE, Class

NOTHING = 255
"""What a prediction holds where it says nothing: no data, not classified."""
CLEAR, CLOUD, THIN, SHADOW = 0, 1, 2, 3
"""Codes of the CMIX classes; further codes (snow, water) are kinds of clear ground."""

Channels = NDArray[np.uint8]  # (H, W) channel indices, 255 where nothing is said


@dataclass(frozen=True)
class Scheme:
    """The classes that are judged, in the order of the channels."""

    names: tuple[str, ...]
    codes: tuple[int, ...]

    @classmethod
    def of(cls, classes: Sequence[Class]) -> "Scheme":
        return cls(tuple(one.name for one in classes), tuple(one.code for one in classes))

    @property
    def size(self) -> int:
        return len(self.codes)

    @property
    def clouds(self) -> tuple[int, ...]:
        """Channels of cloud of any thickness."""
        return self._channels(CLOUD, THIN)

    @property
    def shadows(self) -> tuple[int, ...]:
        return self._channels(SHADOW)

    @property
    def contaminated(self) -> tuple[int, ...]:
        """Channels that a user wants masked: cloud, thin cloud and shadow."""
        return self._channels(CLOUD, THIN, SHADOW)

    def _channels(self, *wanted: int) -> tuple[int, ...]:
        return tuple(k for k, code in enumerate(self.codes) if code in wanted)


STANDS_IN: Mapping[int, tuple[int, ...]] = {THIN: (CLOUD, CLEAR), SHADOW: (CLEAR,), CLOUD: (THIN,)}
"""{class code: what it is counted as in a mask that doesn't tell it apart, the nearest first}."""


@dataclass(frozen=True)
class Collapse:
    """The classes of a scheme merged into those that a mask can tell."""

    full: Scheme
    merged: Scheme
    table: tuple[int, ...]
    """(K,) channel of `merged` for each channel of `full`."""

    @classmethod
    def onto(cls, full: Scheme, provided: Sequence[int]) -> "Collapse":
        """`provided`: class codes. A class that isn't provided counts as what STANDS_IN says, any
        other as clear. Raises ValueError where nothing of the scheme is provided."""
        kept = [code for code in full.codes if code in provided]
        if not kept:
            raise ValueError(f"None of the classes {full.codes} is among {tuple(provided)}.")
        table = [kept.index(stand_in(code, kept)) for code in full.codes]
        names = tuple(full.names[full.codes.index(code)] for code in kept)
        return cls(full, Scheme(names, tuple(kept)), tuple(table))

    @property
    def merges(self) -> dict[str, str]:
        """{class: class that it is counted as}, of those that are merged."""
        pairs = zip(self.full.names, (self.merged.names[k] for k in self.table), strict=True)
        return {name: to for name, to in pairs if name != to}

    def __call__(self, channels: Channels) -> Channels:
        """Channels of `full` as channels of `merged`; 255 stays."""
        lookup = np.full(256, NOTHING, dtype=np.uint8)
        lookup[: self.full.size] = self.table
        merged: Channels = lookup[channels]
        return merged


def stand_in(code: int, kept: Sequence[int]) -> int:
    """The class among `kept` that a class counts as: itself, else its nearest, else clear."""
    choices = (code, *STANDS_IN.get(code, ()), CLEAR)
    return next((one for one in choices if one in kept), kept[0])


def judged(truth: Channels, predicted: Channels) -> NDArray[np.bool_]:
    """(H, W): where the truth is known and the prediction says something."""
    both: NDArray[np.bool_] = (truth != IGNORE) & (predicted != NOTHING)
    return both
