"""The Sentinel-2 Cloud Mask Catalogue: 1022² subscenes at 20 m as .npy files.

`subscenes/<scene>.npy` (rows, columns, 13) holds Level-1C reflectance as floats, all bands at 20 m;
`masks/<scene>.npy` (rows, columns, 3) one truth value each for clear, cloud, cloud shadow;
`classification_tags.csv` a row of tags a scene. Thin cloud is cloud here. Where `shadows_marked`
is 0, shadow lies unmarked under clear. Source: Francis et al. 2020, doi 10.5281/zenodo.4172871.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from labelling.errors import BadInput, LabelRejected
from labelling.imagery.labelfile import UNLABELLED
from labelling.imagery.labelsets.filing import (
    files_below,
    nothing_where_no_data,
    provenance_of,
    read_array,
    rows_of,
)
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Picture
from labelling.imagery.labelsets.productname import product_in
from labelling.imagery.labelsets.reflectance import chosen_bands, from_shares
from labelling.imagery.labelsets.tables import FRANCIS
from labelling.imagery.products.names import BANDS

MASKS, PICTURES = "masks", "subscenes"
TAGS = "classification_tags.csv"
CLASSES = 3
UNMARKED_TRUST = 0.5
"""Share of trust in a label under whose clear pixels unmarked shadow may lie."""


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per mask file. Raises BadInput when there is none."""
    masks = files_below(path, f"{MASKS}/*.npy")
    tags = {folder: _tags(folder) for folder in {mask.parent.parent for mask in masks}}
    return [
        Item(
            mask.name,
            (mask, picture_of(mask)),
            partial(read, mask, choices, tags[mask.parent.parent].get(mask.stem, {})),
        )
        for mask in masks
    ]


def picture_of(mask: Path) -> Path:
    return mask.parent.parent / PICTURES / mask.name


def read(mask: Path, choices: Choices, tags: dict[str, str]) -> Labelled:
    """One subscene. Raises BadInput naming the file that can't be used."""
    table = FRANCIS.with_changes(choices.classes)
    codes = _codes(mask)
    picture = _picture(picture_of(mask), shape=codes.shape, wanted=choices.bands)
    label = nothing_where_no_data(table.translate(codes, file=mask.name), picture.pixels)
    unmarked = tags.get("shadows_marked") in ("0", "0.0", "False")
    return Labelled(
        label=label,
        provenance=provenance_of(label),
        table=table.id,
        picture=picture,
        trust=UNMARKED_TRUST if unmarked else 1,
        origin={"tags": tags},
        notes=("shadow isn't marked in it",) if unmarked else (),
    )


def _tags(folder: Path) -> dict[str, dict[str, str]]:
    """{scene: tags}; empty where the table isn't there."""
    file = folder / TAGS
    if not file.is_file():
        return {}
    return {row["scene"]: row for row in rows_of(file, needed=("scene", "shadows_marked"))}


def _codes(mask: Path) -> NDArray[np.uint8]:
    """(rows, columns) position of the class that is set; 255 where none is."""
    flags = read_array(mask, dimensions=3)
    if flags.shape[2] != CLASSES or 0 in flags.shape:
        raise LabelRejected(
            f"{mask.name}: {flags.shape}, not (rows, columns, {CLASSES}).", field="shape"
        )
    flags = np.asarray(flags)
    if flags.dtype != bool and not np.isin(flags, (0, 1)).all():
        raise LabelRejected(f"{mask.name}: holds more than 0 and 1.", field="mask")
    flags = flags.astype(bool)
    count = flags.sum(axis=2)
    if (count > 1).any():
        raise LabelRejected(
            f"{mask.name}: {int((count > 1).sum())} pixels have two classes.", field="mask"
        )
    return np.where(count == 1, flags.argmax(axis=2), UNLABELLED).astype(np.uint8)


def _picture(file: Path, *, shape: tuple[int, ...], wanted: tuple[str, ...]) -> Picture:
    if not file.is_file():
        raise BadInput(f"{file.name}: there is no {PICTURES}/{file.name}.", field="file")
    shares = read_array(file, dimensions=3)
    if shares.shape != (*shape, len(BANDS)) or not np.issubdtype(shares.dtype, np.floating):
        raise BadInput(
            f"{file.name}: its pixels are {shares.dtype} {shares.shape}, not floats "
            f"{(*shape, len(BANDS))}.",
            field="shape",
        )
    bands = chosen_bands(BANDS, wanted, {name: name for name in BANDS})
    if not bands:
        raise BadInput(
            f"{file.name}: has none of the campaign's bands {', '.join(wanted)}.", field="bands"
        )
    product = product_in(file.stem)
    pixels = [from_shares(np.asarray(shares[:, :, at]), what=file.name) for at in bands]
    return Picture(
        product_id=f"francis_{file.stem}",
        pixels=np.stack(pixels),
        bands=tuple(bands.values()),
        taken=product.taken if product else None,
        satellite=product.satellite if product else "",
        level="L1C",
    )
