"""What turns a SAFE product's digital numbers into reflectance, band by band."""

from __future__ import annotations

from dataclasses import dataclass

from labelling.imagery.products.names import BANDS, LEVELS, OFFSET_SINCE, has_offset
from labelling.imagery.products.safe_xml import Metadata

LARGEST_OFFSET = 10_000
"""A reflectance of 1: an offset beyond that can't be meant."""


@dataclass(frozen=True)
class Tags:
    """Where a level's metadata hold its numbers; alternatives are tried in order."""

    quantification: tuple[str, ...]
    offset: str


TAGS = {
    "L1C": Tags(("QUANTIFICATION_VALUE",), "RADIO_ADD_OFFSET"),
    "L2A": Tags(("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"), "BOA_ADD_OFFSET"),
}


def quantification(main: Metadata, level: str) -> float:
    """Digital numbers to a reflectance of 1. Raises RasterRejected for none, or one ≤ 0."""
    tags = TAGS[level].quantification
    value = main.number(*tags)
    if value <= 0:
        raise main.refused(f"says {tags[0]} is {value:g}, not above 0", field=tags[0])
    return value


def offsets(main: Metadata, *, level: str, baseline: str) -> dict[str, int]:
    """Offset of each band of `level`, to be added to its digital numbers; 0 before 04.00.

    Raises RasterRejected when baseline and offsets contradict each other: either the numbers or
    the metadata were changed, and nobody can say which.
    """
    tag = TAGS[level].offset
    found = _listed(main, tag)
    if not has_offset(baseline):
        if found:
            raise main.refused(
                f"has {tag} at baseline {baseline}; there is none before {OFFSET_SINCE}", field=tag
            )
        return dict.fromkeys(LEVELS[level], 0)
    missing = [band for band in LEVELS[level] if band not in found]
    if missing:
        raise main.refused(
            f"has no {tag} for {', '.join(missing)}; baseline {baseline} needs it", field=tag
        )
    return {band: found[band] for band in LEVELS[level]}


def _listed(main: Metadata, tag: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for element in main.every(tag):
        number = element.get("band_id", "")
        if number not in map(str, range(len(BANDS))) or BANDS[int(number)] in found:
            raise main.refused(f"has {tag} of band_id {number!r}, unknown or twice", field=tag)
        offset = main.as_whole(element.text or "", field=tag)
        if abs(offset) > LARGEST_OFFSET:
            raise main.refused(f"says {tag} is {offset}: beyond a reflectance of 1", field=tag)
        found[BANDS[int(number)]] = offset
    return found
