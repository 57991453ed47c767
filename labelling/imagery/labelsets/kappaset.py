"""KappaSet, and every other sub-tile that cm-vsm wrote: one NetCDF file, one tile.

`<product>.CVAT/tile_<column>_<row>/T35VLF_<date>_tile_<column>_<row>.nc` holds bands as float DN /
65535 and masks as bytes, each a variable of its own; `Label` holds KappaMask's codes. Axis 0 counts
rows, although its dimension is called x. Global attributes: `product_name`, `overlap`, `version`.
cm-vsm never applied the radiometric offset, painted what nobody drew on CLEAR, and put the other
maskers' layers (SCL, FMC …) into KappaMask's codes too. Sources: cm-vsm's code (Apache 2.0);
KappaSet, doi 10.5281/zenodo.7100327.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import netCDF4
import numpy as np

from labelling.errors import BadInput
from labelling.imagery.labelsets.cvat_document import author_beside
from labelling.imagery.labelsets.filing import files_below, nothing_where_no_data, provenance_of
from labelling.imagery.labelsets.kappaset_header import Header, header_of
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, MaskPlane, Picture
from labelling.imagery.labelsets.netcdf import dataset_at, plane
from labelling.imagery.labelsets.reflectance import chosen_bands, from_unit
from labelling.imagery.labelsets.tables import KAPPASET
from labelling.imagery.masks.sources import source_named
from labelling.imagery.products.names import BANDS
from labelling.imagery.radiometry import SCALE, reflectance

LABEL = "Label"
CODED = {
    "SCL": ("scl", (0, 1, 2, 3)),
    "FMC": ("fmask", (0, 1, 3)),
    "SS2C": ("s2cloudless", (0, 1)),
    "MAJAC": ("maja", (0, 1, 2, 3)),
    "BHC": ("baetens_hagolle", (0, 1, 3)),
    "FMSC": ("francis", (0, 1, 3)),
    "GSFC": ("gsfc", (0, 1, 2, 3)),
    "DL-L8S2-UV": ("dl_l8s2_uv", (0, 1)),
}
"""Variables in KappaMask's codes → (source of the layer, classes that it can tell)."""
PROBABLE = {"S2CC": "cldprb", "S2CS": "snwprb"}
"""Variables in per cent → the mask reader whose threshold cuts them."""
UNREAD = ("SS2CC", "GML")
"""The file doesn't tell their scale or codes: left out, and said so."""
VERSION = "cm-vsm-1"
"""Of the layers: cm-vsm's codes, through version 1 of our table for them."""


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per NetCDF file, at any depth. Raises BadInput when there is none."""
    files = files_below(path, "*.nc")
    return [Item(file.name, (file,), partial(read, file, choices)) for file in files]


def read(file: Path, choices: Choices) -> Labelled:
    """One sub-tile. Raises BadInput naming the file and the variable that can't be used."""
    table = KAPPASET.with_changes(choices.classes)
    with dataset_at(file) as dataset:
        codes = plane(file, dataset, LABEL, kind=np.uint8)
        header = header_of(
            file,
            told=str(getattr(dataset, "product_name", "")),
            overlap=_overlap(file, dataset),
            side=len(codes),
            offset=choices.baseline_offset,
            tile_size=0 if choices.scene_places else choices.tile_size,
        )
        picture = _picture(file, dataset, header, shape=codes.shape, wanted=choices.bands)
        masks, notes = _masks(file, dataset, shape=codes.shape)
    label = nothing_where_no_data(table.translate(codes, file=file.name), picture.pixels)
    return Labelled(
        label=label,
        provenance=provenance_of(label),
        table=table.id,
        picture=picture,
        masks=masks,
        author=author_beside(file),
        origin={"background": "clear, where cm-vsm drew the label", "offset": header.offset},
        notes=notes,
    )


def _overlap(file: Path, dataset: netCDF4.Dataset) -> float:
    """0…1 of a sub-tile's side that its neighbour has too; the ground hangs on it."""
    told = getattr(dataset, "overlap", 0)
    try:
        overlap = float(told)
    except (TypeError, ValueError):
        overlap = -1
    if not 0 <= overlap < 1:
        raise BadInput(
            f"{file.name}: its overlap is {told!r}, not a share from 0 to below 1.", field="overlap"
        )
    return overlap


def _picture(
    file: Path,
    dataset: netCDF4.Dataset,
    header: Header,
    *,
    shape: tuple[int, ...],
    wanted: tuple[str, ...],
) -> Picture:
    names = [name for name in BANDS if name in dataset.variables]
    bands = tuple(chosen_bands(names, wanted, {name: name for name in names}).values())
    if not bands:
        raise BadInput(
            f"{file.name}: has none of the campaign's bands {', '.join(wanted)}.", field="bands"
        )
    pixels = np.zeros((len(bands), *shape), dtype=np.uint16)
    for at, band in enumerate(bands):
        values = plane(file, dataset, band, kind=np.floating, shape=shape)
        numbers = from_unit(values, file=file.name, band=band)
        pixels[at] = reflectance(numbers, offset=header.offset, quantification=SCALE)
    product = header.product
    return Picture(
        product_id=header.product_id,
        pixels=pixels,
        bands=bands,
        taken=header.taken,
        satellite=product.satellite if product else "",
        level=product.level if product else "",
        baseline=header.baseline,
        mgrs=header.mgrs,
        place=header.place,
    )


def _masks(
    file: Path, dataset: netCDF4.Dataset, *, shape: tuple[int, ...]
) -> tuple[tuple[MaskPlane, ...], tuple[str, ...]]:
    """The other maskers' layers, and what is said of those left out."""
    there = set(dataset.variables)
    masks = []
    notes = [f"{name} left out: its codes aren't told" for name in UNREAD if name in there]
    for name in sorted(there & {*CODED, *PROBABLE}):
        try:
            masks.append(_mask(file, dataset, name, shape=shape))
        except BadInput as error:
            notes.append(f"{name} left out: {error}")
    return tuple(masks), tuple(notes)


def _mask(file: Path, dataset: netCDF4.Dataset, name: str, *, shape: tuple[int, ...]) -> MaskPlane:
    codes = plane(file, dataset, name, kind=np.uint8, shape=shape)
    if name in CODED:
        source, provides = CODED[name]
        ours = source_named("kappamask").table().translate(codes, name=file.name)
        return MaskPlane(source, VERSION, provides, ours)
    reader = source_named(PROBABLE[name])
    ours = reader.table().translate(codes, name=file.name)
    return MaskPlane(reader.layer, f"cm-vsm-{reader.layer_version()}", reader.provides, ours)
