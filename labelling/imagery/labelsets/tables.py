"""From the classes of labelled sets to ours, as versioned tables: 254 unsure, 255 not labelled.

A table that changes gets the next version: what was imported says which one it came through.
Sources: the publications and code that each set's module names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelling.errors import LabelRejected
from labelling.imagery.labelfile import UNLABELLED, UNSURE

CLEAR, CLOUD, SEMI, SHADOW = 0, 1, 2, 3
IMPORTED, BACKGROUND = 4, 5
"""Provenance of pixels that came with a file, and of those that nobody drew there."""


@dataclass(frozen=True)
class ClassTable:
    """Source code → our code. A code that isn't in it is refused, never guessed."""

    name: str
    version: int
    codes: Mapping[int, int]
    changes: str = ""
    """What the lead changed for one import, such as `3=2`."""

    @property
    def id(self) -> str:
        """`kappaset/1`, or `kappaset/1+3=2`: what the annotation keeps."""
        return f"{self.name}/{self.version}" + (f"+{self.changes}" if self.changes else "")

    def with_changes(self, changes: Mapping[str, int]) -> ClassTable:
        """The table with other meanings of some codes. Raises LabelRejected for a non-number."""
        if not changes:
            return self
        if wrong := [word for word in changes if not word.isdecimal() or int(word) > UNLABELLED]:
            raise LabelRejected(
                f"{self.name} has numbers for its classes, not {', '.join(wrong)}.",
                field="class",
                help="Write --class 3=2: the source's number, then ours.",
            )
        told = ",".join(f"{code}={ours}" for code, ours in sorted(changes.items()))
        codes = {**self.codes, **{int(code): ours for code, ours in changes.items()}}
        return replace(self, codes=codes, changes=told)

    def translate(self, codes: NDArray[np.integer], *, file: str) -> NDArray[np.uint8]:
        """Our codes, of the same shape. Raises LabelRejected naming the file and unknown codes."""
        seen = np.unique(codes)
        if unknown := sorted(set(seen.tolist()) - set(self.codes)):
            known = ", ".join(str(code) for code in sorted(self.codes))
            raise LabelRejected(
                f"{file}: its label has code {', '.join(map(str, unknown[:9]))}, which table "
                f"{self.id} doesn't know ({known}).",
                field="label",
                help="Say what it means with --class SOURCE=OURS, such as --class 99=255.",
            )
        ours = np.array([self.codes[code] for code in seen.tolist()], dtype=np.uint8)
        return ours[np.searchsorted(seen, codes)]


KAPPASET = ClassTable(
    "kappaset", 1,
    {0: UNSURE, 1: CLEAR, 2: SHADOW, 3: SEMI, 4: CLOUD, 5: UNLABELLED},
)  # fmt: skip
"""KappaMask's: 0 undefined (a person kept it out) · 1 clear · 2 shadow · 3 semi-transparent ·
4 cloud · 5 missing."""
CLOUDSEN12 = ClassTable(
    "cloudsen12", 1,
    {0: CLEAR, 1: CLOUD, 2: SEMI, 3: SHADOW, 99: UNLABELLED, 255: UNLABELLED},
)  # fmt: skip
"""0 clear · 1 thick · 2 thin · 3 shadow · 99 and 255 nobody looked (scribbles, padding)."""
BAETENS_HAGOLLE = ClassTable(
    "baetens-hagolle", 1,
    {0: UNLABELLED, 1: UNLABELLED, 2: CLOUD, 3: CLOUD, 4: SHADOW, 5: CLEAR, 6: CLEAR, 7: CLEAR},
)  # fmt: skip
"""0 no-data · 1 not used · 2 low cloud · 3 high cloud · 4 shadow · 5 land · 6 water · 7 snow. High
cloud holds thin and thick cirrus alike; `--class 3=2` takes it for semi-transparent."""
FRANCIS = ClassTable("francis", 1, {0: CLEAR, 1: CLOUD, 2: SHADOW, 255: UNLABELLED})
"""Position in the one-hot mask: 0 clear · 1 cloud · 2 shadow; 255 where none is set."""
L8BIOME = ClassTable(
    "l8biome", 1,
    {0: UNLABELLED, 64: SHADOW, 128: CLEAR, 192: SEMI, 255: CLOUD},
)  # fmt: skip
"""The fixed masks': 0 fill · 64 shadow · 128 clear · 192 thin · 255 cloud."""
OURS = ClassTable(
    "ours", 1,
    {0: CLEAR, 1: CLOUD, 2: SEMI, 3: SHADOW, UNSURE: UNSURE, UNLABELLED: UNLABELLED},
)  # fmt: skip
"""Files whose codes are ours already."""


@dataclass(frozen=True)
class NameTable:
    """Source name → our code, with the order in which the source paints its classes."""

    name: str
    version: int
    codes: Mapping[str, int]
    order: tuple[str, ...] = ()
    """Lowest first, where the source paints by class and not by the order of drawing."""

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}"


KAPPAZETA = NameTable(
    "kappazeta", 1,
    {
        "CLEAR": CLEAR, "CLOUD_SHADOW": SHADOW, "SEMI_TRANSPARENT_CLOUD": SEMI, "CLOUD": CLOUD,
        "MISSING": UNLABELLED, "UNDEFINED": UNSURE,
    },
    ("CLEAR", "CLOUD_SHADOW", "SEMI_TRANSPARENT_CLOUD", "CLOUD", "MISSING", "UNDEFINED"),
)  # fmt: skip
"""The KappaZeta team's CVAT labels; cm-vsm paints them in this order and takes no notice of
z-order."""
SEGMENTS = NameTable(
    "segments", 1,
    {
        "clear": CLEAR, "cloud_shadow": SHADOW, "semi_transparent_cloud": SEMI, "cloud": CLOUD,
        "invalid": UNLABELLED, "not_defined": UNSURE,
    },
)  # fmt: skip
"""The same team's categories in Segments.ai."""
