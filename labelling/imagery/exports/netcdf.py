"""NetCDF in KappaSet's shape: a file a tile, bands as DN / 65535, `Label` in KappaMask's codes.

What is written here, `labelsets.kappaset` reads back: the same pixels, label, ground and day. Tiles
on the fixed grid are named `T<MGRS>_<datetime>_tile_<column>_<row>.nc`, as cm-vsm names sub-tiles.
A file whose product isn't named by ESA's rules holds reflectance; whoever imports it says
`--baseline-offset 0`. Codes and scale: cm-vsm's code; KappaSet, doi 10.5281/zenodo.7100327.
"""

from __future__ import annotations

import errno
import tempfile
import threading
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput
from labelling.imagery.exports.outgoing import Form, Legend, Piece, Pixels, Subject
from labelling.imagery.labelsets.kappaset import LABEL
from labelling.imagery.labelsets.kappaset_header import OFFSET
from labelling.imagery.labelsets.netcdf import dataset_at, plane
from labelling.imagery.labelsets.productname import product_in
from labelling.imagery.labelsets.reflectance import from_unit
from labelling.imagery.labelsets.tables import KAPPASET
from labelling.imagery.products.names import has_offset
from labelling.imagery.radiometry import NO_DATA, SATURATED, SCALE, reflectance

VERSION = "cloudmask-workbench 1"
THEIRS = {ours: source for source, ours in KAPPASET.codes.items()}
"""Our code → KappaMask's; each has one."""
OUT, BACK = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
for _ours, _theirs in THEIRS.items():
    OUT[_ours], BACK[_theirs] = _theirs, _ours
ONE_AT_A_TIME = threading.Lock()
"""The HDF5 library isn't made for several threads."""


def check(legend: Legend, *, with_bands: bool) -> None:
    """Raises BadInput: KappaMask's codes have no room for further classes."""
    if other := [each for each in legend.classes if each.code not in THEIRS]:
        names = ", ".join(f"{each.code} {each.name}" for each in other)
        raise BadInput(
            f"KappaSet has no code for class {names}.",
            field="format",
            help="Choose geotiff, png, coco or stac: they hold any class.",
        )
    if not with_bands:
        raise BadInput(
            "A KappaSet file holds the bands with the label.",
            field="with_bands",
            help="Add --with-bands, or choose geotiff, png, coco or stac for labels alone.",
        )


def tile(subject: Subject, pixels: Pixels, legend: Legend) -> Piece:
    assert pixels.bands is not None
    product = product_in(subject.product)
    offset = OFFSET if product and has_offset(product.baseline) else 0
    numbers = digital(pixels.bands, offset=offset, key=subject.key)
    with ONE_AT_A_TIME:
        content = _content(str(product or ""), numbers, OUT[pixels.label], legend)
    return Piece({f"{subject.name}.nc": content})


def digital(bands: NDArray[np.uint16], *, offset: int, key: str) -> NDArray[np.uint16]:
    """The digital numbers that become `bands` again once `offset` is added.

    Raises BadInput naming the tile where a number would lie beyond 65534.
    """
    kept = (bands == NO_DATA) | (bands == SATURATED)
    numbers = np.where(kept, bands, bands.astype(np.int64) - offset)
    if not kept.all() and numbers[~kept].max() >= SATURATED:
        raise BadInput(
            f"Tile {key} has reflectances that its product's digital numbers can't hold.",
            field="format",
            help="Choose geotiff for this snapshot: it holds reflectance itself.",
        )
    return numbers.astype(np.uint16)


def _content(
    product: str, numbers: NDArray[np.uint16], codes: NDArray[np.uint8], legend: Legend
) -> bytes:
    # In a file and not in memory: there, the library leaves what it never set in the bytes.
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "tile.nc"
        try:
            with netCDF4.Dataset(path, "w", format="NETCDF4") as dataset:
                _fill(dataset, product, numbers, codes, legend)
        except RuntimeError as error:  # how the library tells of a disk that is full
            raise OSError(errno.EIO, f"NetCDF can't be written to {scratch}: {error}") from error
        return path.read_bytes()


def _fill(
    dataset: netCDF4.Dataset,
    product: str,
    numbers: NDArray[np.uint16],
    codes: NDArray[np.uint8],
    legend: Legend,
) -> None:
    # Axis 0 counts rows, and KappaSet calls it x.
    for name, size in zip(("x", "y"), codes.shape):
        dataset.createDimension(name, size)
    if product:
        dataset.product_name = product
    dataset.overlap = np.float32(0)
    dataset.version = VERSION
    for band, values in zip(legend.bands, numbers):
        _variable(dataset, band, "f4")[:] = (values / np.float64(SATURATED)).astype(np.float32)
    _variable(dataset, LABEL, "u1")[:] = codes


def _variable(dataset: netCDF4.Dataset, name: str, kind: str) -> netCDF4.Variable[Any]:
    variable = dataset.createVariable(
        name, kind, ("x", "y"), compression="zlib", complevel=1, shuffle=True
    )
    variable.set_auto_maskandscale(False)
    return variable


def read(folder: Path, name: str, legend: Legend) -> Pixels:
    """Raises BadInput naming the file and the variable that isn't as `tile` writes it."""
    file = folder / f"{name}.nc"
    with ONE_AT_A_TIME, dataset_at(file) as dataset:
        codes = plane(file, dataset, LABEL, kind=np.uint8)
        product = product_in(str(getattr(dataset, "product_name", "")))
        offset = OFFSET if product and has_offset(product.baseline) else 0
        shape = codes.shape
        shares = [
            plane(file, dataset, each, kind=np.floating, shape=shape) for each in legend.bands
        ]
    numbers = [
        from_unit(values, file=file.name, band=band) for values, band in zip(shares, legend.bands)
    ]
    stored = [reflectance(each, offset=offset, quantification=SCALE) for each in numbers]
    return Pixels(BACK[codes], np.stack(stored))


NETCDF = Form(
    "netcdf", "NetCDF in the shape of KappaSet", tile, read, check=check, subtile_names=True
)
