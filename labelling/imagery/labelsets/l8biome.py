"""Landsat-8 Biome: scenes of eight biomes, each pixel labelled by one person.

A stack `<name>.tif` of reflectance × 10 000, its bands described `B2 …`, with a label beside it:
`<name>_fixedmask.img` or `.tif` in the set's own codes, or `<name>_label.tif` in ours. Shadow is
labelled in only part of the scenes. Pixels are 30 m; Landsat's bands take the names of
Sentinel-2's nearest. Source: USGS L8 Biome (public domain), doi 10.5066/F7251GDH.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from labelling.errors import BadInput
from labelling.imagery.files import georeference_of, opened
from labelling.imagery.labelsets.filing import (
    check_shape,
    files_below,
    nothing_where_no_data,
    provenance_of,
    read_codes,
)
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Picture
from labelling.imagery.labelsets.reflectance import LANDSAT8, chosen_bands
from labelling.imagery.labelsets.tables import L8BIOME, OURS, ClassTable

ENDINGS: dict[str, ClassTable] = {
    "_fixedmask.img": L8BIOME,
    "_fixedmask.tif": L8BIOME,
    "_label.tif": OURS,
}
"""Ends of a label's name → the codes in it."""


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per `<name>_fixedmask` or `<name>_label` file. Raises BadInput when there is none."""
    labels = files_below(path, *(f"*{ending}" for ending in ENDINGS))
    return [
        Item(label.name, (label, picture_of(label)), partial(read, label, choices))
        for label in labels
    ]


def picture_of(label: Path) -> Path:
    """The stack that a label lies beside. Raises BadInput for a name that no label has."""
    return label.with_name(label.name.removesuffix(_ending(label)) + ".tif")


def read(label: Path, choices: Choices) -> Labelled:
    """One scene. Raises BadInput naming the file that can't be used."""
    table = ENDINGS[_ending(label)].with_changes(choices.classes)
    codes = read_codes(label)
    picture = _picture(picture_of(label), codes.shape, wanted=choices.bands)
    ours = nothing_where_no_data(table.translate(codes, file=label.name), picture.pixels)
    return Labelled(ours, provenance_of(ours), table.id, picture=picture)


def _ending(label: Path) -> str:
    ending = next((each for each in ENDINGS if label.name.endswith(each)), None)
    if ending is None:
        raise BadInput(
            f"{label.name}: a label is named <name>{' or <name>'.join(ENDINGS)}.", field="path"
        )
    return ending


def _picture(file: Path, shape: tuple[int, ...], *, wanted: tuple[str, ...]) -> Picture:
    with opened(file) as dataset:
        check_shape(file, dataset.shape, shape)
        if set(dataset.dtypes) != {"uint16"}:
            raise BadInput(
                f"{file.name}: its pixels are {dataset.dtypes[0]}, not uint16.", field="dtype"
            )
        bands = chosen_bands(*_names(dataset.descriptions, wanted), LANDSAT8)
        if not bands:
            raise BadInput(
                f"{file.name}: has none of the campaign's bands {', '.join(wanted)}.",
                field="bands",
                help="Its bands must be described as B2, B3 … of Landsat 8.",
            )
        pixels = dataset.read([at + 1 for at in bands])
        place = georeference_of(dataset)
    return Picture(
        product_id=f"l8biome_{file.stem}",
        pixels=pixels,
        bands=tuple(bands.values()),
        satellite="L8",
        level="TOA",
        place=place,
    )


def _names(
    descriptions: tuple[str | None, ...], wanted: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """Band names as described where the campaign uses those, else what stands before a `_`."""
    whole = [name or "" for name in descriptions]
    return (whole if set(wanted) <= set(whole) else [n.partition("_")[0] for n in whole]), wanted
