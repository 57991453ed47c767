"""Sentinel-2's names: of bands, of processing baselines, of products."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from labelling.errors import BadInput
from labelling.imagery.grid import square_of

BANDS = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip
"""In the order that metadata number them by, from 0."""
LEVELS = {"L1C": BANDS, "L2A": tuple(band for band in BANDS if band != "B10")}
"""Bands of each level; Sen2Cor leaves out B10, which sees no ground."""
OFFSET_SINCE = "04.00"
"""Processing baseline of January 2022, whose digital numbers are the first with an offset."""
KNOWN_BASELINES = re.compile(r"0[2-5]\.\d\d")
"""From the first compact products to Collection 1 (05.00, 05.10, 05.11). 99.99 marks products made
outside ESA's ground segment, which keep no common rule."""
ORBITS = 143
"""Relative orbits until the ground track repeats."""
COMPACT = re.compile(
    r"(S2[ABC])_MSI(L1C|L2A)_(20\d{6}T\d{6})_N(\d\d)(\d\d)_R(\d{3})_T(\w{5})_(\d{8}T\d{6})",
    re.ASCII,
)
BEFORE_COMPACT = re.compile(r"S2._(OPER|USER)_PRD_MSI")
"""Product names until December 2016, of folders with many granules."""


@dataclass(frozen=True)
class SafeName:
    """What the name of a product says."""

    satellite: str
    level: str
    taken: datetime
    """UTC, to the second: the datatake's start, the same for L1C and L2A."""
    baseline: str
    """As in 05.10."""
    orbit: int
    """Relative, 1…143."""
    mgrs: str
    made: str
    """The discriminator: an older or newer processing of the same."""

    def __str__(self) -> str:
        return (
            f"{self.satellite}_MSI{self.level}_{self.taken:%Y%m%dT%H%M%S}_"
            f"N{self.baseline.replace('.', '')}_R{self.orbit:03d}_T{self.mgrs}_{self.made}"
        )


def parse_name(text: str) -> SafeName:
    """Read a compact product name, with or without .SAFE.

    Raises BadInput for any other name, and for one whose date, orbit or tile can't be.
    """
    name = text.removesuffix(".SAFE")
    check_layout(name)
    if not (found := COMPACT.fullmatch(name)):
        raise _no_product(name, "it isn't built as S2A_MSIL1C_…")
    satellite, level, taken, major, minor, orbit, mgrs, made = found.groups()
    if not 1 <= int(orbit) <= ORBITS:
        raise _no_product(name, f"there is no relative orbit {orbit}")
    square_of(mgrs)
    return SafeName(
        satellite=satellite,
        level=level,
        taken=_moment(name, taken),
        baseline=f"{major}.{minor}",
        orbit=int(orbit),
        mgrs=mgrs,
        made=made,
    )


def check_layout(name: str) -> None:
    """Raise BadInput for a product from before the compact layout, which nothing here reads."""
    if BEFORE_COMPACT.match(name):
        raise BadInput(
            f"{name} is named and laid out as products were until December 2016.",
            field="product",
            help="Get the same acquisition from Collection 1 (baseline 05.00) instead.",
        )


def check_baseline(baseline: str) -> None:
    """Raise BadInput for a processing baseline whose rule for reflectance isn't known."""
    if not KNOWN_BASELINES.fullmatch(baseline):
        raise BadInput(
            f"its processing baseline {baseline!r} is unknown",
            field="PROCESSING_BASELINE",
            help="Baselines 02.00 to 05.99 can be read; get the product from ESA's archive in one.",
        )


def has_offset(baseline: str) -> bool:
    """Whether digital numbers of a known baseline carry an offset."""
    return baseline >= OFFSET_SINCE


def _moment(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise _no_product(name, f"{text} is no moment") from error


def _no_product(name: str, reason: str) -> BadInput:
    return BadInput(
        f"{name!r} is not the name of a Sentinel-2 product: {reason}.",
        field="product",
        help="Keep the name that the product came with.",
    )
