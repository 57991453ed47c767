"""GeoTIFF stacks: one file, one scene, a band a layer.

Bands are named by their descriptions, or by the caller. Pixels: uint16, ten-thousandths, 0 = no
data. What the file can say about the scene it says in its own tags: PRODUCT_ID, DATETIME
(ISO 8601; UTC unless it says otherwise), SATELLITE, LEVEL, BASELINE, MGRS, SUN_AZIMUTH and
SUN_ZENITH (degrees), SYNTHETIC (true or false).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rasterio.io import DatasetReader

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import georeference_of, opened
from labelling.imagery.grid import square_of
from labelling.imagery.products.product import Angles, BandSource, Product

NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


def inspect_stack(path: Path, *, bands: Sequence[str] | None = None) -> Product:
    """Read a stack's header. `bands` names its layers where the file doesn't, or otherwise.

    Raises RasterRejected, naming the file and what is wrong with it.
    """
    with opened(path) as dataset:
        _check_type(path, dataset)
        names, tags = _band_names(path, dataset, bands), dataset.tags()
        return Product(
            path=path,
            form="stack",
            product_id=_product_id(path, tags),
            bands=tuple(
                BandSource(name, str(path), layer) for layer, name in enumerate(names, start=1)
            ),
            height=dataset.height,
            width=dataset.width,
            place=georeference_of(dataset),
            taken=_moment(path, tags),
            satellite=_word(path, tags, "SATELLITE"),
            level=_word(path, tags, "LEVEL"),
            baseline=_word(path, tags, "BASELINE"),
            mgrs=_mgrs(path, tags),
            sun=_sun(path, tags),
            synthetic=_flag(path, tags, "SYNTHETIC"),
        )


def _check_type(path: Path, dataset: DatasetReader) -> None:
    wrong = sorted({str(dtype) for dtype in dataset.dtypes} - {"uint16"})
    if wrong:
        raise RasterRejected(
            f"{path.name}: its pixels are {', '.join(wrong)}, not uint16.",
            field="dtype",
            help="Store reflectance in ten-thousandths as uint16, with 0 for no data.",
        )


def _band_names(path: Path, dataset: DatasetReader, given: Sequence[str] | None) -> tuple[str, ...]:
    if given is not None and len(given) != dataset.count:
        raise _bands_rejected(path, f"it has {dataset.count} bands, but {len(given)} are named")
    names = tuple(given or (name or "" for name in dataset.descriptions))
    if not all(names):
        raise _bands_rejected(path, f"its {dataset.count} bands have no names")
    if len(set(names)) < len(names):
        raise _bands_rejected(path, f"a name occurs twice among its bands {', '.join(names)}")
    return names


def _bands_rejected(path: Path, reason: str) -> RasterRejected:
    return RasterRejected(
        f"{path.name}: {reason}.", field="bands", help="Name every band, in order, with --bands."
    )


def _product_id(path: Path, tags: Mapping[str, str]) -> str:
    name = tags.get("PRODUCT_ID") or path.stem
    if not NAME.fullmatch(name) or name in (".", ".."):
        raise _tag_rejected(path, "PRODUCT_ID", name, "a name without slashes")
    return name


def _word(path: Path, tags: Mapping[str, str], tag: str) -> str:
    word = tags.get(tag, "")
    if not re.fullmatch(r"[\w.+]{0,10}", word):
        raise _tag_rejected(path, tag, word, "a word of at most 10 letters and digits")
    return word


def _moment(path: Path, tags: Mapping[str, str]) -> datetime | None:
    if not (text := tags.get("DATETIME", "")):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _tag_rejected(path, "DATETIME", text, "an ISO 8601 time") from error
    moment = moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=0)
    return moment.astimezone(UTC)


def _mgrs(path: Path, tags: Mapping[str, str]) -> str:
    if not (name := tags.get("MGRS", "")):
        return ""
    try:
        square_of(name)
    except BadInput as error:
        raise _tag_rejected(path, "MGRS", name, "an MGRS tile such as 35VLF") from error
    return name


def _sun(path: Path, tags: Mapping[str, str]) -> Angles | None:
    zenith = _angle(path, tags, "SUN_ZENITH", highest=90)
    azimuth = _angle(path, tags, "SUN_AZIMUTH", highest=360)
    if zenith is None and azimuth is None:
        return None
    if zenith is None or azimuth is None:
        lacking = "SUN_ZENITH" if zenith is None else "SUN_AZIMUTH"
        raise RasterRejected(
            f"{path.name}: it has one of the sun's two angles; the tag {lacking} is not there.",
            field=lacking,
            help="Give both, or neither.",
        )
    return Angles(zenith=zenith, azimuth=azimuth)


def _angle(path: Path, tags: Mapping[str, str], tag: str, *, highest: float) -> float | None:
    if not (text := tags.get(tag, "")):
        return None
    try:
        angle = float(text)
    except ValueError:
        angle = float("nan")
    if not 0 <= angle <= highest:
        raise _tag_rejected(path, tag, text, f"degrees from 0 to {highest:g}")
    return angle


def _flag(path: Path, tags: Mapping[str, str], tag: str) -> bool:
    text = tags.get(tag, "false").lower()
    if text not in ("true", "false"):
        raise _tag_rejected(path, tag, text, "true or false")
    return text == "true"


def _tag_rejected(path: Path, tag: str, value: str, wanted: str) -> RasterRejected:
    return RasterRejected(f"{path.name}: its tag {tag} is {value!r}, not {wanted}.", field=tag)
