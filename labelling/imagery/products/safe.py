"""SAFE products of Sentinel-2 from their metadata: Level-1C and Level-2A, compact naming.

Everything comes from the product's two XML files; names and images only have to agree with
them. Products that are painted say so by their kind of datatake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import Georeference
from labelling.imagery.grid import grid_of
from labelling.imagery.products.angles import mean_angles, tile_angles
from labelling.imagery.products.archive import MARKS, Files, files_of, refused
from labelling.imagery.products.names import (
    COMPACT,
    SafeName,
    check_baseline,
    check_layout,
    parse_name,
)
from labelling.imagery.products.product import BandSource, Product
from labelling.imagery.products.safe_images import Image, band_images, check_images, found_masks
from labelling.imagery.products.safe_radiometry import offsets, quantification
from labelling.imagery.products.safe_xml import Metadata, metadata
from labelling.imagery.radiometry import RULE

SYNTHETIC = "SYNTHETIC"
"""DATATAKE_TYPE of a painted product."""
TILE = 512
"""Any size of tile would do: the grid's corner is the same for all."""
SPACECRAFT = {"Sentinel-2A": "S2A", "Sentinel-2B": "S2B", "Sentinel-2C": "S2C"}


@dataclass(frozen=True)
class Geocoding:
    """The grid of 10 m pixels."""

    place: Georeference
    height: int
    width: int


def inspect_safe(path: Path) -> Product:
    """Read a product, a folder or a zip, and compare its images' headers with its metadata.

    Raises RasterRejected, naming the product, the file in it and what is wrong.
    """
    product, files, images = _described(path)
    place = product.place
    if place is not None:
        check_images(files, images, place=place, height=product.height, width=product.width)
    return product


def describe_safe(path: Path) -> Product:
    """The same from the metadata alone: the images have to be there, but aren't opened."""
    return _described(path)[0]


def _described(path: Path) -> tuple[Product, Files, tuple[Image, ...]]:
    try:
        check_layout(path.name)
        files = files_of(path)
        main = metadata(files, next(mark for mark in MARKS if mark in files.sizes))
        granule = _granule(files)
        tile = metadata(files, f"{granule}/MTD_TL.xml")
        name = _identity(main, tile)
        images = band_images(main, name.level)
        return _product(name, main, tile, images), files, images
    except RasterRejected:
        raise
    except BadInput as error:
        reason = f"{path.name}: {str(error).removesuffix('.')}."
        raise RasterRejected(reason, field=error.field, help=error.help) from error


def _product(name: SafeName, main: Metadata, tile: Metadata, images: tuple[Image, ...]) -> Product:
    geocoding = _geocoding(tile, name.mgrs)
    scale = quantification(main, name.level)
    added = offsets(main, level=name.level, baseline=name.baseline)
    return Product(
        path=main.files.path,
        form="safe",
        product_id=str(name),
        bands=tuple(
            BandSource(
                name=image.band,
                path=main.files.for_gdal(image.name),
                step=image.step,
                offset=added[image.band],
                quantification=scale,
            )
            for image in images
        ),
        height=geocoding.height,
        width=geocoding.width,
        place=geocoding.place,
        taken=name.taken,
        satellite=name.satellite,
        level=name.level,
        baseline=name.baseline,
        orbit=name.orbit,
        mgrs=name.mgrs,
        sun=mean_angles(tile, "Mean_Sun_Angle"),
        view=mean_angles(tile, "Mean_Viewing_Incidence_Angle"),
        angles=tile_angles(tile),
        cloud_cover=_cloud_cover(main),
        footprint=_footprint(main),
        offset_rule=RULE,
        synthetic=(main.root.findtext(".//DATATAKE_TYPE") or "").strip() == SYNTHETIC,
        masks=found_masks(main.files, tile.name.removesuffix("/MTD_TL.xml")),
    )


