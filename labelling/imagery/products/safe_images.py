"""The image files of a SAFE product: which hold its bands and masks, and whether they fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labelling.errors import RasterRejected
from labelling.imagery.files import Georeference, georeference_of, opened
from labelling.imagery.grid import STEP
from labelling.imagery.products import jp2
from labelling.imagery.products.archive import Files, refused
from labelling.imagery.products.names import LEVELS
from labelling.imagery.products.product import MaskSource
from labelling.imagery.products.safe_xml import Metadata

NATIVE = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10,
    "B8A": 20, "B09": 60, "B10": 60, "B11": 20, "B12": 20,
}  # fmt: skip
"""Metres a pixel of L1C images, whose names don't say."""
IMAGE = re.compile(
    r"GRANULE/[\w.]+/IMG_DATA/(?:R\d0m/)?(?:L2A_)?T\w{5}_\d{8}T\d{6}_(B\w\w)(?:_([126]0)m)?",
    re.ASCII,
)
"""An entry of the metadata's list of images; no other form is followed to a file."""


@dataclass(frozen=True)
class Image:
    """The image of one band."""

    band: str
    name: str
    """Path in the product."""
    metres: int
    """A pixel."""

    @property
    def step(self) -> int:
        return self.metres // int(STEP)


MASKS = {
    "scl": (re.compile(r"IMG_DATA/R20m/(?:L2A_)?T\w{5}_\d{8}T\d{6}_SCL_20m\.jp2"), 1, 2),
    "l1c_classi": (re.compile(r"QI_DATA/MSK_CLASSI_B00\.jp2"), 3, 6),
    "l1c_gml": (re.compile(r"QI_DATA/MSK_CLOUDS_B00\.gml"), 1, 6),
    "cldprb": (re.compile(r"QI_DATA/(?:MSK_CLDPRB|(?:L2A_)?T\w+_CLD)_20m\.jp2"), 1, 2),
    "snwprb": (re.compile(r"QI_DATA/(?:MSK_SNWPRB|(?:L2A_)?T\w+_SNW)_20m\.jp2"), 1, 2),
}
"""By source: its path in the granule, the layers it has, and pixels of 10 m along one of its."""


def band_images(main: Metadata, level: str) -> tuple[Image, ...]:
    """The finest image of each band of `level` that the product's metadata list, in band order.

    Raises RasterRejected when they list none for a band, or the listed file isn't there.
    """
    listed = [_listed(each.text or "") for tag in TAGS for each in main.every(tag)]
    return tuple(_finest(main, band, [each for each in listed if each]) for band in LEVELS[level])


TAGS = ("IMAGE_FILE", "IMAGE_FILE_2A")
"""Elements that name an image, now and in Level-2A products until 2018."""


def found_masks(files: Files, granule: str) -> tuple[MaskSource, ...]:
    """Masks that came inside the product: Sen2Cor's classes and the quality indicators."""
    return tuple(
        MaskSource(source, files.for_gdal(name), layers=layers, step=step)
        for source, (pattern, layers, step) in MASKS.items()
        for name in sorted(files.sizes)
        if pattern.fullmatch(name.removeprefix(f"{granule}/"))
    )


def check_images(
    files: Files, images: Sequence[Image], *, place: Georeference, height: int, width: int
) -> None:
    """Compare each image's header with what the metadata say of the grid; no pixel is read.

    `place`, `height` and `width` are of the grid of 10 m pixels. Raises RasterRejected for a file
    that is cut short, no JPEG 2000, or has another size, type, system or corner.
    """
    for image in images:
        size = files.sizes[image.name]
        if reason := jp2.fault(files.head(image.name, count=jp2.HEAD), size=size):
            raise _unfit(files, image, reason, field="file")
        _check_header(files, image, place=place, shape=(height, width))


def _check_header(
    files: Files, image: Image, *, place: Georeference, shape: tuple[int, int]
) -> None:
    expected = tuple(side / image.step for side in shape)
    try:
        with opened(files.for_gdal(image.name)) as dataset:
            found, where = dataset.shape, georeference_of(dataset)
            layers = {str(kind) for kind in dataset.dtypes}
    except RasterRejected as error:
        raise refused(files, str(error).removesuffix("."), field=image.band) from error
    if found != expected:
        told = " by ".join(f"{side:g}" for side in expected)
        reason = f"has {found[0]} by {found[1]} pixels, not {told} as its metadata say"
        raise _unfit(files, image, reason, field="size")
    if layers != {"uint16"}:
        raise _unfit(files, image, f"has {', '.join(sorted(layers))} pixels, not uint16", "dtype")
    if where and where.crs != place.crs:
        reason = f"lies in {where.crs[:60]}, not {place.crs} as its metadata say"
        raise _unfit(files, image, reason, field="crs")
    if where is None or not _same_corner(where, place, step=image.step):
        told = "no georeference" if where is None else f"the georeference {where.transform}"
        raise _unfit(files, image, f"has {told}, not its metadata's", field="georeference")


def _same_corner(where: Georeference, place: Georeference, *, step: int) -> bool:
    a, b, west, d, e, north = place.transform
    wanted = (a * step, b, west, d, e * step, north)
    return all(abs(here - there) < 1e-3 for here, there in zip(where.transform, wanted))


def _listed(entry: str) -> Image | None:
    """The image that an entry names; None for the true-colour image, vapour and the like."""
    if not (found := IMAGE.fullmatch(entry.strip())) or found[1] not in NATIVE:
        return None
    return Image(found[1], f"{entry.strip()}.jp2", int(found[2] or NATIVE[found[1]]))


def _finest(main: Metadata, band: str, listed: Sequence[Image]) -> Image:
    images = [image for image in listed if image.band == band]
    if not images:
        raise main.refused(f"lists no image of band {band}", field=band)
    image = min(images, key=lambda each: each.metres)
    if image.name not in main.files.sizes:
        raise refused(main.files, f"band {band} is missing: there is no {image.name}", field=band)
    return image


def _unfit(files: Files, image: Image, reason: str, field: str) -> RasterRejected:
    return refused(
        files, f"band {image.band}, {image.name.rpartition('/')[2]}, {reason}", field=field
    )
