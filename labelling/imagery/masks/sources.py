"""Every kind of mask file that can be brought in: its form, its codes, the classes it can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labelling.errors import BadInput
from labelling.imagery.masks.tables import (
    CANNOT_SAY,
    CLEAR,
    CLOUD,
    SHADOW,
    THIN,
    Table,
    by_bits,
    by_code,
    by_threshold,
)

CODES, FLAGS, SHARES, POLYGONS = "codes", "flags", "shares", "polygons"
"""Forms of a file: one band of codes · bands of 0 and 1 · one band of 0…1 reals · GML outlines."""
SHARE_SCALE = 200
"""Reals 0…1 become whole half per cents, so that thresholds such as 0.4 and 0.65 stay exact."""


@dataclass(frozen=True)
class Cut:
    """A probability that a threshold turns into two classes."""

    scale: int
    """Code of probability 1."""
    threshold: float
    """0…1; strictly above it is `above`."""
    above: tuple[str, int] = ("cloud", CLOUD)
    below: tuple[str, int] = ("no cloud", CLEAR)

    def at(self, threshold: float) -> Table:
        return by_threshold(
            scale=self.scale, threshold=threshold, above=self.above, below=self.below
        )


@dataclass(frozen=True)
class Source:
    """A kind of mask file."""

    name: str
    """What --mask and `MaskSource.source` call it."""
    layer: str
    """`Layer.source`: several kinds of file of one masker share it."""
    title: str
    codes: Table | Cut
    provides: tuple[int, ...]
    """Classes that it can tell apart at all."""
    version: str = "1"
    """Of the table; raise it with every change of `codes`."""
    form: str = CODES
    planes: int = 1
    """Bands that it reads at once."""
    rivals: tuple[str, ...] = ()
    """Kinds of file that go by the same names and may hold the same codes, meaning otherwise."""

    def table(self, threshold: float | None = None) -> Table:
        """The codes' table; `threshold` (0…1) instead of the default where there is one.

        Raises BadInput for a threshold out of range, or where the source has no probability.
        """
        if isinstance(self.codes, Cut):
            return self.codes.at(self.threshold(threshold))
        self.threshold(threshold)
        return self.codes

    def threshold(self, given: float | None = None) -> float | None:
        """The threshold in force, 0…1; None where the source has no probability."""
        if not isinstance(self.codes, Cut):
            if given is not None:
                raise BadInput(f"{self.name} has no probability to cut.", field="threshold")
            return None
        chosen = self.codes.threshold if given is None else given
        if not 0 <= chosen < 1:
            raise BadInput(
                f"{self.name}: the threshold is {chosen:g}.",
                field="threshold",
                help="Give a probability from 0 to below 1, such as 0.4.",
            )
        return chosen

    def layer_version(self, *, threshold: float | None = None, tool: str = "") -> str:
        """`Layer.version`: `<the masker's version>-t<threshold>-<the table's version>`.

        Parts that are not known or don't apply are left out, as in `1` or `t0.4-1`.
        """
        cut = self.threshold(threshold)
        parts = [tool, "" if cut is None else f"t{cut:g}", self.version]
        return "-".join(part for part in parts if part)


SCL = by_code(
    {
        0: ("no data", CANNOT_SAY),
        1: ("saturated or defective", CANNOT_SAY),
        2: ("dark area", CLEAR),
        3: ("cloud shadow", SHADOW),
        4: ("vegetation", CLEAR),
        5: ("not vegetated", CLEAR),
        6: ("water", CLEAR),
        7: ("unclassified", CANNOT_SAY),
        8: ("cloud, medium probability", CLOUD),
        9: ("cloud, high probability", CLOUD),
        10: ("thin cirrus", THIN),
        11: ("snow or ice", CLEAR),
    }
)
FMASK = by_code(
    {
        0: ("clear land", CLEAR),
        1: ("clear water", CLEAR),
        2: ("cloud shadow", SHADOW),
        3: ("snow", CLEAR),
        4: ("cloud", CLOUD),
        255: ("no observation", CANNOT_SAY),
    }
)
# MAJA's summary bits 0 and 1 hold every cloud, high ones too: a pixel that only the 1.38 µm test
# found (bit 7 without a reflectance test) is cirrus, so the named tests are asked first.
MAJA = by_bits(
    [
        (0b0000_1100, "cloud, found by a one-date or many-date reflectance test", CLOUD),
        (0b0110_0000, "shadow of a cloud inside or outside the image", SHADOW),
        (0b1001_0000, "thinnest cloud, or high cloud found at 1.38 µm alone", THIN),
        (0b0000_0010, "cloud, no test named", CLOUD),
        (0b0000_0001, "cloud or shadow, not said which", CANNOT_SAY),
    ],
    otherwise=("valid", CLEAR),
)
MAJA_NATIVE = by_bits(
    [
        (0b0011_0000, "cloud, found by a one-date or many-date reflectance test", CLOUD),
        (0b0000_1100, "shadow of a cloud inside or outside the image", SHADOW),
        (0b1100_0000, "thinnest cloud, or high cloud found at 1.38 µm alone", THIN),
        (0b0000_0010, "cloud, no test named", CLOUD),
        (0b0000_0001, "cloud or shadow, not said which", CANNOT_SAY),
    ],
    otherwise=("valid", CLEAR),
)
DL_L8S2_UV = by_code(
    {0: ("invalid", CANNOT_SAY), 1: ("land", CLEAR), 2: ("cloud", CLOUD)},
)
KAPPAMASK = by_code(
    {
        0: ("undefined", CANNOT_SAY),
        1: ("clear", CLEAR),
        2: ("cloud shadow", SHADOW),
        3: ("semi-transparent cloud", THIN),
        4: ("cloud", CLOUD),
        5: ("missing", CANNOT_SAY),
    }
)
OMNICLOUDMASK = by_code(
    {
        0: ("clear", CLEAR),
        1: ("thick cloud", CLOUD),
        2: ("thin cloud", THIN),
        3: ("cloud shadow", SHADOW),
    }
)
CSMASK = by_code({0: ("background", CLEAR), 1: ("cloud", CLOUD), 2: ("cloud shadow", SHADOW)})
BINARY = by_code({0: ("clear", CLEAR), 1: ("cloud", CLOUD)})
QI = by_bits(
    [
        (0b001, "opaque cloud", CLOUD),
        (0b010, "cirrus", THIN),
        (0b100, "snow or ice", CLEAR),
    ],
    otherwise=("neither", CLEAR),
)
"""Level-1C cloud masks; bits count the bands of MSK_CLASSI_B00: opaque, cirrus, snow."""
SNOW = Cut(
    scale=100, threshold=0.5, above=("snow, so no cloud", CLEAR), below=("no snow", CANNOT_SAY)
)

ALL = (
    Source("scl", "scl", "Sen2Cor scene classification", SCL, (0, 1, 2, 3)),
    Source("cldprb", "cldprb", "Sen2Cor cloud probability, 0…100", Cut(100, 0.5), (0, 1)),
    Source("snwprb", "snwprb", "Sen2Cor snow probability, 0…100", SNOW, (0,)),
    Source(
        "l1c_classi", "l1c_qi", "Level-1C MSK_CLASSI_B00.jp2, baseline 04.00 and later",
        QI, (0, 1, 2), form=FLAGS, planes=3,
    ),
    Source(
        "l1c_gml", "l1c_qi", "Level-1C MSK_CLOUDS_B00.gml, before baseline 04.00",
        QI, (0, 1, 2), form=POLYGONS,
    ),
    Source(
        "s2cloudless", "s2cloudless", "s2cloudless probability, 0…255",
        Cut(255, 0.4), (0, 1), rivals=("s2cloudless_percent", "s2cloudless_mask"),
    ),
    Source(
        "s2cloudless_percent", "s2cloudless", "s2cloudless probability, 0…100",
        Cut(100, 0.4), (0, 1),
    ),
    Source(
        "s2cloudless_share", "s2cloudless", "s2cloudless probability, 0…1 as reals",
        Cut(SHARE_SCALE, 0.4), (0, 1), form=SHARES,
    ),
    Source(
        "s2cloudless_mask", "s2cloudless", "s2cloudless mask, cut by whoever ran it",
        BINARY, (0, 1), version="mask-1",
    ),
    Source("csmask", "csmask", "DLR ukis-csmask", CSMASK, (0, 1, 3)),
    Source("fmask", "fmask", "Fmask 4", FMASK, (0, 1, 3)),
    Source("maja", "maja", "MAJA CLM, MUSCATE's bit order", MAJA, (0, 1, 2, 3)),
    Source(
        "maja_native", "maja", "MAJA CLM, MAJA's own bit order",
        MAJA_NATIVE, (0, 1, 2, 3), version="native-1",
    ),
    Source("dl_l8s2_uv", "dl_l8s2_uv", "DL-L8S2-UV, University of Valencia", DL_L8S2_UV, (0, 1)),
    Source("kappamask", "kappamask", "KappaMask", KAPPAMASK, (0, 1, 2, 3)),
    Source("omnicloudmask", "omnicloudmask", "OmniCloudMask", OMNICLOUDMASK, (0, 1, 2, 3)),
)  # fmt: skip
SOURCES: Mapping[str, Source] = {source.name: source for source in ALL}


def source_named(name: str) -> Source:
    """Raises BadInput, naming the sources there are."""
    if name not in SOURCES:
        raise BadInput(
            f"There is no mask source {name!r}.",
            field="source",
            help=f"There are: {', '.join(SOURCES)}.",
        )
    return SOURCES[name]
