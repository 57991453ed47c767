"""Which acquisition a STAC item is of, and how it was lit and seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from labelling.errors import BadInput
from labelling.imagery.grid import square_of
from labelling.imagery.products.names import ORBITS, SafeName, parse_name
from labelling.imagery.products.product import Angles
from labelling.imagery.products.stac_item import Item

DATATAKE = re.compile(r"GS2[A-C]_(\d{8}T\d{6})_\d{6}_N\d\d\.\d\d", re.ASCII)
LEVEL = re.compile(r"(?:MSI_?|_|^)L?(1C|2A)(?![0-9A-Za-z])", re.ASCII)
"""In words such as S2MSI2A, S2A_35VLF_20260529_0_L2A and L1C."""
WORD = re.compile(r"[\w.+-]{0,20}", re.ASCII)
NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True)
class Identity:
    """Which acquisition an item is of; words are empty where it doesn't say."""

    product_id: str
    """Of the product that the item was made from, or the item's own."""
    taken: datetime | None
    """UTC, to the second; the datatake's start where it can be known."""
    baseline: str
    level: str
    orbit: int | None
    mgrs: str


def is_sentinel(item: Item) -> bool:
    return item.word("platform", "constellation").lower().startswith("sentinel-2")


def identity_of(item: Item) -> Identity:
    """Raises RasterRejected where the item contradicts the product that it names."""
    name = _product_name(item)
    baseline = item.word(
        "s2:processing_baseline", "sentinel:processing_baseline", "processing:version"
    )
    if name and baseline and baseline != name.baseline:
        reason = f"its baseline {baseline} isn't that of {name}"
        raise item.refused(reason, field="s2:processing_baseline")
    orbit = item.number("sat:relative_orbit", lowest=1, highest=10_000)
    if name and orbit not in (None, name.orbit):
        raise item.refused(f"its orbit {orbit:g} isn't that of {name}", field="sat:relative_orbit")
    sentinel = is_sentinel(item)
    return Identity(
        product_id=str(name) if name else _own_name(item),
        taken=name.taken if name else _moment(item),
        baseline=(name.baseline if name else baseline) if sentinel else "",
        level=name.level if name else _level(item),
        orbit=name.orbit if name else _orbit(orbit),
        mgrs=_mgrs(item, name) if sentinel else "",
    )


def satellite_of(item: Item) -> str:
    """S2A, S2B or S2C; another platform by its own name."""
    platform = item.word("platform")
    if found := re.fullmatch(r"sentinel-2([a-c])", platform, re.IGNORECASE):
        return f"S2{found[1].upper()}"
    if not WORD.fullmatch(platform):
        raise item.refused(f"its platform {platform!r} is no short word", field="platform")
    return platform


def sun_of(item: Item) -> Angles | None:
    """From the view extension, or the means that Sentinel-2's own metadata have."""
    azimuth = item.number("view:sun_azimuth", lowest=0, highest=360)
    elevation = item.number("view:sun_elevation", lowest=-90, highest=90)
    if azimuth is not None and elevation is not None:
        return Angles(zenith=90 - elevation, azimuth=azimuth)
    azimuth = item.number("s2:mean_solar_azimuth", lowest=0, highest=360)
    zenith = item.number("s2:mean_solar_zenith", lowest=0, highest=180)
    return None if azimuth is None or zenith is None else Angles(zenith=zenith, azimuth=azimuth)


def view_of(item: Item) -> Angles | None:
    """From the ground: the angle of incidence, not the one off nadir, which is the satellite's."""
    azimuth = item.number("view:azimuth", lowest=0, highest=360)
    zenith = item.number("view:incidence_angle", lowest=0, highest=90)
    return None if azimuth is None or zenith is None else Angles(zenith=zenith, azimuth=azimuth)


def footprint_of(item: Item) -> dict[str, object] | None:
    """The item's geometry where it is one polygon."""
    geometry = item.content.geometry
    return geometry if geometry and geometry.get("type") == "Polygon" else None


def _product_name(item: Item) -> SafeName | None:
    """The Sentinel-2 product that the item was made from."""
    for text in (item.word("s2:product_uri", "sentinel:product_id"), item.content.id):
        try:
            return parse_name(text)
        except BadInput:
            continue
    return None


def _own_name(item: Item) -> str:
    name = item.content.id
    if not NAME.fullmatch(name) or name in (".", ".."):
        raise item.refused(f"its id {name!r} is no name without slashes", field="id")
    return name


def _moment(item: Item) -> datetime | None:
    """The datatake's start, which L1C and L2A share; an item's own time is the granule's."""
    if found := DATATAKE.fullmatch(item.word("s2:datatake_id")):
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    moment = item.content.datetime or item.content.common_metadata.start_datetime
    if moment is None:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(microsecond=0)


def _level(item: Item) -> str:
    words = [item.word(name) for name in ("s2:product_type", "product:type", "processing:level")]
    found = (LEVEL.search(word) for word in (*words, item.content.id))
    return next((f"L{match[1]}" for match in found if match), "")


def _orbit(orbit: float | None) -> int | None:
    return None if orbit is None or orbit > ORBITS else int(orbit)


def _mgrs(item: Item, name: SafeName | None) -> str:
    """From the product, the grid extension, or the parts that older items have."""
    if name:
        return name.mgrs
    parts = ("utm_zone", "latitude_band", "grid_square")
    for prefix in ("mgrs", "sentinel"):
        if all(item.word(f"{prefix}:{part}") for part in parts):
            return _checked(item, "".join(item.word(f"{prefix}:{part}") for part in parts))
    code = item.word("grid:code")
    if code.startswith("MGRS-"):
        return _checked(item, code.removeprefix("MGRS-"))
    return _checked(item, item.word("s2:mgrs_tile"))


def _checked(item: Item, mgrs: str) -> str:
    """Five characters, also where a zone below 10 is written with one digit."""
    if not mgrs:
        return ""
    mgrs = mgrs.zfill(5)
    try:
        square_of(mgrs)
    except BadInput as error:
        raise item.refused(str(error).removesuffix("."), field="grid:code") from error
    return mgrs
