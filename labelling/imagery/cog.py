"""A mask of a whole product as a cloud-optimised GeoTIFF, from bands of rows written one by one.

All planes are uint8 with one no-data value: class codes, then shares of 0 … 1 in STEPS steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Interleaving
from rasterio.io import DatasetReader

from labelling.adapters.beside import beside, settle
from labelling.errors import RasterRejected, StorageAway
from labelling.imagery.files import (
    GDAL_ERRORS,
    Georeference,
    environment,
    name_of,
    opened,
)

NO_DATA = 255
STEPS = 200
"""Of a share: half per cents, so that 255 is left for "no data"."""
BLOCK = 512
PACKING = {
    "compress": "deflate",  # every reader of TIFFs has it
    "level": 1,
    "predictor": "yes",
    "blocksize": BLOCK,
    "overview_resampling": "nearest",  # a mean of class codes is no class
    "bigtiff": "if_safer",
}
ROWS_PACKING = {"compress": "zstd", "zstd_level": 1, "interleave": "band"}


@dataclass(frozen=True)
class Plane:
    """One of a mask's planes."""

    name: str
    share: bool
    """Whether its values are shares in STEPS steps, not codes."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mask:
    """What a mask's file says of itself."""

    height: int
    width: int
    planes: tuple[Plane, ...]
    place: Georeference | None
    tags: Mapping[str, str]


def write_rows(path: Path, planes: NDArray[np.uint8]) -> None:
    """A band of rows (planes, rows, width), whole or not at all. Raises StorageAway."""
    count, high, wide = planes.shape
    shape = {"count": count, "height": high, "width": wide, "dtype": "uint8"}
    block = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    with beside(path) as draft:
        try:
            with (
                environment(draft),
                rasterio.open(draft, "w", driver="GTiff", **shape, **block, **ROWS_PACKING) as file,
            ):
                file.write(planes)
            _check_whole(draft)
            settle(draft, path)
        except (OSError, *GDAL_ERRORS) as error:
            raise _full(path, error) from error


def write_cog(target: Path, mask: Mask, rows: Sequence[Path], *, threads: int) -> None:
    """Put bands of rows, from north to south, together. Written in their folder, then renamed.

    The folder must be on the target's disk. Raises StorageAway, and then leaves no target.
    """
    room = rows[0].parent
    source, draft = room / "mask.vrt", room / f"{target.stem}.draft.tif"
    try:
        source.write_text(_virtual(mask, rows))
        with environment(source):
            rasterio.shutil.copy(source, draft, driver="COG", num_threads=threads, **PACKING)
        _check_whole(draft)
        settle(draft, target)
    except (OSError, *GDAL_ERRORS) as error:
        draft.unlink(missing_ok=True)
        raise _full(target, error) from error


def tags_in(path: Path) -> dict[str, str]:
    """What a file says of itself. Raises RasterRejected."""
    with opened(path) as dataset:
        return dict(dataset.tags())


def _check_whole(path: Path) -> None:
    """Raises OSError where a block is missing or reaches beyond the end of the file.

    GDAL may tell of a disk that is full when it closes a file, and then only by a warning.
    """
    size = path.stat().st_size
    try:
        with opened(path) as dataset:
            for band, block in _blocks(dataset):
                start = dataset.get_tag_item(f"BLOCK_OFFSET_{block}", "TIFF", bidx=band)
                length = dataset.get_tag_item(f"BLOCK_SIZE_{block}", "TIFF", bidx=band)
                if not start or not length or int(start) + int(length) > size:
                    raise OSError(f"block {block} was not written")
    except RasterRejected as damaged:
        raise OSError(str(damaged)) from damaged


def _blocks(dataset: DatasetReader) -> Iterator[tuple[int, str]]:
    """(band, `column_row`) of each block; where pixels are interleaved, of the first band alone."""
    high, wide = dataset.block_shapes[0]
    bands = 1 if dataset.interleaving == Interleaving.pixel else dataset.count
    for band in range(1, bands + 1):
        for row in range(-(-dataset.height // high)):
            for column in range(-(-dataset.width // wide)):
                yield band, f"{column}_{row}"


def _full(path: Path, error: Exception) -> StorageAway:
    told = str(error.__cause__ or error).splitlines() or [type(error).__name__]
    return StorageAway(
        f"{path} can't be written: {told[0].rstrip('.')}.",
        field=name_of(path),
        help="Is the disk full? Free some space and run the same again: it goes on from there.",
    )


def _virtual(mask: Mask, rows: Sequence[Path]) -> str:
    """GDAL's description (VRT) of the whole mask."""
    heights = []
    for path in rows:
        with opened(path) as dataset:
            heights.append(int(dataset.height))
    if sum(heights) != mask.height:
        raise RasterRejected(
            f"{rows[0].parent}: holds {sum(heights)} rows, not {mask.height}.",
            field="work",
            help="Delete the folder and start again.",
        )
    pieces = [f'<VRTDataset rasterXSize="{mask.width}" rasterYSize="{mask.height}">']
    if mask.place:
        pieces.append(f"<SRS>{escape(CRS.from_string(mask.place.crs).to_wkt())}</SRS>")
        a, b, c, d, e, f = mask.place.transform
        pieces.append(f"<GeoTransform>{c!r},{a!r},{b!r},{f!r},{d!r},{e!r}</GeoTransform>")
    pieces.append(_metadata(mask.tags))
    for number, plane in enumerate(mask.planes, start=1):
        pieces.append(_band(number, plane, mask.width, list(zip(rows, heights))))
    return "\n".join([*pieces, "</VRTDataset>"])


def _band(number: int, plane: Plane, width: int, rows: Sequence[tuple[Path, int]]) -> str:
    pieces = [
        f'<VRTRasterBand dataType="Byte" band="{number}">',
        f"<Description>{escape(plane.name)}</Description>",
        _metadata(plane.tags),
        f"<NoDataValue>{NO_DATA}</NoDataValue>",
    ]
    if plane.share:
        pieces.append(f"<Scale>{1 / STEPS!r}</Scale>")
    top = 0
    for path, high in rows:
        pieces.append(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{escape(path.name)}</SourceFilename>'
            f"<SourceBand>{number}</SourceBand>"
            f'<SrcRect xOff="0" yOff="0" xSize="{width}" ySize="{high}"/>'
            f'<DstRect xOff="0" yOff="{top}" xSize="{width}" ySize="{high}"/></SimpleSource>'
        )
        top += high
    return "\n".join([*pieces, "</VRTRasterBand>"])


def _metadata(tags: Mapping[str, str]) -> str:
    items = [f"<MDI key={quoteattr(key)}>{escape(word)}</MDI>" for key, word in tags.items()]
    return f"<Metadata>{''.join(items)}</Metadata>" if items else ""
