"""CloudSEN12: a folder per image patch, 509² pixels at 10 m, with labels drawn by hand.

`<kind>/<ROI>/<image>/S2L1C.tif` (or `S2L2A.tif`) and `labels/manual_hq.tif` (every pixel) or
`labels/manual_sc.tif` (scribbles); the image is named as Earth Engine does, such as
`20191028T141041_20191028T141041_T20HNH`. All of it was taken before 2021: no radiometric offset.
Source: Aybar et al. 2022, doi 10.1038/s41597-022-01878-2.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from labelling.errors import BadInput, RasterRejected
from labelling.imagery.files import georeference_of, opened
from labelling.imagery.labelsets.filing import (
    check_shape,
    files_below,
    nothing_where_no_data,
    provenance_of,
    read_codes,
    rows_of,
)
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Picture
from labelling.imagery.labelsets.productname import moment
from labelling.imagery.labelsets.reflectance import ZEROS_LEFT_OUT, chosen_bands
from labelling.imagery.labelsets.tables import CLOUDSEN12
from labelling.imagery.products.names import LEVELS
from labelling.imagery.radiometry import SATURATED

HIGH, SCRIBBLE = "manual_hq.tif", "manual_sc.tif"
KINDS = {HIGH: "full", SCRIBBLE: "scribble"}
SCRIBBLE_TRUST = 0.8
"""Share: a scribble's pixels are sure, but people drew them fast and kept off the borders."""
PICTURES = {"L1C": "S2L1C.tif", "L2A": "S2L2A.tif"}
METADATA = "metadata.csv"
KEPT = ("label_type", "difficulty", "cloud_coverage", "annotator_name")
"""Columns of the metadata that are kept with a label."""


def items(path: Path, choices: Choices) -> list[Item]:
    """An item per hand-made label, at any depth. Raises BadInput when there is none."""
    labels = files_below(path, HIGH, SCRIBBLE)
    if labels[0].name not in KINDS:
        raise BadInput(f"{path.name}: a label is called {HIGH} or {SCRIBBLE}.", field="path")
    facts = _facts(path)
    return [_item(label, choices, facts) for label in labels]


def read(label: Path, choices: Choices, facts: dict[str, str]) -> Labelled:
    """One patch. Raises BadInput naming the file that can't be used."""
    table = CLOUDSEN12.with_changes(choices.classes)
    level = choices.level or "L1C"
    codes = read_codes(label)
    picture = _picture(_patch(label) / PICTURES[level], codes.shape, level, choices.bands)
    ours = nothing_where_no_data(table.translate(codes, file=label.name), picture.pixels)
    kind = KINDS[label.name]
    return Labelled(
        label=ours,
        provenance=provenance_of(ours),
        table=table.id,
        picture=picture,
        author=facts.get("annotator_name", ""),
        kind=kind,
        trust=1 if kind == "full" else SCRIBBLE_TRUST,
        origin={name: facts[name] for name in KEPT if facts.get(name)},
    )


def _item(label: Path, choices: Choices, facts: dict[str, dict[str, str]]) -> Item:
    patch = _patch(label)
    level = choices.level or "L1C"
    files = (label, patch / PICTURES[level])
    name = f"{patch.parent.name}/{patch.name}/{label.name}"
    return Item(name, files, partial(read, label, choices, facts.get(_key(patch), {})))


def _patch(label: Path) -> Path:
    """The patch's folder; labels lie in its subfolder `labels`."""
    return label.parent.parent


def _key(patch: Path) -> str:
    return f"{patch.parent.name}/{patch.name}"


def _facts(path: Path) -> dict[str, dict[str, str]]:
    """{ROI/image: row} of the metadata beside the patches; empty when there is none."""
    folder = path if path.is_dir() else path.parent
    file = folder / METADATA
    if not file.is_file():
        return {}
    rows = rows_of(file, needed=("roi_id", "s2_id_gee"))
    return {f"{row['roi_id']}/{row['s2_id_gee']}": row for row in rows}


def _picture(file: Path, shape: tuple[int, ...], level: str, wanted: tuple[str, ...]) -> Picture:
    patch = file.parent
    with opened(file) as dataset:
        check_shape(file, dataset.shape, shape)
        bands = _bands(file, dataset, level, wanted)
        numbers = dataset.read([at + 1 for at in bands])
        place = georeference_of(dataset)
    return Picture(
        product_id=f"cloudsen12_{patch.parent.name}_{patch.name}_{level}",
        pixels=_stored(file, numbers),
        bands=tuple(bands.values()),
        taken=moment(patch.name.partition("_")[0]),
        level=level,
        place=place,
    )


def _bands(
    file: Path, dataset: DatasetReader, level: str, wanted: tuple[str, ...]
) -> dict[int, str]:
    names = [name or "" for name in dataset.descriptions]
    order = LEVELS[level]  # L2A files go on with AOT, WVP and others
    if not any(names):
        if dataset.count < len(order):
            raise RasterRejected(
                f"{file.name}: {dataset.count} bands without names; {level} has {len(order)}.",
                field="bands",
            )
        names = list(order)
    bands = chosen_bands(names, wanted, {**ZEROS_LEFT_OUT, **{name: name for name in order}})
    if not bands:
        raise RasterRejected(
            f"{file.name}: has none of the campaign's bands {', '.join(wanted)}.", field="bands"
        )
    return bands


def _stored(file: Path, numbers: NDArray[np.generic]) -> NDArray[np.uint16]:
    """Reflectance in ten-thousandths, which the set holds as whole numbers of 16 bits."""
    if not np.issubdtype(numbers.dtype, np.integer):
        raise RasterRejected(f"{file.name}: its pixels are {numbers.dtype}.", field="dtype")
    if numbers.min() < 0 or numbers.max() > SATURATED:
        raise RasterRejected(f"{file.name}: holds values below 0 or above 65535.", field="pixels")
    return numbers.astype(np.uint16)
