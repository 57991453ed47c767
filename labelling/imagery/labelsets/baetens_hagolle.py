"""Baetens and Hagolle's reference masks: ALCD classification maps of whole Level-1C products.

`<product>/Classification/classification_map.tif`, 60 m or 20 m pixels on the product's ground,
drawn by a random forest that a person taught scene by scene. Labels only: the product, or another
level of the same acquisition, must be in the campaign. Source: Baetens et al. 2019,
doi 10.5281/zenodo.1460961.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from labelling.errors import LabelRejected
from labelling.imagery.files import georeference_of, opened
from labelling.imagery.labelsets.filing import files_below, provenance_of, read_codes
from labelling.imagery.labelsets.labelled import Choices, Item, Labelled, Target
from labelling.imagery.labelsets.productname import product_in
from labelling.imagery.labelsets.tables import BAETENS_HAGOLLE

MAP = "classification_map.tif"


def items(path: Path, choices: Choices) -> list[Item]:
    """A label per classification map, at any depth. Raises BadInput when there is none."""
    files = files_below(path, MAP)
    return [Item(_name(file), (file,), partial(read, file, choices)) for file in files]


def read(file: Path, choices: Choices) -> Labelled:
    """One map. Raises LabelRejected when it doesn't say whose ground it shows."""
    table = BAETENS_HAGOLLE.with_changes(choices.classes)
    product = product_in(str(file))
    if product is None:
        raise LabelRejected(
            f"{_name(file)}: neither the file nor its folders are named after a product.",
            field="path",
            help="Keep the set's folders: <product>/Classification/classification_map.tif.",
        )
    with opened(file) as dataset:
        place = georeference_of(dataset)
    if place is None:
        raise LabelRejected(f"{_name(file)}: has no georeference.", field="georeference")
    label = table.translate(read_codes(file), file=_name(file))
    target = Target(names=(str(product),), place=place)
    return Labelled(label, provenance_of(label), table.id, target=target)


def _name(file: Path) -> str:
    """The product's folder tells maps apart, which all have one name."""
    return "/".join(file.parts[-3:]) if file.name == MAP else file.name