def _granule(files: Files) -> str:
    found = [
        name.removesuffix("/MTD_TL.xml")
        for name in sorted(files.sizes)
        if name.startswith("GRANULE/") and name.endswith("/MTD_TL.xml") and name.count("/") == 2
    ]
    if len(found) != 1:
        reason = f"it holds {len(found)} files GRANULE/…/MTD_TL.xml, not one"
        raise refused(files, reason, field="MTD_TL.xml")
    return found[0]


def _identity(main: Metadata, tile: Metadata) -> SafeName:
    """The product's name by its own metadata, which have to agree with it and with the folder."""
    uri = main.text("PRODUCT_URI", "PRODUCT_URI_2A").removesuffix(".SAFE")
    name = parse_name(uri)
    folder = main.files.folder.removesuffix(".SAFE")
    if COMPACT.fullmatch(folder) and folder != uri:
        raise main.refused(f"belongs to {uri}, not to this folder", field="PRODUCT_URI")
    baseline = main.text("PROCESSING_BASELINE")
    check_baseline(baseline)
    told = {
        "SPACECRAFT_NAME": (SPACECRAFT.get(main.text("SPACECRAFT_NAME")), name.satellite),
        "PROCESSING_BASELINE": (baseline, name.baseline),
        "DATATAKE_SENSING_START": (main.moment("DATATAKE_SENSING_START"), name.taken),
        "SENSING_ORBIT_NUMBER": (main.whole("SENSING_ORBIT_NUMBER"), name.orbit),
        "the file's name": (main.name[7:10], name.level),
        "TILE_ID": (f"_T{name.mgrs}_" in tile.text("TILE_ID", "TILE_ID_2A"), True),
    }
    for field, (found, wanted) in told.items():
        if found != wanted:
            raise main.refused(f"contradicts itself: {field} doesn't fit {uri}", field=field)
    return name


def _geocoding(tile: Metadata, mgrs: str) -> Geocoding:
    """The 10 m grid, which has to lie in the MGRS tile, on its pixels."""
    ten = [tile.every(f"{tag}[@resolution='10']") for tag in ("Size", "Geoposition")]
    if [len(found) for found in ten] != [1, 1]:
        raise tile.refused("has no <Tile_Geocoding> of 10 m pixels", field="Tile_Geocoding")
    (size,), (position,) = ten
    height, width = (
        tile.as_whole(size.findtext(tag) or "", field=tag) for tag in ("NROWS", "NCOLS")
    )
    west, north, across, down = (
        tile.as_number(position.findtext(tag) or "", field=tag)
        for tag in ("ULX", "ULY", "XDIM", "YDIM")
    )
    place = Georeference(tile.text("HORIZONTAL_CS_CODE"), (across, 0.0, west, 0.0, down, north))
    grid = grid_of(mgrs, size=TILE)
    try:
        grid.check_inside(grid.offset(place), height=height, width=width)
    except RasterRejected as error:
        raise tile.refused(f"is wrong about the grid. {error}", field="Tile_Geocoding") from error
    return Geocoding(place, height, width)


def _cloud_cover(main: Metadata) -> float:
    cover = main.number("Cloud_Coverage_Assessment")
    if not 0 <= cover <= 100:
        raise main.refused(f"says {cover:g} % are cloud", field="Cloud_Coverage_Assessment")
    return cover


def _footprint(main: Metadata) -> dict[str, object]:
    """GeoJSON polygon of EXT_POS_LIST, which is `latitude longitude …`."""
    words = main.text("EXT_POS_LIST").split()
    numbers = [main.as_number(word, field="EXT_POS_LIST") for word in words]
    ring = [[longitude, latitude] for latitude, longitude in zip(numbers[::2], numbers[1::2])]
    if len(numbers) % 2 or len(ring) < 4 or ring[0] != ring[-1]:
        raise main.refused("has a footprint that is no closed ring", field="EXT_POS_LIST")
    return {"type": "Polygon", "coordinates": [ring]}
