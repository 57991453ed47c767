"""GeoTIFF stacks: one file, one scene, a band a layer.

Bands are named by their descriptions, or by the caller. What the file can say about the scene it
says in its own tags: PRODUCT_ID, DATETIME (ISO 8601; UTC unless it says otherwise), SATELLITE,
LEVEL, BASELINE, MGRS, SUN_AZIMUTH and SUN_ZENITH (degrees), SYNTHETIC (true or false).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference, georeference_of, opened
from labelling.imagery.grid import square_of

NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True)
class Stack:
    """What a stack's header says, checked. Pixels: uint16, ten-thousandths, 0 = no data."""

    path: Path
    bands: tuple[str, ...]
    height: int
    width: int
    place: Georeference | None
    product_id: str
    """The tag, or the file's name without its ending."""
    taken: datetime | None
    satellite: str
    level: str
    baseline: str
    mgrs: str
    """Empty when the file doesn't say; the grid's keys need it."""
    sun_azimuth: float | None
    """Degrees clockwise from north."""
    sun_zenith: float | None
    """Degrees from the vertical."""
    synthetic: bool


@dataclass(frozen=True)
class BandMatch:
    """Where a campaign's bands are found in a stack."""

    bands: tuple[str, ...]
    """The campaign's, in its order."""
    positions: tuple[int | None, ...]
    """For each, its position in the file, counted from 0; None when the file lacks it."""
    missing: tuple[str, ...]
    """Bands of the campaign that the file lacks: read as zeros."""
    ignored: tuple[str, ...]
    """Bands of the file that the campaign doesn't use."""


def inspect(path: Path, *, bands: Sequence[str] | None = None) -> Stack:
    """Read a stack's header. `bands` names its layers where the file doesn't, or otherwise.

    Raises RasterRejected, naming the file and what is wrong with it.
    """
    with opened(path) as dataset:
        _check_type(path, dataset)
        tags = dataset.tags()
        return Stack(
            path=path,
            bands=_band_names(path, dataset, bands),
            height=dataset.height,
            width=dataset.width,
            place=georeference_of(dataset),
            product_id=_product_id(path, tags),
            taken=_moment(path, tags),
            satellite=_word(path, tags, "SATELLITE"),
            level=_word(path, tags, "LEVEL"),
            baseline=_word(path, tags, "BASELINE"),
            mgrs=_mgrs(path, tags),
            sun_azimuth=_angle(path, tags, "SUN_AZIMUTH", highest=360),
            sun_zenith=_angle(path, tags, "SUN_ZENITH", highest=90),
            synthetic=_flag(path, tags, "SYNTHETIC"),
        )


def match_bands(stack: Stack, wanted: Sequence[str]) -> BandMatch:
    """Find the campaign's bands in `stack`. Raises RasterRejected when there is none of them."""
    where = {name: position for position, name in enumerate(stack.bands)}
    match = BandMatch(
        bands=tuple(wanted),
        positions=tuple(where.get(name) for name in wanted),
        missing=tuple(name for name in wanted if name not in where),
        ignored=tuple(name for name in stack.bands if name not in wanted),
    )
    if len(match.missing) == len(match.bands):
        raise RasterRejected(
            f"{stack.path.name}: its bands {', '.join(stack.bands)} are none of the campaign's "
            f"{', '.join(wanted)}.",
            field="bands",
            help="Name the file's layers in the campaign's words with --bands.",
        )
    return match


def is_mask(path: Path) -> bool:
    """Whether a file is one plane of 8-bit codes: a label or a mask, never a stack."""
    try:
        with opened(path) as dataset:
            return dataset.count == 1 and dataset.dtypes[0] == "uint8"
    except RasterRejected:
        return False


@dataclass(frozen=True)
class StackReader:
    """Pixels of an open stack, in a campaign's bands."""

    dataset: DatasetReader
    match: BandMatch

    def window(self, *, top: int, left: int, height: int, width: int) -> NDArray[np.uint16]:
        """(campaign's bands, height, width) uint16; bands the file lacks are 0."""
        found = [position for position in self.match.positions if position is not None]
        rows = [each for each, at in enumerate(self.match.positions) if at is not None]
        pixels = np.zeros((len(self.match.bands), height, width), dtype=np.uint16)
        area = Window(left, top, width, height)
        pixels[rows] = self.dataset.read([position + 1 for position in found], window=area)
        return pixels


@contextmanager
def reading(stack: Stack, match: BandMatch) -> Iterator[StackReader]:
    """The stack's pixels. What can't be read becomes RasterRejected naming the file."""
    with opened(stack.path) as dataset:
        yield StackReader(dataset, match)


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
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _mgrs(path: Path, tags: Mapping[str, str]) -> str:
    if not (name := tags.get("MGRS", "")):
        return ""
    try:
        square_of(name)
    except BadInput as error:
        raise _tag_rejected(path, "MGRS", name, "an MGRS tile such as 35VLF") from error
    return name


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
